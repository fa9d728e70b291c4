"""The scorecard: plain JSON to its schema whatever is in it, the same each time but for durations."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graders.core.charts import Table
from graders.core.verdicts import RunVerdict, Verdict
from graders.framework.definition import PERSON, Criterion
from graders.framework.locations import CodeLocation, SourceLocation
from graders.sandbox import MissingLayer
from graders.scoring import (
    SCHEMA,
    CheckOutcome,
    LabScore,
    Reason,
    RunSummary,
    Scorecard,
    score_criterion,
    without_times,
)

REPOSITORY = Path(__file__).resolve().parents[2]
DOCUMENT = json.loads((REPOSITORY / "docs" / "scorecard.schema.json").read_text(encoding="utf-8"))
VALIDATOR = jsonschema.Draft202012Validator(DOCUMENT)

texts = st.text(st.characters(), max_size=20)  # lone surrogates included
HOSTILE = [
    "</script><script>alert(1)</script>",
    "\x1b[31m\x00\x07\x9b",
    "::error::x\n::set-output name=a::b",
    "\ud800\udfff",
    '"}],"points":{"earned":20}',
    "\u202e\u2066",
    "=HYPERLINK(1)",
    "\\u0000\\",
    "A" * 100_000,
]


def test_numbers_stand_in_one_line_and_say_the_same() -> None:
    """A row of a matrix takes a line of the file; text that looks like one is left as it is."""
    rows = [[1, 2, 3], [-1.5, 2e-07, 3]]
    told = "[\n  1,\n  2\n]"
    evidence = {"matrix": rows, "text": told, "empty": [], "mixed": [1, "2"], "one": [[7]]}
    (lab,) = labs_of(Reason("", "", "", ""), evidence)
    card = scorecard(labs=(lab,))
    text = card.dumps()
    assert json.loads(text)["labs"][0]["runs"][0]["evidence"] == evidence
    assert "[1, 2, 3],\n" in text
    assert "[-1.5, 2e-07, 3]\n" in text
    assert "[7]\n" in text


@pytest.mark.parametrize("where", [None, SourceLocation("a/b.py", (CodeLocation("One.first", 3), CodeLocation("Two", None)))])
def test_a_criterion_names_its_place(where: SourceLocation | None) -> None:
    """Where points were lost, the scorecard has the file and the lines."""
    lost = CheckOutcome("lx.one", "run", Verdict.LOST, Reason("a", "b", "c", "d"), {})
    score = replace(score_criterion(Criterion("lx.one", "One", 1.0, "tests"), [lost]), where=where)
    told = scorecard(labs=(LabScore(lab="lx", title="Example", criteria=(score,)),)).to_json()
    VALIDATOR.validate(told)
    found = told["labs"][0]["criteria"][0]["where"]
    assert found == (None if where is None else {"file": "a/b.py", "places": [{"name": "One.first", "line": 3}, {"name": "Two", "line": None}]})


def labs_of(reason: Reason, evidence: Mapping[str, Any], name: str = "run") -> tuple[LabScore, ...]:
    one = Criterion("lx.one", "One", 1.25, "tests")
    two = Criterion("lx.two", "Two", 2.0, PERSON)
    outcomes = [CheckOutcome("lx.one", name, Verdict.LOST, reason, evidence)]
    run = RunSummary(
        run="run",
        title=reason.measured,
        verdict=RunVerdict.FINISHED,
        note=reason.cause,
        output_tail=reason.next,
        output_bytes=3,
        cpu_s=1.0,
        wall_s=2.0,
        evidence=evidence,
    )
    table = Table(title=reason.measured, caption="", columns=("a",), rows=((reason.next,),))
    scores = (score_criterion(one, outcomes), score_criterion(two, ()))
    return (LabScore(lab="lx", title="Example", criteria=scores, runs=(run,), charts=(table,)),)


def scorecard(
    text: str = "text", evidence: Mapping[str, Any] | None = None, labs: tuple[LabScore, ...] | None = None, **more: Any
) -> Scorecard:
    reason = Reason(text, text, text, text)
    fields: dict[str, Any] = {
        "submission": text,
        "profile": "embedded",
        "seed": 7,
        "tier": "bare",
        "missing": (MissingLayer("network", text),),
        "labs": labs_of(reason, {} if evidence is None else evidence) if labs is None else labs,
        "notices": (text,),
        "environment": {"python": text},
        "timing": {"wall_s": 1.23456, "student_cpu_s": 0.5},
        **more,
    }
    return Scorecard(**fields)


def told(card: Scorecard) -> Any:
    """The scorecard's file, read as strict JSON reads it, valid to the schema."""

    def refuse(constant: str) -> None:
        raise AssertionError(f"{constant} is no JSON")

    text = card.dumps()
    document = json.loads(text.encode("utf-8"), parse_constant=refuse)
    VALIDATOR.validate(document)
    assert text.endswith("}\n")
    return document


