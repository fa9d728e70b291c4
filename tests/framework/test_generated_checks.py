"""Checks that every lab has alike: which criteria get one, and under which names."""

from __future__ import annotations

from dataclasses import replace

import pytest

from graders.framework.definition import Criterion, Lab
from graders.framework.generated_checks import HISTORY, SUMMARY, criteria_of
from graders.framework.registry import definitions


@pytest.fixture(params=definitions(), ids=lambda lab: lab.id)
def lab(request: pytest.FixtureRequest) -> Lab:
    """Each lab."""
    found: Lab = request.param
    return found


def test_every_common_criterion_has_a_check(lab: Lab) -> None:
    """Each criterion of the history, the summary and its questions has one, and no other criterion has."""
    kinds = {"runs", "history", *(("summary", "question") if lab.summary is not None else ())}
    common = [each.id for each in lab.criteria if each.id.split(".")[1] in kinds]
    found = [name for values in criteria_of(lab).values() for name in values.values()]
    assert sorted(found) == sorted(common)


def test_only_what_a_lab_has_is_checked(lab: Lab) -> None:
    """Without [history] and [summary] there is nothing to check, and a criterion that the lab lacks gets no check."""
    bare = replace(lab, history=None, summary=None)
    assert {test for test, values in criteria_of(bare).items() if values} == {"test_runs"}
    few = replace(lab, history={}, summary=None, criteria=(Criterion("x.history.files", "Files", 1, "tests"),))
    assert {test: values for test, values in criteria_of(few).items() if values} == {
        "test_history": {"files": "x.history.files"}
    }


def test_the_parts_of_a_history_are_those_that_are_judged() -> None:
    """Every part has a name, and the parts are the sub-scores of a history."""
    from graders.submission.history.rules import SHARES

    assert set(HISTORY) == set(SHARES)
    assert set(SUMMARY) == {"figures", "sizes", "images", "sound"}
