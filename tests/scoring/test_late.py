"""Points that are deducted since a submission was late: the same in every format, and never more than there are."""

from __future__ import annotations

import copy
import json
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graders.core.errors import UsageError
from graders.core.paths import REPOSITORY
from graders.reports.formats import classroom50
from graders.reports.html import render_page
from graders.scoring import LateDeduction, Points, Scorecard
from tests.reports.cards import documents
from tests.reports.page import parse
from tests.reports.test_formats_contracts import IDENTITY
from tests.reports.test_formats_totals import (
    cents,
    in_canvas,
    in_csv,
    in_junit,
    in_markdown,
    in_moodle,
    in_outputs,
    in_reporter,
)

DATA = Path(__file__).parents[1] / "data" / "gradings" / "five-mistakes.json"
LATE = LateDeduction(
    deadline="2026-11-30T23:59:00+01:00", submitted="2026-12-02T08:00:00+01:00", source="the roster", days=2, share=Decimal("0.2")
)


def late(card: Scorecard, deduction: LateDeduction = LATE) -> Scorecard:
    return replace(card, labs=tuple(replace(lab, late=deduction) for lab in card.labs))


def graded() -> Scorecard:
    return Scorecard.load(DATA)


@given(documents(), st.sampled_from(["earned", "maximum"]), st.decimals(0, 1, places=2))
def test_what_counts_is_one_in_all_formats(document: dict[str, object], of: str, share: Decimal) -> None:
    """Points after the deduction, by lab and in all, whatever the share is of."""
    plain = Scorecard.from_json(document)
    card = late(plain, replace(LATE, of=of, share=share))
    assert card.points.earned == plain.points.earned - card.deducted
    assert all(lab.points.earned >= 0 for lab in card.labs)
    for format_ in (in_junit, in_csv, in_markdown, in_reporter, in_outputs):
        assert format_(card)[0] == cents(card.points.earned), format_.__name__
    assert in_canvas(card) == in_moodle(card) == cents(card.points.earned)
    told = json.loads(classroom50.result(card, IDENTITY))
    assert abs(told["score"] - card.points.earned) <= Decimal("0.5")
    assert told["score"] == sum(test["score"] for test in told["tests"])
    assert all(test["score"] >= 0 for test in told["tests"])


def test_it_survives_its_file_and_fits_the_schema() -> None:
    card = late(graded())
    document = json.loads(card.dumps())
    jsonschema.validate(document, json.loads((REPOSITORY / "docs" / "scorecard.schema.json").read_text(encoding="utf-8")))
    assert Scorecard.from_json(document) == Scorecard.from_json(card.to_json())
    assert Scorecard.from_json(document).points == card.points
    lab = document["labs"][0]
    assert lab["late"]["before"] - lab["late"]["deducted"] == pytest.approx(lab["points"]["earned"])
    changed = copy.deepcopy(document)
    changed["labs"][0]["late"]["share"] = 0.1
    with pytest.raises(UsageError, match="are not the sum of its criteria"):
        Scorecard.from_json(changed)


def test_never_more_than_there_is() -> None:
    few = Points(Decimal("0.5"), Decimal(10), Decimal(0), Decimal(10))
    assert replace(LATE, of="maximum", share=Decimal(1)).points(few) == Decimal("0.5")
    assert replace(LATE, of="maximum", share=Decimal("0.02")).points(few) == Decimal("0.20")
    assert replace(LATE, share=Decimal("0.333")).points(few) == Decimal("0.17")


def test_a_bonus_does_not_make_up_for_it() -> None:
    """What a bonus counts for follows from criteria alone."""
    plain = graded()
    card = late(plain)
    for before, after in zip(plain.labs, card.labs, strict=True):
        assert [each.earned for each in after.scores[:-1]] == [each.earned for each in before.scores]


def test_the_report_shows_points_before_and_after() -> None:
    card = late(graded())
    text = parse(render_page(card)).text()
    assert f"{card.points.earned:.2f}".rstrip("0").rstrip(".") in text
    assert "deducted since it was submitted late" in text
    assert "Late submission: 2 days" in text
    advice = text.partition("What to do next")[2].partition("Every criterion")[0]
    assert "Late submission" not in advice