def test_a_scorecard_is_valid() -> None:
    """A usual scorecard is valid to the schema and says what it was made of."""
    document = told(scorecard())
    assert document["schema"] == SCHEMA == DOCUMENT["properties"]["schema"]["const"]
    assert document["points"] == {"earned": 0, "automatic": 1.25, "pending": 2, "maximum": 3.25}
    assert document["labs"][0]["points"] == document["points"]
    assert document["isolation"] == {"tier": "bare", "missing": [{"layer": "network", "reason": "text"}]}
    assert document["timing"] == {"wall_s": 1.235, "student_cpu_s": 0.5}


def test_the_schema_s_verdicts_are_the_graders() -> None:
    """The schema knows every verdict and no other."""
    assert DOCUMENT["$defs"]["verdict"]["enum"] == [verdict.value for verdict in Verdict]


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_stays_text(text: str) -> None:
    """Text of a student's comes back as the same text wherever it stands; only what UTF-8 lacks is replaced."""
    document = told(scorecard(text, {text: [text, {text: text}]}))
    expected = text.encode("utf-8", "replace").decode("utf-8")
    assert document["submission"] == document["notices"][0] == expected
    criterion = document["labs"][0]["criteria"][0]
    assert set(criterion["reason"].values()) == {expected}
    assert criterion["evidence"]["run"] == {expected: [expected, {expected: expected}]}
    assert document["points"]["earned"] == 0


@given(texts)
def test_any_text_survives(text: str) -> None:
    """Whatever characters, lone surrogates included, the scorecard can be written and is valid."""
    told(scorecard(text, {text: text}))


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | texts,
    lambda inner: st.lists(inner, max_size=3) | st.tuples(inner, inner) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=12,
)


