"""The scorecard on a terminal: the costliest reason first, and nothing of a student's that is more than text."""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graders.core.text import terminal_line
from graders.reports import terminal
from graders.scoring import Scorecard, format_points

from . import hostile, labs, samples
from .labs import Json

WHY = {"measured": "4 files", "expected": "3 files", "cause": "One too many.", "next": "Remove one."}
texts = st.text(st.characters(), max_size=60)


def criterion(
    identifier: str, earned: float, maximum: float, verdict: str, reason: Json | None = None, marked_by: str = "tests"
) -> Json:
    return {
        "id": identifier,
        "title": f"Title of {identifier}",
        "earned": earned,
        "maximum": maximum,
        "marked_by": marked_by,
        "verdict": verdict,
        "reason": WHY if reason is None else reason,
    }


def card(*criteria: Json) -> Scorecard:
    return cards(("lx", criteria))


def cards(*found: tuple[str, Sequence[Json]]) -> Scorecard:
    """A scorecard with the criteria of each of these labs."""
    whole = [{"evidence": {}, "checks": [], **each} for _, criteria in found for each in criteria]
    made = iter(whole)
    each_lab = [labs.lab(name, "Lab", [next(made) for _ in criteria], [], []) for name, criteria in found]
    return Scorecard.from_json(samples.scorecard("ada", each_lab))


def lines(*criteria: Json) -> list[str]:
    return list(terminal.lost_lines(card(*criteria)))


def ids(shown: list[str]) -> list[str]:
    """The ids of the criteria, in the order of the lines that are not a reason's."""
    return [line.split()[1] for line in shown if not line.startswith(" ")]


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0"), (0.0, "0"), (2, "2"), (2.0, "2"), (10, "10"), (100.0, "100"), (0.5, "0.5"), (0.75, "0.75"), (0.1 + 0.2, "0.3"),
     (1.005, "1"), (19.999, "20"), (12.34, "12.34")],
)  # fmt: skip
def test_numbers_are_as_short_as_can_be(value: float, text: str) -> None:
    """Points have two digits at most and no zeros at their end, but keep those before the point."""
    assert format_points(value) == text


def test_the_place_in_the_code_is_told_once() -> None:
    """Criteria of one reason name their places after it, each once."""
    where = {"file": "a/b.py", "places": [{"name": "One.first", "line": 7}, {"name": "Two", "line": None}]}
    first, second = criterion("lx.a", 0, 1, "lost"), criterion("lx.b", 0, 1, "lost")
    shown = lines({**first, "where": where}, {**second, "where": where}, criterion("lx.c", 0, 1, "lost"))
    assert [line for line in shown if "where" in line] == ["      where     a/b.py, line 7: One.first; a/b.py: Two"]


@given(st.integers(0, 100_000))
def test_numbers_are_right_to_the_cent(cents: int) -> None:
    """Whatever the points, the number shown is the number meant."""
    shown = format_points(Decimal(cents) / 100)
    assert round(float(shown) * 100) == cents
    assert not re.search(r"\.0*$|\.\d*0$", shown)


def test_a_lost_criterion() -> None:
    """A lost criterion has its mark, id, points, verdict and title, and the four parts of its reason below."""
    shown = lines(criterion("lx.one", 0, 1.5, "lost"))
    assert [line.split() for line in shown] == [
        ["✗", "lx.one", "0", "of", "1.5", "lost:", "Title", "of", "lx.one"],
        ["measured", "4", "files"],
        ["expected", "3", "files"],
        ["cause", "One", "too", "many."],
        ["next", "Remove", "one."],
    ]


@pytest.mark.parametrize(
    ("verdict", "mark"), [("lost", "✗"), ("partial", "◐"), ("unscored", "!"), ("missing", "✗"), ("timeout", "✗")]
)
def test_verdicts_have_marks(verdict: str, mark: str) -> None:
    """Points lost in part and points that could not be graded look different from lost ones."""
    assert lines(criterion("lx.one", 0, 1, verdict))[0].startswith(f"{mark} lx.one")


@pytest.mark.parametrize("verdict", ["earned", "pending"])
def test_what_costs_nothing_is_not_shown(verdict: str) -> None:
    """Criteria that were earned, or that a person marks, have no lines."""
    assert lines(criterion("lx.one", 1, 1, verdict, marked_by="person")) == []


def test_what_a_person_has_to_mark_this_time_is_shown() -> None:
    """A criterion that tests decide as a rule, but could not this time, has its line and its reason."""
    shown = lines(criterion("lx.one", 0, 1, "pending"))
    assert shown[0].startswith("… lx.one")
    assert "4 files" in shown[1]


