#!/usr/bin/env bash
# Prepares a container once, when its image is made: what Debian or Ubuntu has to have, Python 3.11, the environment.
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

python="$(command -v python3.11 || true)"
if [ -z "$python" ]; then
    # Ubuntu has other versions only; uv brings one.
    python3 -m venv "$AUTOGRADER/uv"
    "$AUTOGRADER/uv/bin/python" -m pip install --quiet uv
    "$AUTOGRADER/uv/bin/uv" python install --quiet 3.11
    python="$("$AUTOGRADER/uv/bin/uv" python find 3.11)"
fi
make -C "$SOURCE" PYTHON="$python" .venv/.ready
