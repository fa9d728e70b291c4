"""Scorecards: exports, cohorts and regressions read them wherever they were copied to, and reports show what is in them."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from functools import cache
from typing import Any

from graders.core.errors import Unscored, UsageError
from graders.core.json_value import JsonValue
from graders.reports.formats import github, gradescope, junit, reporter, summary, table
from graders.reports.html import render_page, render_summary
from graders.reports.terminal import lost_lines, score_lines
from graders.scoring import scorecard as reader
from graders.scoring.scorecard import Scorecard
from tests.fuzz.mutations import combined, plain, structured, text
from tests.fuzz.target import ROOT, Target, require_one_line

GRADED = ROOT / "tests" / "data" / "gradings" / "five-mistakes.json"


def run(data: bytes) -> None:
    try:
        found = Scorecard.loads(data.decode("utf-8", "surrogateescape"))
    except UsageError as error:
        require_one_line(error)
        return
    again = Scorecard.loads(found.dumps())
    assert again.dumps() == found.dumps()
    assert again.points == found.points
    render_page(again)
    render_summary(again)
    _ = list(lost_lines(again)), list(score_lines(again))
    junit.document([again])
    summary.document([again])
    table.criteria([again])
    try:
        gradescope.results(again)
        reporter.result(again)
        github.outputs(again)
    except Unscored as error:
        require_one_line(error)
    _ = list(github.notes(again))


@cache
def seeds() -> Sequence[bytes]:
    """A grading with a few criteria and a chart of each kind; one lab of it; one criterion; none."""
    whole = json.loads(GRADED.read_text(encoding="utf-8"))
    kinds: dict[str, Any] = {}
    for lab in whole["labs"]:
        verdicts = {each["verdict"]: each for each in reversed(lab["criteria"])}
        lab["criteria"], lab["runs"] = list(verdicts.values())[:4], lab["runs"][:1]
        lab["figures"] = [shortened(each) for each in lab["figures"] if kinds.setdefault(each["kind"], each) is each]
    made = [whole]
    for lab in whole["labs"]:
        made.append({**whole, "labs": [{**lab, "runs": []}]})
        made += [{**whole, "labs": [{**lab, "criteria": lab["criteria"][:1], "runs": [], "figures": [each]}]} for each in lab["figures"]]
    made.append({**whole, "labs": []})
    return [json.dumps(summed(each)).encode() for each in made]


def shortened(value: Any) -> Any:
    """The same with lists of at most three; of numbers, of all."""
    if isinstance(value, dict):
        return {name: shortened(each) for name, each in value.items()}
    if isinstance(value, list) and value and not isinstance(value[0], int | float):
        return [shortened(each) for each in value[: len(value) if isinstance(value[0], list) else 3]]
    return value


def summed(document: Any) -> Any:
    """A scorecard whose points are the sum of its criteria's."""
    try:
        return {**document, "points": reader._read(JsonValue(document)).points.to_json()}
    except Exception:  # It is for the target to find.
        return document


def consistent(draw: random.Random, data: bytes) -> bytes:
    """Other values, but the right sums."""
    changed = structured(text())(draw, data)
    try:
        return json.dumps(summed(json.loads(changed))).encode()
    except (ValueError, RecursionError):
        return changed


TARGET = Target(
    name="scorecard", reads="scorecards, and every report made from one", run=run, seeds=seeds,
    mutate=combined(consistent, consistent, consistent, structured(text()), plain), suffix=".json", max_bytes=1 << 18, few=100,
)  # fmt: skip
