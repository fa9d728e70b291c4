"""One scorecard, one total: to the cent in every format, and what is not decided is a zero in none."""

from __future__ import annotations

import base64
import csv
import io
import json
import re
from decimal import Decimal
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given

from graders.core.errors import Unscored, UsageError
from graders.reports.formats import (
    canvas,
    classroom50,
    github,
    gradescope,
    junit,
    matching,
    moodle,
    reporter,
    sheet,
    summary,
    table,
)
from graders.reports.formats.wording import HIDDEN
from graders.scoring import Scorecard

from . import devices, samples
from .cards import SCORED, documents
from .labs import Json
from .test_formats_contracts import IDENTITY, javascript

CENT = Decimal("0.01")


def cents(value: object) -> Decimal:
    return Decimal(str(value)).quantize(CENT)


def expected(document: Json) -> tuple[Decimal, Decimal]:
    """Earned and automatic points, added up from the criteria in whole cents."""
    items = [item for lab in document["labs"] for item in lab["criteria"]]
    earned = sum(round(item["earned"] * 100) for item in items)
    automatic = sum(round(item["maximum"] * 100) for item in items if item["verdict"] != "pending")
    return cents(Decimal(earned) / 100), cents(Decimal(automatic) / 100)


def in_gradescope(card: Scorecard) -> tuple[Decimal, Decimal]:
    told = json.loads(gradescope.results(card))
    scores = [test for test in told["tests"] if "score" in test]
    assert cents(sum(cents(test["score"]) for test in scores)) == cents(told["score"])
    return cents(told["score"]), cents(sum(cents(test["max_score"]) for test in scores))


def in_junit(card: Scorecard) -> tuple[Decimal, Decimal]:
    earned = automatic = Decimal(0)
    for case in ET.fromstring(junit.document([card])).iter("testcase"):
        values = {each.get("name"): each.get("value") for each in case.iter("property")}
        if "points" in values:
            earned += Decimal(str(values["points"]))
            automatic += Decimal(str(values["maximum"]))
    return cents(earned), cents(automatic)


def in_csv(card: Scorecard) -> tuple[Decimal, Decimal]:
    rows = [row for row in csv.DictReader(io.StringIO(table.criteria([card]))) if row["earned"]]
    return cents(sum(Decimal(row["earned"]) for row in rows)), cents(sum(Decimal(row["maximum"]) for row in rows))


def in_markdown(card: Scorecard) -> tuple[Decimal, Decimal]:
    first = summary.document([card]).partition("\n")[0]
    found = re.search(r": ([\d.]+) of ([\d.]+) points", first)
    assert found
    return cents(found[1]), cents(found[2])


def in_reporter(card: Scorecard) -> tuple[Decimal, Decimal]:
    decoded = json.loads(base64.b64decode(reporter.result(card)))
    points, most = javascript(decoded).points
    # What is printed is the total, and not 17.849999999999998.
    assert (repr(float(points)), repr(float(most))) == tuple(
        repr(float(each)) for each in (card.points.earned, card.points.automatic)
    )
    return cents(points), cents(most)


def in_outputs(card: Scorecard) -> tuple[Decimal, Decimal]:
    told = github.outputs(card)
    return Decimal(told["earned"]), Decimal(told["automatic"])


def in_canvas(card: Scorecard) -> Decimal:
    data = b"Student,ID,SIS Login ID,Section,Lab (7)\n    Points Possible,,,,20\nA,1,a,S,\n"
    book = canvas.open_book(sheet.parse(data, "sheet"), "7")
    filled = canvas.fill(book, matching.Matches({2: card}, ()))
    return cents(list(csv.reader(io.StringIO(filled.text)))[2][4])


def in_moodle(card: Scorecard) -> Decimal:
    data = b"Identifier,Full name,Grade,Maximum grade,Last modified (grade)\nParticipant 1,A,,1000,-\n"
    filled = moodle.fill(moodle.open_worksheet(sheet.parse(data, "sheet")), matching.Matches({1: card}, ()))
    return cents(list(csv.reader(io.StringIO(filled.text)))[1][2])


@given(documents())
def test_totals_are_one_in_all_formats(document: Json) -> None:
    """Fractions, pending points and hidden criteria don't make a cent's difference between formats."""
    card, (earned, automatic) = Scorecard.from_json(document), expected(document)
    for format_ in (in_gradescope, in_junit, in_csv, in_markdown, in_reporter, in_outputs):
        assert format_(card) == (earned, automatic), format_.__name__
    assert in_canvas(card) == in_moodle(card) == earned


@given(documents())
def test_costs_on_a_device_change_no_format(document: Json) -> None:
    """They are in the scorecard and in the HTML report; what other programs get is the same to the byte without them."""
    labs = [{**each, "device": devices.files()} for each in document["labs"]]
    plain = Scorecard.from_json(document)
    card = Scorecard.from_json({**document, "labs": labs, "device": devices.setup()})
    assert card.points == plain.points
    formats = (gradescope.results, reporter.result, github.outputs)
    of_many = (junit.document, table.criteria, summary.document)
    assert [each(card) for each in formats] == [each(plain) for each in formats]
    assert [each([card]) for each in of_many] == [each([plain]) for each in of_many]


