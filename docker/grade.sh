#!/bin/sh
# grade.sh SUBMISSION REPORT [WORD…]: grades from within a workflow, paths from where it is called. Points lost are a
# result; only what could not be graded, or wrong usage, ends with an error. In between, nothing that is printed is a
# command to the workflow's runner: the word that ends this is drawn for each run.
set -eu
here="$PWD"
submission="$1" report="$2"
shift 2
cd "$(dirname "$0")/.."
word="$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')"
code=0
echo "::stop-commands::$word"
.venv/bin/python -m pytest -c pyproject.toml graders --submission="$here/$submission" --report-dir="$here/$report" \
    --exit-zero "$@" || code=$?
echo "::$word::"
exit "$code"
