"""Paths, and addresses such as ``kenning:///models/…`` in their place."""

from __future__ import annotations

import os
import re
from pathlib import Path

from kenning.core.exceptions import ScenarioError

SCHEME = "kenning:///"
MODEL_VARIABLE = "KENNING_MODEL"


def ResourceURI(address: str | Path) -> Path:
    """The path of an address.

    ``kenning:///models/…`` is the given model: the file that the environment variable ``KENNING_MODEL`` names,
    otherwise ``build/`` and the address's last part. ``file://`` and plain paths are themselves.

    Raises:
        ScenarioError: another scheme, such as ``https://``: nothing is downloaded here.
    """
    text = str(address)
    # A Path has lost two of the three slashes.
    for scheme in (SCHEME, "kenning:/"):
        if text.startswith(scheme):
            given = os.environ.get(MODEL_VARIABLE)
            return Path(given) if given else Path("build", text.rsplit("/", 1)[-1])
    text = text.removeprefix("file://").removeprefix("file:")
    if re.match(r"[A-Za-z][A-Za-z0-9+.-]+:/", text):
        raise ScenarioError(f"{text} can't be downloaded here: use a path or {SCHEME}models/…")
    return Path(text)


PathOrURI = Path
