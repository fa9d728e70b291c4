#!/bin/sh
# tell.sh SUBMISSION REPORT FOLDER: what a workflow shows of a graded submission. The step's summary and outputs,
# annotations, and Classroom 50's result.json in FOLDER.
set -eu
here="$PWD"
submission="$1" report="$2" folder="$3"
COMMIT_DATE="$(TZ=UTC git -C "$submission" log -1 --date=format-local:%Y-%m-%dT%H:%M:%SZ --format=%cd)"
# What was graded, which of a pull request is not the commit that GitHub ran for.
GITHUB_SHA="$(git -C "$submission" rev-parse HEAD)"
export COMMIT_DATE GITHUB_SHA
cd "$(dirname "$0")/.."
exec .venv/bin/python -m graders export "$here/$report/scorecard.json" --to github -o "$here/$folder"
