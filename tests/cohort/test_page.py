"""The class's page: its figures against others' arithmetic, and what is in the file."""

from __future__ import annotations

import copy
import json
import statistics
import zlib
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from graders.cohort.intake import Submitted, safe_name
from graders.cohort.page import gather, render_page
from graders.cohort.page.statistics import ClassStatistics
from graders.cohort.reports import folder_names
from graders.cohort.results import Settlement
from graders.cohort.store import Attempt, CohortStore, open_store
from graders.scoring import Scorecard
from tests.reports import hostile
from tests.reports.page import parse

DATA = Path(__file__).parents[1] / "data" / "gradings"
KEPT = {name: json.loads((DATA / f"{name}.json").read_text(encoding="utf-8")) for name in ("reference", "five-mistakes")}
LARGEST = 3_000_000


def documents(count: int) -> Iterator[dict[str, Any]]:
    """A class: real scorecards, with points taken from more and more criteria."""
    for number in range(count):
        document = copy.deepcopy(KEPT["five-mistakes" if number % 3 == 0 else "reference"])
        document["submission"] = f"student{number:04}"
        taken = Decimal(0)
        for lab in document["labs"]:
            own = Decimal(0)
            for index, each in enumerate(lab["criteria"]):
                if each["verdict"] == "earned" and each["maximum"] > 0 and (number * 7 + index * 3) % (index + 4) == 0:
                    own += Decimal(str(each["earned"]))
                    reason = {"measured": "1", "expected": "2", "cause": f"Cause {index}.", "next": "Fix it."}
                    each |= {"earned": 0, "verdict": "lost", "reason": reason}
            lab["points"]["earned"] = float(Decimal(str(lab["points"]["earned"])) - own)
            taken += own
        document["points"]["earned"] = float(Decimal(str(document["points"]["earned"])) - taken)
        for lab in document["labs"]:
            for chart in lab["figures"]:
                if chart["kind"] == "scatter":
                    for point in chart["series"][0]["points"]:
                        point[0] += number * 37
                        point[1] -= (number * 13) % 29
        yield document


def fill(store: CohortStore, cards: list[dict[str, Any]], *more: Submitted, parts: dict[str, str] | None = None) -> None:
    """Puts a class into a store, the last one of it unscored in one criterion."""
    given = [Submitted(name=card["submission"], students=(card["submission"],), path=Path("x")) for card in cards]
    given += more
    store.register(given, folder_names([each.name for each in given], {}))
    keys = {each.id: "key" for each in store.submissions()}
    store.want(keys)
    by_name = {each.name: each.id for each in store.submissions()}
    for card in cards:
        unscored = sum(each["verdict"] == "unscored" for lab in card["labs"] for each in lab["criteria"])
        data = zlib.compress(json.dumps(card).encode())
        attempt = Attempt(key="key", parts=parts or {}, scorecard=data, seconds=30.0, unscored=unscored)
        store.add(by_name[card["submission"]], attempt, Scorecard.from_json(card))
    for stored in store.submissions():
        Settlement({}, None, b"salt").settle(store, stored, store.latest(stored.id))


def page_of(folder: Path, cards: list[dict[str, Any]], *more: Submitted) -> str:
    folder.mkdir(parents=True, exist_ok=True)
    with open_store(folder) as store:
        fill(store, cards, *more)
        return render_page(gather(store))


def counted(cards: list[dict[str, Any]]) -> ClassStatistics:
    found = ClassStatistics()
    for number, card in enumerate(cards):
        found.add(number, Scorecard.from_json(card))
    return found


def test_difficulty_and_discrimination_are_those_of_plain_arithmetic() -> None:
    cards = [*documents(23)]
    scorecards = [Scorecard.from_json(card) for card in cards]
    found = counted(cards).criteria
    compared = 0
    for each in found.values():
        own = [next(float(s.earned) for s in card.scores if s.id == each.id) for card in scorecards]
        rest = [float(card.points.earned) - points for card, points in zip(scorecards, own, strict=True)]
        assert each.share == pytest.approx(sum(own) / (len(own) * float(each.maximum)))
        if len(set(own)) > 1:
            assert each.discrimination == pytest.approx(statistics.correlation(own, rest))
            compared += 1
        else:
            assert each.discrimination is None
    assert compared > 10


def test_every_total_is_in_one_step_of_the_distribution() -> None:
    found = counted([*documents(23)])
    steps = found.distribution()
    assert sum(count for _, _, count in steps) == 23
    for low, high, count in steps[:-1]:
        assert count == sum(low <= earned < high for earned, _ in found.totals)


def test_nothing_is_better_than_what_is_on_the_front() -> None:
    for lab in counted([*documents(9)]).variants():
        assert lab.front
        for best in lab.front:
            better = [
                each
                for each in lab.own
                if each.size <= best.size
                and each.accuracy >= best.accuracy
                and (each.size, each.accuracy) != (best.size, best.accuracy)
            ]
            assert not better
        dominated = set(lab.own) - set(lab.front)
        for each in dominated:
            assert any(best.size <= each.size and best.accuracy >= each.accuracy for best in lab.front)


def test_the_page_says_who_has_no_marks_and_what_to_do(tmp_path: Path) -> None:
    cards = [*documents(6)]
    criterion = cards[5]["labs"][0]["criteria"][0]
    earned = criterion["earned"]
    criterion |= {"verdict": "unscored", "earned": 0, "reason": {"measured": "", "expected": "", "cause": "", "next": ""}}
    for points in (cards[5]["points"], cards[5]["labs"][0]["points"]):
        points["earned"] = round(points["earned"] - earned, 2)
    page = page_of(
        tmp_path,
        cards,
        Submitted(name="nobody", students=("Nobody N.",), path=None, problem="nothing was submitted"),
        Submitted(name="later", students=("later",), path=Path("y")),
    )
    text = parse(page).text()
    assert "Without marks: 3" in text
    for part in (
        "nothing was submitted", "There is nothing to grade: ask for it, or give marks by hand.",
        "not graded yet", "Type the same command again: it goes on where it stopped.",
        "1 criteria could not be graded", "Open its report",
    ):  # fmt: skip
        assert part in text
    assert "Automatic points of 5 submissions" in text, "those without marks are in no figure"
    links = {each.attributes["href"] for each in parse(page).all("a") if "reports/" in each.attributes.get("href", "")}
    assert "reports/student0000/report.html" in links


@pytest.mark.e2e
def test_200_submissions_make_a_small_page(tmp_path: Path) -> None:
    assert len(page_of(tmp_path, [*documents(200)]).encode()) < LARGEST


def test_an_empty_class_has_a_page(tmp_path: Path) -> None:
    assert "The class: 0 submissions" in page_of(tmp_path, [])


@pytest.mark.parametrize("name", ["all", *list(hostile.STRINGS)[:6]])
def test_no_text_of_a_student_is_markup(tmp_path: Path, name: str) -> None:
    text = hostile.STRINGS[name]
    card = hostile.scorecard(text)
    plain = len(parse(page_of(tmp_path / "plain", [{**hostile.scorecard("x"), "submission": "x"}])).elements)
    page = page_of(tmp_path / "hostile", [{**card, "submission": safe_name(text)}])
    assert len(parse(page).elements) == plain
    assert "<script>alert" not in page
