"""Scorecards are read by one class: what was written comes back as it was, and anything else is refused in one line."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graders.core import charts
from graders.core.errors import UsageError
from graders.core.excerpts import Excerpt
from graders.core.paths import REPOSITORY
from graders.core.verdicts import RunVerdict, Verdict
from graders.framework.locations import CodeLine, CodeLocation, SourceLocation
from graders.measure.device.boards import Board, Rest
from graders.measure.device.results import Agreement, Arena
from graders.sandbox import MissingLayer
from graders.scoring import (
    CheckResult,
    CriterionScore,
    LabScore,
    Reason,
    RunSummary,
    Scorecard,
    find_scorecards,
)
from graders.scoring.device import DeviceFile, DeviceSetup

SCHEMA = json.loads((REPOSITORY / "docs" / "scorecard.schema.json").read_text(encoding="utf-8"))
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)
KEPT = sorted((REPOSITORY / "tests" / "data" / "gradings").glob("*.json"))

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
words = st.text(min_size=1, max_size=8, alphabet="abc_.-xyz")
numbers = st.integers(-(10**6), 10**6) | st.floats(allow_nan=False)
wholes = st.integers(0, 10**6)
plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=5,
)


def several(strategy: st.SearchStrategy[Any], most: int = 3) -> st.SearchStrategy[tuple[Any, ...]]:
    return st.lists(strategy, max_size=most).map(tuple)


reasons = st.builds(Reason, texts, texts, texts, texts)
excerpts = st.builds(
    Excerpt, st.integers(1, 999), several(st.text("abc ()=", max_size=9)), st.none() | st.integers(1, 99)
)
lines = st.builds(CodeLine, texts, st.integers(1, 9999), st.none() | excerpts)
places = st.builds(CodeLocation, texts, st.none() | st.integers(1, 9999), st.none() | excerpts)
where = st.builds(SourceLocation, texts, several(places))
checks = st.builds(CheckResult, words, st.sampled_from(Verdict), st.none() | reasons, st.booleans(), several(lines))
runs = st.builds(
    RunSummary,
    run=words,
    title=texts,
    verdict=st.sampled_from(RunVerdict),
    note=st.none() | texts,
    output_tail=texts,
    output_bytes=wholes,
    cpu_s=st.floats(0, 1e6),
    wall_s=st.floats(0, 1e6),
    evidence=st.none() | st.dictionaries(texts, plain, max_size=2),
)
heading = {"title": texts, "caption": texts}
KINDS: dict[str, st.SearchStrategy[Any]] = {
    "table": st.builds(charts.Table, **heading, columns=several(texts), rows=several(several(texts | wholes))),
    "line": st.builds(
        charts.Line,
        **heading,
        x_label=texts,
        y_label=texts,
        y_unit=st.sampled_from(["percent", "number"]),
        series=several(
            st.builds(charts.LineSeries, texts, several(st.builds(charts.LinePoint, texts | wholes, wholes)))
        ),
    ),
    "scatter": st.builds(
        charts.Scatter,
        **heading,
        x_label=texts,
        y_label=texts,
        x_unit=st.sampled_from(["bytes", "number"]),
        y_unit=st.sampled_from(["percent", "number"]),
        series=several(
            st.builds(charts.ScatterSeries, texts, several(st.builds(charts.ScatterPoint, wholes, wholes, texts)))
        ),
    ),
    "histograms": st.builds(
        charts.Histograms,
        **heading,
        x_label=texts,
        panels=several(
            st.builds(
                charts.Panel,
                name=texts,
                requested=texts,
                top=st.floats(0.1, 9),
                counts=several(wholes),
                before=several(wholes),
                zeros=wholes,
                weights=wholes,
                values=several(st.floats(-9, 9)),
                sizes=several(wholes),
                reference_values=several(st.floats(-9, 9)),
                reference_zeros=st.none() | wholes,
            )
        ),
    ),
    "confusion_matrix": st.builds(
        charts.ConfusionMatrix, **heading, labels=several(texts), matrix=several(several(wholes))
    ),
    "claims": st.builds(
        charts.Claims,
        **heading,
        rows=several(
            st.builds(
                charts.Claim,
                variant=texts,
                quantity=texts,
                stated=texts,
                place=texts,
                measured=texts,
                agrees=st.booleans(),
            )
        ),
    ),
    "history": st.builds(
        charts.History,
        **heading,
        parts=several(
            st.builds(
                charts.HistoryPart,
                name=texts,
                share=st.floats(0, 1),
                holds=st.none() | st.floats(0, 1),
                measured=texts,
                expected=texts,
                commits=several(st.builds(charts.CostlyCommit, commit=texts, subject=texts, why=texts)),
                more=wholes,
            )
        ),
        commits=several(st.builds(charts.LabCommit, commit=texts, time=texts, subject=texts, files=wholes)),
        more=wholes,
    ),
}


@st.composite
def criteria(draw: st.DrawFn) -> CriterionScore:
    worth = Decimal(draw(st.integers(1, 500))) / 100
    verdict = draw(st.sampled_from(Verdict))
    undecided = (Verdict.PENDING, Verdict.NOT_LOOKED_AT, Verdict.UNSCORED)
    nothing = verdict in (*undecided, Verdict.TAMPERED, Verdict.MISSING)
    earned = Decimal(0) if nothing else Decimal(draw(st.integers(0, int(worth * 100)))) / 100
    return CriterionScore(
        id=draw(words.filter(lambda word: word[0] not in ".-")),
        title=draw(texts.filter(bool)),
        worth=worth,
        marked_by=draw(st.sampled_from(["tests", "person"])),
        earned=earned,
        verdict=verdict,
        reason=draw(st.none() | reasons),
        checks=draw(several(checks)),
        where=draw(st.none() | where),
        evidence=draw(st.dictionaries(texts, plain, max_size=2)),
        left_out=draw(several(words)),
    )


device_files = st.builds(
    DeviceFile,
    run=words,
    name=texts,
    sha256=st.text("0123456789abcdef", min_size=64, max_size=64),
    flash=wholes,
    macs=st.none() | wholes,
    parameters=st.none() | wholes,
    uncounted=several(texts),
    missing_kernels=several(texts),
    arena=st.none() | st.builds(Arena, wholes, wholes, wholes),
    reason=texts,
    agreement=st.none()
    | st.builds(Agreement, st.integers(1, 9), st.sampled_from(["codes", "share"]), st.floats(0, 1e9), st.floats(0, 1e9)),
    untried=texts,
    accuracy=st.none() | st.floats(0, 1),
    boards=st.dictionaries(texts, st.sampled_from(["fits", "flash", "RAM", "flash and RAM", "unknown"]), max_size=2),
)
device_setups = st.builds(
    DeviceSetup,
    runtime=texts,
    boards=several(st.builds(Board, texts.filter(bool), st.integers(1), st.integers(1), texts), 2),
    rest=st.builds(Rest, wholes, wholes),
)
labs = st.builds(
    LabScore,
    lab=words,
    title=texts.filter(bool),
    criteria=several(criteria()),
    seed=st.integers(0, 2**40),
    runs=several(runs, 2),
    charts=several(st.one_of(*KINDS.values()), 2),
    device=several(device_files, 2),
)
scorecards = st.builds(
    Scorecard,
    submission=texts,
    profile=texts.filter(bool),
    seed=st.integers(0, 2**40),
    root=texts,
    tier=st.sampled_from(["strict", "confined", "bare"]),
    missing=several(st.builds(MissingLayer, texts.filter(bool), texts), 2),
    labs=several(labs, 2),
    notices=several(texts, 2),
    seed_from=st.sampled_from(["submission", "secret", "option"]),
    quick=st.booleans(),
    environment=st.dictionaries(texts, texts, max_size=2),
    timing=st.fixed_dictionaries({"wall_s": st.integers(0, 999), "student_cpu_s": st.integers(0, 999)}),
    device=st.none() | device_setups,
)


@given(scorecards)
def test_a_scorecard_comes_back_as_it_was_written(scorecard: Scorecard) -> None:
    """Whatever it holds, its file gives the same scorecard, which is valid to the schema."""
    document = json.loads(scorecard.dumps())
    VALIDATOR.validate(document)
    read = Scorecard.loads(scorecard.dumps())
    assert read == scorecard
    assert read.to_json() == document
    assert read.points == scorecard.points


@pytest.mark.parametrize("kind", KINDS)
@given(data=st.data())
def test_every_kind_of_chart_comes_back(kind: str, data: st.DataObject) -> None:
    chart = data.draw(KINDS[kind])
    document = json.loads(json.dumps([chart.to_json()]))
    assert document[0]["kind"] == kind
    assert list(charts.read_charts(charts.JsonValue(document))) == [chart]


@pytest.mark.parametrize("path", KEPT, ids=lambda path: path.stem)
def test_older_scorecards_can_be_read(path: Path) -> None:
    """One without newer keys is read, and its points are those that it states."""
    document = json.loads(path.read_text(encoding="utf-8"))
    assert Scorecard.load(path).points.to_json() == document["points"]


@given(st.lists(st.integers(1, 300), min_size=1, max_size=4), st.lists(st.integers(0, 200), max_size=2))
def test_a_bonus_comes_back_as_it_counts(worths: list[int], bonuses: list[int]) -> None:
    """What is read has as much of each bonus as counted, and the sums stay the same."""
    common: dict[str, Any] = {"title": "T", "marked_by": "tests", "reason": None}
    regular = [
        CriterionScore(id=f"x.{i}", worth=Decimal(worth) / 100, earned=Decimal(worth // 2) / 100, verdict=Verdict.PARTIAL, **common)
        for i, worth in enumerate(worths)
    ]
    extra = [
        CriterionScore(id=f"x.b{i}", worth=Decimal(2), earned=Decimal(cents) / 100, verdict=Verdict.EARNED, bonus=True, **common)
        for i, cents in enumerate(bonuses)
    ]
    lab = LabScore(lab="lx", title="Lab", criteria=(*regular, *extra))
    written = Scorecard(submission="ada", profile="embedded", seed=1, tier="bare", missing=(), labs=(lab,), timing={})
    read = Scorecard.from_json(written.to_json())
    assert read.points == written.points
    assert read.scores == written.scores
    assert read.points.earned <= read.points.automatic


def usual() -> Any:
    return json.loads(KEPT[0].read_text(encoding="utf-8"))


BROKEN: dict[str, tuple[Callable[[Any], object], str]] = {
    "no submission": (lambda card: card.pop("submission"), "'submission' is missing"),
    "a seed that is text": (lambda card: card.update(seed="7"), "seed: expected a whole number, not '7'"),
    "a seed that is true": (lambda card: card.update(seed=True), "seed: expected a whole number, not True"),
    "labs that are an object": (lambda card: card.update(labs={}), "labs: expected a list, not {}"),
    "a lab that is a list": (lambda card: card.update(labs=[[]]), r"labs[0]: expected an object, not []"),
    "points that are infinite": (
        lambda card: card["labs"][0]["criteria"][0].update(earned="inf"),
        "labs[0].criteria[0].earned: expected a number of points, not Infinity",
    ),
    "points beyond all bounds": (
        lambda card: card["labs"][0]["criteria"][0].update(maximum=1e300),
        "labs[0].criteria[0].maximum: expected a number of points, not 1E+300",
    ),
    "a reason that is text": (
        lambda card: card["labs"][0]["criteria"][0].update(reason="because"),
        "labs[0].criteria[0].reason: expected an object, not 'because'",
    ),
    "a flag that is a number": (
        lambda card: card["labs"][0]["criteria"][0]["checks"][0].update(drawn=1),
        "labs[0].criteria[0].checks[0].drawn: expected true or false, not 1",
    ),
    "evidence that is a list": (
        lambda card: card["labs"][0]["criteria"][0].update(evidence=[1]),
        "labs[0].criteria[0].evidence: expected an object, not [1]",
    ),
    "a run that was lost in part": (
        lambda card: card["labs"][0]["runs"][0].update(verdict="partial"),
        "labs[0].runs[0].verdict: 'partial' is no verdict",
    ),
    "a seed of its own": (
        lambda card: card.update(seed_from="dice"),
        "seed_from: expected one of submission, secret, option, not 'dice'",
    ),
    "notices that are one text": (lambda card: card.update(notices="x"), "notices: expected a list, not 'x'"),
    "an environment of numbers": (lambda card: card.update(environment={"a": 1}), "environment.a: expected a text, not 1"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_another_form_is_refused_with_its_place(name: str) -> None:
    """The message names what is wrong and where, in one line."""
    change, said = BROKEN[name]
    document = copy.deepcopy(usual())
    change(document)
    with pytest.raises(UsageError) as raised:
        Scorecard.from_json(document)
    assert str(raised.value) == f"not a scorecard of this version: {said}"


@given(plain)
def test_nothing_but_a_scorecard_is_one(document: Any) -> None:
    with pytest.raises(UsageError, match=r"^not a scorecard: expected a JSON object with schema"):
        Scorecard.from_json(document)


@given(st.data())
def test_a_damaged_scorecard_is_refused_or_read_and_nothing_else(data: st.DataObject) -> None:
    """Whatever value stands where in a scorecard, reading it ends with a scorecard or a message of one line."""
    document = usual()
    place: Any = document
    for _ in range(data.draw(st.integers(0, 6))):
        keys = list(place) if isinstance(place, dict) else list(range(len(place)))
        inner = [key for key in keys if isinstance(place[key], dict | list) and place[key]]
        if not inner:
            break
        place = place[data.draw(st.sampled_from(inner))]
    keys = list(place) if isinstance(place, dict) else list(range(len(place)))
    place[data.draw(st.sampled_from(keys))] = data.draw(plain)
    message = ""
    try:
        Scorecard.from_json(document)
    except UsageError as error:
        message = str(error)
    assert len(message.splitlines()) <= 1


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "can't be read: not JSON: Expecting value: line 1 column 1 (char 0)"),
        (b"\xff\xfe", "can't be read: not UTF-8"),
        (b"[" * 100_000, "can't be read: not JSON: "),
        (b"[]", "not a scorecard: expected a JSON object with schema optgrade/scorecard/v1"),
        (None, "can't be read: No such file or directory"),
    ],
)
def test_a_file_that_is_no_scorecard_is_named(tmp_path: Path, content: bytes | None, said: str) -> None:
    path = tmp_path / "scorecard.json"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(UsageError) as raised:
        Scorecard.load(path)
    assert str(raised.value).startswith(f"{path}: {said}")


def test_scorecards_are_found_at_any_depth(tmp_path: Path) -> None:
    """A source is a file or a folder; each file is found once, in the order of names."""
    for name in ("b/deep", "a"):
        (tmp_path / name).mkdir(parents=True)
        (tmp_path / name / "scorecard.json").write_text("{}", encoding="utf-8")
    found = find_scorecards([tmp_path, tmp_path / "a" / "scorecard.json"])
    assert [path.parent.name for path in found] == ["a", "deep"]
    with pytest.raises(UsageError, match=r"no scorecard\.json there"):
        find_scorecards([tmp_path / "nowhere"])
