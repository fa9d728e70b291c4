"""Lab 2's corpus: each case graded through the real plugin, and compared with what its file says."""

from __future__ import annotations

from pathlib import Path

import pytest

from graders.grade import Servers

from .cases import REPOSITORY, Case, load_all
from .grading import EARNED, LOST, UNSCORED, complaints, grade

CASES = load_all("l02")


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_case(
    case: Case,
    servers: Servers,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The mistake costs its criteria and no others, the feedback names it, and nobody is shown a traceback."""
    monkeypatch.chdir(REPOSITORY)
    graded = grade(case, servers, tmp_path)
    terminal = capsys.readouterr().out
    assert not complaints(case, graded), "\n".join([case.title, *complaints(case, graded)])
    for text in (terminal, graded.report):
        assert "Traceback (most recent call last)" not in text
        assert "INTERNALERROR" not in text
    partly_selected = len(graded.criteria) < len([c for c in case.lab.criteria if c.marked_by == "tests"])
    assert graded.exit_code == (UNSCORED if partly_selected else LOST if case.costs else EARNED)
