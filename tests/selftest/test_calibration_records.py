"""Results of gradings: out of a scorecard, into a file, and back after a stop."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from graders.core.errors import GraderError
from graders.core.verdicts import Verdict
from graders.scoring.criteria import CheckResult, CriterionScore
from graders.selftest.calibration.records import AT_LEAST, Job, Measured, Results, Sample, from_line, samples_of

SAMPLE = Sample("size", 0.5, "at most", "l02.int8.size", "int8-0.01", lost=False)
MEASURED = Measured(
    job=Job(kind="reference", case="reference", seed=3, load=2), inputs_digest="abc", lost=("a",), unscored=(), samples=(SAMPLE,)
)  # fmt: skip
def criterion(name: str, checks: dict[str, Verdict], evidence: dict[str, Any]) -> CriterionScore:
    """A criterion of two points, with these checks."""
    points, verdict = Decimal(2), max(checks.values(), key=lambda each: each is not Verdict.EARNED)
    return CriterionScore(
        id=name, title=name, worth=points, marked_by="tests", earned=points, verdict=verdict, reason=None,
        checks=tuple(CheckResult(check, each, None) for check, each in checks.items()), evidence=evidence,
    )  # fmt: skip


CRITERIA = [
    criterion(
        "l02.int8.size",
        {"int8-0.01": Verdict.EARNED, "int8-0.3": Verdict.LOST},
        {
            "int8-0.01": {"thresholds": {"size": {"value": 0.5, "limit": 0.6, "side": "at most"}}},
            "int8-0.3": {"thresholds": {"size": {"value": 0.7, "limit": 0.6, "side": "at most"}}},
        },
    ),
    criterion(
        "l02.fp32.latency",
        {"fp32": Verdict.EARNED},
        {"fp32": {"timing": {"thresholds": {"latency": {"value": 1, "limit": 2, "side": "at most"}}}}},
    ),
]


def test_values_come_out_of_a_scorecard() -> None:
    """Every value that was compared with a threshold is found, durations too, with whether the check failed."""
    found = list(samples_of(CRITERIA))
    assert [(each.threshold, each.value, each.check, each.lost) for each in found] == [
        ("size", 0.5, "int8-0.01", False), ("size", 0.7, "int8-0.3", True), ("latency", 1.0, "fp32", False),
    ]  # fmt: skip


def test_beyond_is_above_or_below() -> None:
    """A value is beyond a limit on the side on which it breaks it, and the limit itself is not."""
    assert SAMPLE.beyond(0.4)
    assert not SAMPLE.beyond(0.5)
    least = Sample("moved", 0.5, AT_LEAST, "c", "r", lost=False)
    assert least.beyond(0.6)
    assert not least.beyond(0.5)


def test_a_line_says_everything() -> None:
    """A result that was written is read as it was."""
    assert from_line(MEASURED.as_line()) == MEASURED


def test_results_go_on_after_a_stop(tmp_path: Path) -> None:
    """What was added is there for the next call; a line that a stop has cut off is dropped, and others are not."""
    path = tmp_path / "folder" / "results.jsonl"
    results = Results(path)
    results.add(MEASURED)
    results.add(MEASURED)
    with path.open("a", encoding="utf-8") as file:
        file.write(MEASURED.as_line()[:50])
    again = Results(path)
    assert list(again) == [MEASURED, MEASURED]
    again.add(MEASURED)
    assert len(Results(path)) == 3
    assert Results(path).of("abc") == [MEASURED] * 3
    assert Results(path).of("another reference") == []


@pytest.mark.parametrize("line", ["{}", "nonsense", '{"job": {"kind": 1}}', "[]"])
def test_a_wrong_line_is_named(tmp_path: Path, line: str) -> None:
    """A line that is no result is told with its number, in place of being taken for fewer gradings."""
    path = tmp_path / "results.jsonl"
    path.write_text(f"{MEASURED.as_line()}\n{line}\n", encoding="utf-8")
    with pytest.raises(GraderError, match="line 2"):
        Results(path)
