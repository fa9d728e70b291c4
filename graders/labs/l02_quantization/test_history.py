"""The git history: whether the work can be followed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from graders.framework.checks import criterion
from graders.framework.static_review import require_history

if TYPE_CHECKING:
    from graders.submission.history import SubScore


@criterion("l02.history.commits")
def test_several_commits(history: Mapping[str, SubScore]) -> None:
    """Several commits of the student's own touch the lab, more than one of them its code."""
    require_history(history, "commits")


@criterion("l02.history.subjects")
def test_subjects_say_what(history: Mapping[str, SubScore]) -> None:
    """Subjects say what a commit does, each once."""
    require_history(history, "subjects")


@criterion("l02.history.files")
def test_no_heavy_files(history: Mapping[str, SubScore]) -> None:
    """Models, data sets and archives are in no commit."""
    require_history(history, "files")


@criterion("l02.history.merges")
def test_no_merge_noise(history: Mapping[str, SubScore]) -> None:
    """No branch was merged with its own copy."""
    require_history(history, "merges")


@criterion("l02.history.spread")
def test_work_is_spread(history: Mapping[str, SubScore]) -> None:
    """Commits were made at several times, not within a minute."""
    require_history(history, "spread")
