"""docs/scorecard.schema.json accepts what grading writes and refuses what reports could not rely on."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from graders.core.verdicts import Verdict

from . import samples
from .labs import Json

SCHEMA = json.loads((Path(__file__).parents[2] / "docs" / "scorecard.schema.json").read_text(encoding="utf-8"))
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)


def test_the_schema_is_itself_valid() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("name", samples.GOOD)
def test_samples_are_accepted(name: str) -> None:
    VALIDATOR.validate(json.loads(json.dumps(samples.GOOD[name]())))


def test_verdicts_are_those_of_the_grader() -> None:
    assert set(SCHEMA["$defs"]["verdict"]["enum"]) == set(Verdict)


def test_more_keys_are_welcome_where_they_help() -> None:
    card = samples.full_marks()
    card["cache"] = {"hits": 3}
    card["environment"]["kernel"] = "6.1"
    card["timing"]["scorer_cpu_s"] = 1.5
    card["labs"][0]["criteria"][0]["evidence"] = {"any": [{"depth": None}]}
    VALIDATOR.validate(card)


def _criterion(card: Json) -> Any:
    return card["labs"][0]["criteria"][0]


def _figure(card: Json, kind: str) -> Any:
    return next(figure for figure in card["labs"][0]["figures"] if figure["kind"] == kind)


BROKEN: dict[str, Callable[[Json], Any]] = {
    "another version": lambda card: card.update(schema="optgrade/scorecard/v2"),
    "no seed": lambda card: card.pop("seed"),
    "a seed that is text": lambda card: card.update(seed="20251"),
    "an unknown tier": lambda card: card["isolation"].update(tier="open"),
    "a missing layer without a reason": lambda card: card["isolation"].update(missing=[{"layer": "seccomp"}]),
    "no pending points": lambda card: card["points"].pop("pending"),
    "a fifth kind of points": lambda card: card["points"].update(bonus=1),
    "negative points": lambda card: card["points"].update(earned=-1),
    "points as text": lambda card: _criterion(card).update(earned="1"),
    "a lab without a title": lambda card: card["labs"][0].pop("title"),
    "an unknown key of a lab": lambda card: card["labs"][0].update(grade="A"),
    "an unknown verdict": lambda card: _criterion(card).update(verdict="passed"),
    "a criterion that only finished": lambda card: _criterion(card).update(verdict="finished"),
    "points for something pending": lambda card: _criterion(card).update(verdict="pending"),
    "points for tampering": lambda card: _criterion(card).update(verdict="tampered"),
    "an id with white space": lambda card: _criterion(card).update(id="l02 int8"),
    "half a reason": lambda card: _criterion(card).update(reason={"measured": "1", "expected": "2"}),
    "a reason that is text": lambda card: _criterion(card).update(reason="because"),
    "evidence that is a list": lambda card: _criterion(card).update(evidence=[1]),
    "a check without a verdict": lambda card: _criterion(card).update(checks=[{"name": "0.08", "reason": None}]),
    "a run without its output": lambda card: card["labs"][0]["runs"][0].pop("output_tail"),
    "half a byte": lambda card: card["labs"][0]["runs"][0].update(output_bytes=0.5),
    "an unknown figure": lambda card: card["labs"][0]["figures"].append({"kind": "pie"}),
    "a figure of no kind": lambda card: _figure(card, "line").pop("kind"),
    "a line in an unknown unit": lambda card: _figure(card, "line").update(y_unit="dB"),
    "a point without y": lambda card: _figure(card, "line")["series"][0]["points"].append([1]),
    "a point in space": lambda card: _figure(card, "line")["series"][0]["points"].append([1, 2, 3]),
    "half a prediction": lambda card: _figure(card, "confusion_matrix")["matrix"][0].__setitem__(0, 0.5),
    "a table cell that is a list": lambda card: _figure(card, "table")["rows"].append([[1]]),
    "an environment with numbers": lambda card: card["environment"].update(cores=2),
    "a timing without the wall clock": lambda card: card["timing"].pop("wall_s"),
    "notices that are one text": lambda card: card.update(notices="shallow clone"),
}


@pytest.mark.parametrize("fault", BROKEN)
def test_faults_are_refused(fault: str) -> None:
    card = copy.deepcopy(samples.full_marks())
    BROKEN[fault](card)
    assert not VALIDATOR.is_valid(card)
