#!/usr/bin/env bash
# pack.sh OUT.zip: what Gradescope takes as an autograder, made of the last commit: optgrade, with setup.sh and
# run_autograder at the top.
set -euo pipefail
out="$(realpath -m "$1")"
cd "$(dirname "$0")/.."
git archive --format=zip --add-file=docker/setup.sh --add-file=docker/run_autograder --output="$out" HEAD
echo "$out: $(stat -c %s "$out") bytes"
