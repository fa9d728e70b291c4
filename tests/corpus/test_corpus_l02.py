"""Lab 2's corpus: each case graded through the real plugin, and compared with what its file says."""

from __future__ import annotations

from pathlib import Path

import pytest

from graders.grade import Servers

from .cases import REPOSITORY, Case, load_all
from .grading import EARNED, LOST, UNSCORED, complaints, grade, leaks

CASES = load_all("l02")


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_case(
    case: Case,
    servers: Servers,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The mistake costs its criteria and no others, the feedback names it; no traceback and no path comes out."""
    monkeypatch.chdir(REPOSITORY)
    graded = grade(case, servers, tmp_path)
    terminal = capsys.readouterr().out
    wrong = complaints(case, graded)
    assert not wrong, "\n".join([case.title, *wrong])
    assert not leaks(graded, tmp_path)
    for text in (terminal, graded.report):
        assert "Traceback (most recent call last)" not in text
        assert "INTERNALERROR" not in text
    whole = " deselected" not in terminal
    assert graded.exit_code == ((LOST if case.costs else EARNED) if whole else UNSCORED)
