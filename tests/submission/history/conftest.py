"""What the tests of histories share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from graders.submission.history import History, read_history

from .repositories import LAB_PATHS, Made, make

Reading = Callable[[Sequence[Made]], History]


@pytest.fixture
def read(tmp_path: Path) -> Reading:
    """Makes a repository of these commits and reads it."""

    def reading(commits: Sequence[Made]) -> History:
        number = len(list(tmp_path.iterdir()))
        found = read_history(make(tmp_path / f"submission-{number}", commits), LAB_PATHS)
        assert isinstance(found, History), found
        return found

    return reading
