"""Which runs show work, and how many of them a summary needs."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from graders.core.errors import GraderError, RunError
from graders.core.verdicts import Verdict
from graders.framework.checks import NeedsManualReview
from graders.framework.summary_support import WorkShown, require_support, work_shown

VARIANTS = {"native": "", "fp32": "run-fp32", "int8": "run-int8", "other": "run-other"}


def result(outcome: object) -> Any:
    """A run that gave evidence, or ended in an error."""

    def get() -> object:
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    return SimpleNamespace(get=get)


def require_right(evidence: object) -> None:
    if evidence != "right":
        raise RunError(Verdict.LOST, "nothing of the given model")


def test_runs_show_work_or_not() -> None:
    """A failure of the student's is a try, one of the grader's says nothing."""
    found = work_shown(
        {
            "works": result("right"),
            "wrong": result("wrong"),
            "raised": result(RunError(Verdict.FAILED, "ValueError")),
            "ours": result(GraderError("broken")),
        },
        require_right,
    )
    assert found == WorkShown(frozenset({"works", "wrong", "raised"}), frozenset({"works"}))


@pytest.mark.parametrize(
    ("tried", "working", "stated", "supported"),
    [
        ([], [], VARIANTS, True),
        (["native"], ["native"], VARIANTS, True),
        (["native"], [], VARIANTS, False),
        (["native", "run-fp32"], ["native"], VARIANTS, True),
        (["native", "run-fp32", "run-int8"], ["native"], VARIANTS, False),
        (["native", "run-fp32", "run-int8"], ["native"], ["native"], True),
        (["native", "run-fp32", "run-int8"], ["native"], ["fp32"], False),
        (["native", "run-fp32", "run-int8"], [], [], True),
        (["run-unknown"], [], VARIANTS, True),
    ],
)
def test_half_of_what_is_stated_has_to_work(
    tried: list[str], working: list[str], stated: list[str], supported: bool
) -> None:
    """Of the variants that the summary is about and whose runs were executed; of nothing, nothing is needed."""
    shown = WorkShown(frozenset(tried), frozenset(working))
    require_support(None, VARIANTS, stated)
    if supported:
        require_support(shown, VARIANTS, stated)
        return
    with pytest.raises(NeedsManualReview, match="the submitted code makes") as raised:
        require_support(shown, VARIANTS, stated)
    assert "show whoever grades this" in raised.value.next
