"""The checks that every lab has alike, collected at its ``lab.toml``: of runs, the git history, the summary, questions.

A criterion ``….runs``, ``….history.commits``, ``….summary.figures`` and so on gets its check from here, and so does
each question.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from functools import partial
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pytest

from graders.framework import static_review
from graders.framework.checks import CRITERION, criterion
from graders.framework.registry import lab_in

if TYPE_CHECKING:
    from graders.framework.definition import Lab
    from graders.framework.run_checks import RunReview
    from graders.framework.static_review import SummaryEvidence
    from graders.submission.history import SubScore

HISTORY = {
    "commits": "several commits",
    "subjects": "subjects say what",
    "files": "no heavy files",
    "merges": "no merge noise",
    "spread": "work is spread",
}
"""What is checked, by the end of a criterion's id, and the name of its check in reports."""
RUNS = {"runs": "runs as submitted"}
SUMMARY: Mapping[str, Callable[[SummaryEvidence], None]] = {
    "figures": partial(static_review.require_figures, sizes=False),
    "sizes": partial(static_review.require_figures, sizes=True),
    "images": static_review.require_images,
    "sound": static_review.require_sound,
}


def test_runs(part: str, run_review: RunReview) -> None:  # noqa: ARG001 - there is but one
    """The code runs as it was submitted, without a repair, and at least one run shows work that succeeded."""
    run_review.require_as_submitted()


def test_history(part: str, history: Mapping[str, SubScore]) -> None:
    """The work can be followed: several commits, subjects that say what, no heavy files, no merge noise, spread."""
    static_review.require_history(history, part)


def test_summary(part: str, summary: SummaryEvidence) -> None:
    """The summary is complete, has sizes and images, and is sound."""
    SUMMARY[part](summary)


def test_question(question: str, summary: SummaryEvidence) -> None:
    """The answer is quoted for whoever grades it."""
    static_review.quote_answer(summary, question)


def criteria_of(lab: Lab) -> dict[str, dict[str, str]]:
    """Which criteria get a check from here: by the test's argument, each of its values with the criterion's id."""
    ids = [each.id for each in lab.criteria]
    history = {part: name for part in HISTORY for name in ids if name.endswith(f".history.{part}")}
    summary = {part: name for part in SUMMARY for name in ids if name.endswith(f".summary.{part}")}
    return {
        test_runs.__name__: {part: name for part in RUNS for name in ids if name.endswith(f".{part}")},
        test_history.__name__: history if lab.history is not None else {},
        test_summary.__name__: summary if lab.summary is not None else {},
        test_question.__name__: {each.id: each.id for each in lab.summary.questions} if lab.summary is not None else {},
    }


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Repeats each test for the lab's criteria."""
    collector = metafunc.definition.getparent(GeneratedChecks)
    assert collector is not None
    found = criteria_of(lab_in(collector.path.parent))[metafunc.function.__name__]
    values = [pytest.param(value, marks=criterion(name), id=_name(value)) for value, name in found.items()]
    metafunc.parametrize(metafunc.fixturenames[0], values)


def _name(value: str) -> str:
    return (RUNS | HISTORY).get(value) or " ".join(value.split(".")[-2:])


class GeneratedChecks(pytest.Module):
    """The tests of this module as those of the lab whose ``lab.toml`` is collected."""

    def _getobj(self) -> ModuleType:
        return sys.modules[__name__]

    def collect(self) -> list[Any]:
        """The tests that decide a criterion of the lab."""
        return [item for item in super().collect() if item.get_closest_marker(CRITERION) is not None]
