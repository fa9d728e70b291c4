"""Programs that some tests need and a machine may lack: such a test is skipped, and says which Debian package to install.

In CI, where everything is installed, a missing program is a failure: else the tests that need it would never run.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Collection
from pathlib import Path

import pytest

PACKAGES = {"chromium": "chromium", "bwrap": "bubblewrap", "zip": "zip", "ip": "iproute2"}
OTHER_NAMES = {"chromium": ("chromium-browser", "google-chrome")}


def requires(*programs: str) -> pytest.MarkDecorator:
    """Marks a test that can't run without these programs; the names are those of ``PACKAGES``."""
    unknown = set(programs) - set(PACKAGES)
    assert not unknown, f"no package is known for {', '.join(unknown)}"
    return pytest.mark.requires(*programs)


def find(program: str) -> str:
    """The program's path; skips the test if it is not installed, and fails it in CI."""
    for name in (program, *OTHER_NAMES.get(program, ())):
        if path := shutil.which(name):
            return path
    missing = f"{program} is not installed (Debian: apt-get install {PACKAGES[program]})"
    if os.environ.get("CI", "").lower() in ("1", "true"):
        pytest.fail(missing)
    pytest.skip(missing)


def path_without(programs: Collection[str], folder: Path) -> str:
    """A PATH on which everything is found but these programs; ``folder`` is made for it."""
    folder.mkdir()
    for place in filter(os.path.isdir, os.environ["PATH"].split(os.pathsep)):
        for entry in Path(place).iterdir():
            link = folder / entry.name
            if entry.name not in programs and not link.is_symlink():
                link.symlink_to(entry)
    return str(folder)
