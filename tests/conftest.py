"""What all tests share: results that gradings keep go to a folder of this run's own, never to the user's."""

from __future__ import annotations

import os
import shutil
import tempfile

import pytest

VARIABLE = "OPTGRADE_CACHE"
FOLDER = pytest.StashKey[str]()


def pytest_configure(config: pytest.Config) -> None:
    """Subprocesses inherit the folder."""
    config.stash[FOLDER] = os.environ[VARIABLE] = tempfile.mkdtemp(prefix="optgrade-tests-")


def pytest_unconfigure(config: pytest.Config) -> None:
    """Removes it."""
    folder = config.stash.get(FOLDER, None)
    if folder is not None:
        shutil.rmtree(folder, ignore_errors=True)
