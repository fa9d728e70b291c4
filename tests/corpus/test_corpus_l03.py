"""Lab 3's corpus: each case graded through the real plugin, and compared with what its file says."""

from __future__ import annotations

from pathlib import Path

import pytest

from graders.grade import Servers

from .cases import Case, load_all
from .grading import check_case


@pytest.mark.parametrize("case", load_all("l03"), ids=lambda case: case.id)
def test_case(
    case: Case,
    servers: Servers,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The mistake costs its criteria and no others, and the feedback names it."""
    check_case(case, servers, tmp_path, capsys, monkeypatch)
