#!/bin/sh
# Makes optgrade's environment, or takes over one that was kept: a checkout makes every file newer than what was kept.
set -eu
cd "$(dirname "$0")/.."
if [ -f .venv/.ready ]; then
    touch .venv/.ready
fi
make .venv/.ready