def test_one_reason_is_told_once() -> None:
    """Criteria that were lost for one reason stand together above it, wherever they stand in the scorecard."""
    other = {**WHY, "measured": "5 files"}
    shown = lines(
        criterion("lx.a", 0, 1, "missing"), criterion("lx.b", 0, 1.5, "lost", other), criterion("lx.c", 0, 1, "missing")
    )
    assert ids(shown) == ["lx.a", "lx.c", "lx.b"]
    assert [line.split()[0] for line in shown].count("measured") == 2
    assert shown[2].split() == ["measured", "4", "files"]


@pytest.mark.parametrize("part", ["measured", "expected", "cause", "next"])
def test_reasons_that_differ_in_one_part_are_two(part: str) -> None:
    """Reasons that differ anywhere are told apart."""
    shown = lines(criterion("lx.a", 0, 1, "lost"), criterion("lx.b", 0, 1, "lost", {**WHY, part: "something else"}))
    assert [line.split()[0] for line in shown].count("measured") == 2


def test_the_costliest_reason_comes_first() -> None:
    """Reasons stand in the order of the points that they cost together; equal ones keep the scorecard's order."""
    reasons = {name: {**WHY, "cause": name} for name in "abcd"}
    shown = lines(
        criterion("lx.cheap", 0.5, 1, "partial", reasons["a"]),
        criterion("lx.two-1", 0, 1, "lost", reasons["b"]),
        criterion("lx.dear", 0, 1.5, "lost", reasons["c"]),
        criterion("lx.cheap-too", 1.5, 2, "partial", reasons["d"]),
        criterion("lx.two-2", 0, 1, "lost", reasons["b"]),
    )
    assert ids(shown) == ["lx.two-1", "lx.two-2", "lx.dear", "lx.cheap", "lx.cheap-too"]


def test_a_part_that_is_empty_has_no_line() -> None:
    """A reason without a cause or an expectation leaves those lines out."""
    shown = lines(criterion("lx.a", 0, 1, "lost", {**WHY, "expected": "", "cause": ""}))
    assert [line.split()[0] for line in shown[1:]] == ["measured", "next"]


def test_a_criterion_without_a_reason() -> None:
    """A criterion that has no reason is told by itself."""
    without = {**criterion("lx.a", 0, 1, "lost"), "reason": None}
    assert len(lines(without)) == 1


def sums(earned: float, automatic: float, pending: float) -> list[Json]:
    """Criteria that add up to these points."""
    found = [criterion("lx.a", earned, automatic, "partial")]
    return [*found, criterion("lx.b", 0, pending, "pending", marked_by="person")] if pending else found


def test_one_lab_has_one_line() -> None:
    """The score of one lab is one line, with what a person will mark."""
    shown = list(terminal.score_lines(cards(("lx", sums(7.25, 14, 6)))))
    assert shown == ["lx  7.25 of 14 points, 6 more to be graded manually"]


def test_nothing_pending_is_not_mentioned() -> None:
    """Where no person marks anything, no person is mentioned."""
    shown = list(terminal.score_lines(cards(("lx", sums(14, 14, 0)))))
    assert shown == ["lx  14 of 14 points"]


def test_a_bonus_is_told_where_it_counts() -> None:
    """What a bonus made up for is part of the score and said so; one that was not earned is no loss."""
    extra = [{**criterion("lx.more", earned, 0, verdict), "bonus": 0.5} for earned, verdict in ((0.5, "earned"), (0, "lost"))]
    assert list(terminal.score_lines(cards(("lx", [*sums(13, 14, 0), *extra])))) == [
        "lx  13.5 of 14 points, 0.5 of them by a bonus"
    ]
    assert ids(lines(*sums(13, 14, 0), *extra)) == ["lx.a"]


def test_several_labs_have_a_sum() -> None:
    """Several labs have a line each and one for the sum, the numbers below each other."""
    two = cards(("l02_quantization", sums(1, 14, 6)), ("l03", sums(2.5, 12, 0)))
    assert list(terminal.score_lines(two)) == [
        "l02_quantization  1 of 14 points, 6 more to be graded manually",
        "l03               2.5 of 12 points",
        "total             3.5 of 26 points, 6 more to be graded manually",
    ]


