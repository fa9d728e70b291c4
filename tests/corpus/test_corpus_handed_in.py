"""The corpus of what is handed in beside the code: each case graded through the real plugin, as the labs' are."""

from __future__ import annotations

from pathlib import Path

import pytest

from graders.grade import Servers

from .cases import HANDED_IN, Case, load_all
from .grading import check_case

GROUPS = {"summaries": "summary", "history": "history"}
"""The criteria that the cases of a folder are about."""
CASES = [case for folder in HANDED_IN for case in load_all(folder)]


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.path.parent.name}/{case.id}")
def test_case(
    case: Case,
    servers: Servers,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The mistake costs its criteria and no others, the feedback names it; what only a person can tell is pending."""
    graded = check_case(case, servers, tmp_path, capsys, monkeypatch)
    group = f"{case.lab.short}.{GROUPS[case.path.parent.name]}."
    decided = {criterion.id for criterion in case.lab.criteria if criterion.id.startswith(group)}
    assert decided <= graded.criteria.keys()
    if case.path.parent.name == "summaries" and not (case.costs or case.pending):
        # Whoever marks the answers finds each of them.
        found = [one for lab in graded.scorecard["labs"] for one in lab["criteria"] if ".question." in one["id"]]
        assert [one["id"] for one in found if "passage" not in str(one["evidence"])] == []
