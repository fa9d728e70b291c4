#!/usr/bin/env bash
# Prepares a container once, when its image is made: what Debian or Ubuntu has to have, a Python, the environment.
#
# AUTOGRADER  the folder that Gradescope calls /autograder
set -euo pipefail
AUTOGRADER="${AUTOGRADER:-/autograder}"
SOURCE="$AUTOGRADER/source"
PACKAGES=(make git bubblewrap libseccomp2 python3-venv python3-pip)

missing=()
for package in "${PACKAGES[@]}"; do
    dpkg -s "$package" >/dev/null 2>&1 || missing+=("$package")
done
if [ "${#missing[@]}" -gt 0 ]; then
    apt-get update
    DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends "${missing[@]}"
fi

python=""
for each in python3.13 python3.12 python3.11; do
    if [ -z "$python" ] && "$each" -c "" 2>/dev/null; then python="$(command -v "$each")"; fi
done
if [ -z "$python" ]; then
    # Ubuntu has other versions only; uv brings one.
    python3 -m venv "$AUTOGRADER/uv"
    "$AUTOGRADER/uv/bin/python" -m pip install --quiet uv
    "$AUTOGRADER/uv/bin/uv" python install --quiet 3.13
    python="$("$AUTOGRADER/uv/bin/uv" python find 3.13)"
fi
make -C "$SOURCE" PYTHON="$python" .venv/.ready
