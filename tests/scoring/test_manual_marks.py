"""Manual marks merged into a scorecard: valid ones count, everything else stays as the tests left it."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from graders.core.errors import UsageError
from graders.core.paths import LABS
from graders.core.verdicts import Verdict
from graders.framework.definition import PERSON, Criterion
from graders.framework.lab_toml import load
from graders.scoring import CheckOutcome, CriterionScore, LabScore, Reason, Scorecard, score_criterion
from graders.scoring.manual_marks import NO_COMMENT, mark_request, merge_marks, pending, require_matching
from graders.scoring.marks import CHANGED, Mark, Marks, Passage
from graders.scoring.outcomes import MANUAL_MARK
from graders.scoring.points import PENDING

ASKED = Criterion("lx.question", "Question 1", 2.0, PERSON)
TESTED = Criterion("lx.size", "Size", 1.5, "tests")
PASSAGE = Passage("summary.md, line 3", "It is four times smaller.")
FOUND = {"question": "Why is it smaller?", "place": PASSAGE.place, "passage": PASSAGE.text}
WHY = Reason("an answer", "a mark", "none", "Wait.")


def answered(evidence: dict[str, Any] | None = None, reason: Reason | None = WHY) -> CriterionScore:
    """A question that waits for its mark, with what was found of its answer."""
    checks = [
        CheckOutcome(ASKED.id, "counted", Verdict.EARNED, None, {"words": 5}),
        CheckOutcome(ASKED.id, "quoted", Verdict.PENDING, reason, FOUND if evidence is None else evidence),
    ]
    return score_criterion(ASKED, checks)


def card(*scores: CriterionScore) -> Scorecard:
    """A scorecard with a lab for each of these."""
    labs = tuple(LabScore(lab=f"l{at}", title="Lab", criteria=(score,)) for at, score in enumerate(scores))
    return Scorecard(submission="ada", profile="embedded", seed=7, tier="bare", missing=(), labs=labs)


def marked(points: str, comment: str = "", passage: Passage = PASSAGE) -> Marks:
    """A file with one mark."""
    return Marks("ada", {ASKED.id: Mark(ASKED.id, Decimal(points), comment, passage.fingerprint)})


SIZE = score_criterion(TESTED, [CheckOutcome(TESTED.id, "run", Verdict.LOST, WHY, {"passage": "no answer"})])


def test_what_is_to_be_marked_comes_with_its_passage() -> None:
    """A person sees the question that was found, the answer and its place, and what it is worth."""
    item = mark_request(answered())
    assert (item.criterion, item.title, item.maximum) == (ASKED.id, "Why is it smaller?", 2)
    assert item.passage == PASSAGE


@pytest.mark.parametrize(
    ("evidence", "title", "passage"),
    [({}, "Question 1", Passage("", "")), ({"passage": "So."}, "Question 1", Passage("", "So."))],
)
def test_what_was_not_found_stays_empty(evidence: dict[str, Any], title: str, passage: Passage) -> None:
    """Without a question the criterion's title stands for it; without an answer there is nothing to read."""
    item = mark_request(answered(evidence))
    assert (item.title, item.passage) == (title, passage)


def test_only_pending_criteria_are_to_be_marked() -> None:
    """Of every lab, what a person is to mark is listed in order, and nothing that tests decided."""
    assert [item.criterion for item in pending(card(SIZE, answered(), SIZE))] == [ASKED.id]


def test_without_marks_nothing_changes() -> None:
    """No file of marks, and one without this criterion, leave the scorecard as it is, its reasons too."""
    before = card(SIZE, answered())
    assert merge_marks(before, None) is before
    assert merge_marks(before, Marks("ada", {})) == before


@pytest.mark.parametrize(
    ("points", "comment", "verdict"),
    [("0", "Not so.", Verdict.LOST), ("0.5", "Half.", Verdict.PARTIAL), ("1.99", "", Verdict.PARTIAL)],
)
def test_a_mark_below_the_maximum(points: str, comment: str, verdict: Verdict) -> None:
    """The points count, and the comment is the cause, or that there is none."""
    tested, asked = merge_marks(card(SIZE, answered()), marked(points, comment)).scores
    assert tested == SIZE
    assert (asked.earned, asked.verdict) == (Decimal(points), verdict)
    assert asked.reason is not None
    assert asked.reason.measured == f"{points} of 2.0 points, graded manually"
    assert (asked.reason.expected, asked.reason.cause) == (MANUAL_MARK, comment or NO_COMMENT)


def test_all_the_points() -> None:
    """Whoever has all points has earned the criterion, and needs no reason."""
    (asked,) = merge_marks(card(answered()), marked("2.00", "Good.")).scores
    assert (asked.earned, asked.verdict, asked.reason) == (2, Verdict.EARNED, None)


def test_a_mark_of_another_text_does_not_hold() -> None:
    """A mark for a passage that has changed since leaves the criterion pending, and the reason says why."""
    (asked,) = merge_marks(card(answered()), marked("2", passage=Passage("", "Another answer."))).scores
    assert (asked.earned, asked.verdict) == (0, Verdict.PENDING)
    assert asked.reason == replace(WHY, next="Marked before the passage changed: check it again.")
    assert asked.reason.next.lower() == f"{CHANGED}."


def test_marks_do_not_touch_what_tests_decided() -> None:
    """A mark for a criterion that tests decided changes nothing."""
    marks = Marks("ada", {TESTED.id: Mark(TESTED.id, Decimal("1.5"), "", Passage("", "no answer").fingerprint)})
    assert merge_marks(card(SIZE), marks) == card(SIZE)


def test_a_criterion_that_no_test_spoke_of() -> None:
    """One without a check is pending for want of a person, and a mark for no passage at all holds for it."""
    bare = score_criterion(ASKED, ())
    assert bare.reason == PENDING
    (asked,) = merge_marks(card(bare), marked("2", passage=Passage("", ""))).scores
    assert asked.verdict is Verdict.EARNED


def test_marks_of_another_submission_are_refused() -> None:
    """Marks name whose they are, and are taken for nobody else."""
    require_matching(marked("1"), "ada", [], "marks.toml")
    with pytest.raises(UsageError, match=r"^marks.toml: these are marks for 'ada', not for 'bob'$"):
        require_matching(marked("1"), "bob", [], "marks.toml")


def test_more_points_than_there_are_are_refused() -> None:
    """All of a criterion's points may be given and no more; criteria of labs that are not graded are let be."""
    labs = [load(LABS / "l02_quantization"), load(LABS / "l03_pruning_clustering")]
    person = next(each for each in labs[1].criteria if each.marked_by == PERSON)
    most = Decimal(str(person.points))

    def given(points: Decimal, criterion: str = person.id) -> Marks:
        return Marks("ada", {criterion: Mark(criterion, points, "", "")})

    require_matching(given(most), "ada", labs, "marks.toml")
    require_matching(given(most + 100, "l09.question.1"), "ada", labs, "marks.toml")
    message = rf"^marks.toml: {person.id}: {most + 1} points, but the maximum is {most.normalize()}$"
    with pytest.raises(UsageError, match=message):
        require_matching(given(most + 1), "ada", labs, "marks.toml")