def plain(value: Any) -> Any:
    """What JSON keeps of a value."""
    if isinstance(value, dict):
        return {plain(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return value.encode("utf-8", "replace").decode() if isinstance(value, str) else value


@given(st.dictionaries(texts, json_values, max_size=3))
def test_evidence_is_any_plain_data(evidence: dict[str, Any]) -> None:
    """Evidence of any shape comes back as it was; tuples are lists, and NaN and infinities are told as text."""
    document = told(scorecard(evidence=evidence))
    found = document["labs"][0]["criteria"][0]["evidence"]
    assert found == ({"run": plain(evidence)} if evidence else {})


@pytest.mark.parametrize(("value", "text"), [(math.nan, "nan"), (math.inf, "inf"), (-math.inf, "-inf")])
def test_numbers_that_json_has_not(value: float, text: str) -> None:
    """NaN and infinities become text, and no other number is touched."""
    document = told(scorecard(evidence={"worst": value, "best": 1e308, "none": 0.0}))
    assert document["labs"][0]["criteria"][0]["evidence"]["run"] == {"worst": text, "best": 1e308, "none": 0.0}


def test_values_of_other_libraries() -> None:
    """A number of numpy's is a number, and what JSON has no form for is told as text: nothing loses the scorecard."""
    given_evidence = {"single": np.float32(0.5), "whole": np.int64(3), "no": np.float64("nan"), "path": Path("a/b")}
    document = told(scorecard(evidence={**given_evidence, "yes": np.bool_(True)}))
    found = document["labs"][0]["criteria"][0]["evidence"]["run"]
    assert found == {"single": 0.5, "whole": 3, "no": "nan", "path": "a/b", "yes": True}
    assert found["yes"] is True


def test_rows_of_numbers_stand_in_one_line() -> None:
    """A list of numbers takes one line of the file, one of anything else a line for each, so that people can read it."""
    text = scorecard(evidence={"row": [1, -2.5, 3e-07], "words": ["1", "2"], "mixed": [1, "2"]}).dumps()
    assert '"row": [1, -2.5, 3e-07],\n' in text
    assert '"words": [\n' in text
    assert '"mixed": [\n' in text


outcomes = st.lists(
    st.builds(
        lambda verdict, name: CheckOutcome(
            "lx.one", name, verdict, None if verdict is Verdict.EARNED else Reason("m", "e", "c", "n"), {}
        ),
        st.sampled_from([verdict for verdict in Verdict if verdict is not Verdict.PARTIAL]),
        st.text(min_size=1, max_size=5),
    ),
    max_size=6,
)
criteria = st.builds(
    lambda cents, person, checks: score_criterion(
        Criterion("lx.one", "One", cents / 100, PERSON if person else "tests"), checks
    ),
    st.integers(1, 2000),
    st.booleans(),
    outcomes,
)


@given(st.lists(st.lists(criteria, max_size=5), max_size=3))
def test_every_outcome_is_valid(labs: list[list[Any]]) -> None:
    """Whatever checks came out, the scorecard is valid and its sums agree to the cent, over criteria and over labs."""
    scored = tuple(LabScore(lab=f"l{n}", title="Lab", criteria=tuple(each)) for n, each in enumerate(labs))
    document = told(scorecard(labs=scored))

    def cents(value: float) -> Decimal:
        return Decimal(str(value))

    for points in (document["points"], *(lab["points"] for lab in document["labs"])):
        assert cents(points["automatic"]) + cents(points["pending"]) == cents(points["maximum"])
        assert points["earned"] <= points["automatic"]
    for name in ("earned", "automatic", "pending", "maximum"):
        assert cents(document["points"][name]) == sum(
            (cents(lab["points"][name]) for lab in document["labs"]), Decimal(0)
        )
    for lab in document["labs"]:
        for name in ("earned", "maximum"):
            assert cents(lab["points"][name]) == sum((cents(each[name]) for each in lab["criteria"]), Decimal(0))


def test_unscored_criteria_are_found() -> None:
    """The criteria that the grader could not decide are listed, over all labs, and no others."""
    one = Criterion("lx.one", "One", 1.0, "tests")
    unscored = score_criterion(one, ())
    lost = score_criterion(one, [CheckOutcome("lx.one", "run", Verdict.LOST, Reason("", "", "", ""), {})])
    labs = (
        LabScore(lab="l0", title="Lab", criteria=(lost, unscored)),
        LabScore(lab="l1", title="Lab", criteria=(unscored,)),
    )
    card = scorecard(labs=labs)
    assert card.unscored == [unscored, unscored]
    assert card.scores == [lost, unscored, unscored]


def test_durations_are_left_out() -> None:
    """Two gradings that differ in durations and printed output alone are the same without them."""
    slow, fast = scorecard().to_json(), scorecard(timing={"wall_s": 9.0, "student_cpu_s": 8.0}).to_json()
    run = slow["labs"][0]["runs"][0]
    run["cpu_s"] = run["wall_s"] = 77.7
    assert slow != fast
    assert without_times(slow) == without_times(fast)


@pytest.mark.parametrize("place", ["timing", "wall_s", "cpu_s"])
def test_durations_are_left_out_at_any_depth(place: str) -> None:
    """Durations are left out however deep they stand, and nothing beside them."""
    document = {"a": [{place: 1, "b": {"c": [{place: {"x": 1}, "d": place}]}}], "e": 1}
    assert without_times(document) == {"a": [{"b": {"c": [{"d": place}]}}], "e": 1}


def test_points_and_verdicts_are_kept() -> None:
    """What is left has everything that a score is: points, verdicts, reasons, evidence, the seed."""
    document = scorecard("why", {"ratio": 0.5}).to_json()
    left = without_times(document)
    assert left["points"] == document["points"]
    assert left["seed"] == 7
    assert left["labs"][0]["criteria"] == document["labs"][0]["criteria"]


def test_leaving_out_changes_nothing_itself() -> None:
    """The scorecard that durations are left out of stays whole."""
    document = scorecard().to_json()
    before = json.dumps(document)
    without_times(document)
    assert json.dumps(document) == before


def test_the_file_can_be_read_by_people() -> None:
    """Letters of any script stand as they are, and each level is indented by two."""
    text = scorecard("zażółć").dumps()
    assert '\n  "submission": "zażółć",\n' in text
