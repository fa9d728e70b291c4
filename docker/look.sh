#!/bin/sh
# look.sh SUBMISSION REPORT [WORD…]: a quick look from within a workflow, before the grading. What it finds is in the log
# within a minute and in the step's summary; it never ends with an error, for the grading decides.
set -eu
here="$PWD" folder="$(cd "$(dirname "$0")" && pwd)"
submission="$1" report="$2"
shift 2
sh "$folder/grade.sh" "$submission" "$report" --quick "$@" || echo "This was no complete quick look; grading goes on."
if [ -f "$report/scorecard.json" ] && [ -n "${GITHUB_STEP_SUMMARY:-}" ]; then
    cd "$folder/.."
    .venv/bin/python -m graders report "$here/$report/scorecard.json" --summary >>"$GITHUB_STEP_SUMMARY"
fi