@given(documents())
def test_whole_numbers_add_up_to_the_rounded_total(document: Json) -> None:
    """Classroom 50 takes integers: they add up, none is above its maximum, and what earned nothing gets nothing."""
    card, (earned, automatic) = Scorecard.from_json(document), expected(document)
    told = json.loads(classroom50.result(card, IDENTITY))
    assert told["score"] == sum(test["score"] for test in told["tests"])
    assert told["max-score"] == sum(test["max-score"] for test in told["tests"])
    assert abs(told["score"] - earned) <= Decimal("0.5")
    assert abs(told["max-score"] - automatic) <= Decimal("0.5")
    for test, item in zip(told["tests"], card.decided, strict=True):
        assert test["score"] <= test["max-score"]
        assert test["score"] == 0 or item.earned > 0
        assert test["passed"] == (item.bonus or item.earned == item.maximum)
        assert test["score"] == test["max-score"] or not test["passed"]


@given(documents((*SCORED, "pending", "unscored")).filter(lambda card: "unscored" in str(card["labs"])))
def test_what_could_not_be_graded_is_a_zero_nowhere(document: Json) -> None:
    """Formats of marks refuse it; a sheet's cell stays as it is; lists of criteria have no points for it."""
    card = Scorecard.from_json(document)
    if not card.unscored:
        return
    for mark in (gradescope.results, reporter.result, lambda each: classroom50.result(each, IDENTITY)):
        with pytest.raises(Unscored, match="could not be graded"):
            mark(card)
    assert in_canvas_before(card) == "3"
    missing = {item.id for item in card.unscored}
    rows = list(csv.DictReader(io.StringIO(table.criteria([card]))))
    assert {row["criterion"] for row in rows if row["verdict"] == "unscored" and row["earned"] == ""} == missing
    cases = {case.get("name"): case for case in ET.fromstring(junit.document([card])).iter("testcase")}
    assert all(cases[name].find("error") is not None for name in missing)
    assert all(each.get("name") != "points" for name in missing for each in cases[name].iter("property"))
    assert "so this is no mark" in summary.document([card])


def in_canvas_before(card: Scorecard) -> str:
    data = b"Student,ID,SIS Login ID,Section,Lab (7)\nA,1,a,S,3\n"
    filled = canvas.fill(canvas.open_book(sheet.parse(data, "sheet"), "7"), matching.Matches({1: card}, ()))
    assert filled.unscored
    assert "no zero" in filled.left[0]
    assert filled.text.encode() == data
    return list(csv.reader(io.StringIO(filled.text)))[1][4]


def test_a_hidden_value_shows_its_kind_only() -> None:
    """Where a criterion fails for drawn values alone, formats for students tell neither value nor expectation."""
    document = samples.five_mistakes()
    item = next(each for each in document["labs"][0]["criteria"] if each["verdict"] == "lost")
    item["checks"] = [{"name": "int8-drawn", "verdict": "lost", "reason": item["reason"], "drawn": True, "places": []}]
    item["reason"] = {"measured": "share 0.3141", "expected": "0.3141", "cause": "0.3141 asked", "next": "See 0.3141."}
    card = Scorecard.from_json(document)
    shown = [gradescope.results(card), summary.document([card]), junit.document([card]), "\n".join(github.notes(card))]
    shown.append(base64.b64decode(reporter.result(card)).decode())
    for text in shown:
        assert "3141" not in text
    assert HIDDEN in shown[0]
    assert "3141" in table.criteria([card]), "whoever teaches sees all of it"


def test_a_lab_is_asked_for_by_its_name_or_how_that_begins() -> None:
    """A whole name is that lab alone, even where another one's begins with it."""
    document = samples.full_marks()
    document["labs"][0]["lab"], document["labs"][1]["lab"] = "l0", "l02"
    card = Scorecard.from_json(document)
    assert [lab.lab for lab in card.only(["l0"]).labs] == ["l0"]
    assert [lab.lab for lab in card.only(["l"]).labs] == ["l0", "l02"]
    assert card.only(["l0"]).points.maximum + card.only(["l02"]).points.maximum == card.points.maximum
    assert len(ET.fromstring(junit.document([card]))[0].findall("testcase")) == len(document["labs"][0]["criteria"])


def test_a_scorecard_that_was_changed_is_refused() -> None:
    """A total that is not the sum of its criteria is told, with both."""
    document = samples.full_marks()
    document["points"]["earned"] += 1
    with pytest.raises(UsageError, match="changed after grading"):
        Scorecard.from_json(document)
    with pytest.raises(UsageError, match="not a scorecard"):
        Scorecard.from_json({"schema": "optgrade/scorecard/v2"})
    text = samples.full_marks()
    text["labs"][0]["criteria"][0]["earned"] = "1"
    with pytest.raises(UsageError, match=r"labs\[0\].criteria\[0\].earned: expected a number, not '1'"):
        Scorecard.from_json(text)
    without = samples.full_marks()
    del without["points"]
    with pytest.raises(UsageError, match="not a scorecard of this version: 'points' is missing"):
        Scorecard.from_json(without)
    broken = samples.full_marks()
    del broken["labs"][0]["criteria"][0]["verdict"]
    with pytest.raises(UsageError, match=r"labs\[0\].criteria\[0\]: 'verdict' is missing"):
        Scorecard.from_json(broken)