@pytest.mark.parametrize(
    "text",
    [
        "\x1b[31mred\x1b[0m",
        "\x9b31m",
        "\x1b]8;;http://x\x07y",
        "a\rb",
        "a\x08b",
        "a\nb",
        "a\u2028b",
        "\x00",
        "\x7f",
        "\u202e",
        "\ud800",
    ],
)
def test_control_characters_become_blanks(text: str) -> None:
    """Nothing that moves the cursor, colours, links or turns text around gets through, and the rest of it does."""
    shown = terminal_line(text)
    assert shown.isprintable()
    assert [c for c in shown if c != " "] == [c for c in text if c.isprintable() and c != " "]


@given(texts)
def test_any_text_is_one_printable_line(text: str) -> None:
    """Whatever the text, what is shown is printable, one line, and can be written in UTF-8."""
    shown = terminal_line(text)
    assert shown.isprintable()
    assert len(shown.splitlines()) <= 1
    shown.encode("utf-8")


@given(st.text(st.characters(categories=["L", "N", "P", "S"], exclude_characters=":#\uff1a"), max_size=60))
def test_harmless_text_stays(text: str) -> None:
    """Letters of any script, digits, punctuation and signs stay as they are."""
    assert terminal_line(text) == text


@pytest.mark.parametrize(
    "text", ["::error::x", "::set-output name=a::b", "a::stop-commands::t", "::add-mask::", "graders/a.py::test"]
)
def test_workflow_commands_are_broken_up(text: str) -> None:
    """The two colons that a workflow command begins with do not stand together any more."""
    assert "::" not in terminal_line(text)
    assert terminal_line(text).replace(" ", "") == text.replace(" ", "")


@pytest.mark.parametrize("text", [":::error::x", "::::", ":::::error:::"])
def test_more_colons_do_not_help(text: str) -> None:
    """Any number of colons is broken up."""
    assert "::" not in terminal_line(text)


@pytest.mark.parametrize("text", ["##[error]x", "x ##[add-mask]y", "##[group]"])
def test_older_workflow_commands_are_broken_up(text: str) -> None:
    """The older form of workflow commands gets through no more than the newer one."""
    assert "##[" not in terminal_line(text)


@pytest.mark.parametrize("name", hostile.STRINGS)
def test_hostile_text_anywhere(name: str) -> None:
    """Hostile text in every place but the ids, which are ours, gives printable lines that our own words lead."""
    scorecard = hostile.scorecard(hostile.STRINGS[name])
    for number, each in enumerate(each for lab in scorecard["labs"] for each in lab["criteria"]):
        each["id"] = f"lx.{number}"
    shown = list(terminal.lost_lines(Scorecard.from_json(scorecard)))
    assert shown
    for line in shown:
        assert line.isprintable()
        assert re.match(r"[✗◐!…] lx\.\d+ |      (measured|expected|cause|next|where) ", line)


@pytest.mark.parametrize("make", [samples.full_marks, samples.five_mistakes], ids=["full marks", "five mistakes"])
def test_usual_scorecards(make: Any) -> None:
    """Of a usual scorecard every criterion that cost points has just one line, and no other has."""
    scorecard = make()
    costly = [
        c["id"] for lab in scorecard["labs"] for c in lab["criteria"] if c["verdict"] not in ("earned", "pending")
    ]
    assert sorted(ids(list(terminal.lost_lines(Scorecard.from_json(scorecard))))) == sorted(costly)
    assert list(terminal.score_lines(Scorecard.from_json(scorecard)))[-1].startswith("total")


def test_a_criterion_s_own_words_lead_every_line() -> None:
    """A student's text never begins a line, where a workflow command would be obeyed."""
    reason = dict.fromkeys(("measured", "expected", "cause", "next"), "::error::pwned\n::error::again")
    for line in lines(criterion("lx.a", 0, 1, "failed", reason)):
        assert not line.lstrip().startswith("::")


def test_steps_are_told_now_and_then() -> None:
    """The first step of a run is soon enough seen by its end; later ones are a line where one has not been for a while."""
    told: list[str] = []
    times = iter((0, 4, 5, 6, 9.9, 10, 11))
    steps = terminal.ProgressPrinter(told.append, 5, lambda: next(times))
    for run, text in (("mnist notebook", "cell 2"), ("mnist notebook", "cell 4"), ("mnist notebook", "cell 6"),
                      ("l02 fp32", "one"), ("mnist notebook", "cell 7"), ("mnist notebook", "cell\n8"),
                      ("l02 fp32", "two")):  # fmt: skip
        steps.say(run, text)
    assert told == ["        mnist notebook: cell 6", "        mnist notebook: cell 8", "        l02 fp32: two"]
