"""What a person marks: there as skipped tests, so that nobody takes them for forgotten."""

from __future__ import annotations

import pytest

from graders.labs.checks import criterion


@criterion("l02.summary")
def test_summary() -> None:
    """The summary of the experiments, read by a person."""
    pytest.skip("marked by a person")


@criterion("l02.history")
def test_history() -> None:
    """The git history, read by a person."""
    pytest.skip("marked by a person")
