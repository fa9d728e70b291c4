"""From checks to points: shares to the cent, sums that agree, and nothing that passes for want of a result."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graders.core.verdicts import Verdict
from graders.framework.definition import PERSON, Criterion
from graders.scoring import CheckOutcome, CriterionScore, Points, Reason, score_criterion, total
from graders.scoring.points import CENT, PENDING, left_out_points, limit_bonuses, sum_points

CENTS = st.integers(1, 100_000).map(lambda cents: cents / 100)
FAULTS = [
    Verdict.LOST,
    Verdict.MISSING,
    Verdict.FAILED,
    Verdict.TIMEOUT,
    Verdict.OUT_OF_MEMORY,
    Verdict.CRASHED,
    Verdict.TAMPERED,
]
WHY = Reason("4", "3", "a cause", "a step")


def criterion(points: float = 1.0, marked_by: str = "tests", identifier: str = "lx.one") -> Criterion:
    return Criterion(identifier, "One", points, marked_by)


def check(verdict: Verdict, name: str = "run", reason: Reason | None = WHY) -> CheckOutcome:
    return CheckOutcome("lx.one", name, verdict, None if verdict is Verdict.EARNED else reason, {})


def checks(*verdicts: Verdict) -> list[CheckOutcome]:
    return [check(verdict, f"run-{number}") for number, verdict in enumerate(verdicts)]


def test_all_checks_passed() -> None:
    """A criterion whose checks all passed earns everything and needs no reason."""
    score = score_criterion(criterion(1.25), checks(Verdict.EARNED, Verdict.EARNED))
    assert (score.earned, score.maximum, score.verdict, score.reason) == (
        Decimal("1.25"),
        Decimal("1.25"),
        Verdict.EARNED,
        None,
    )


@pytest.mark.parametrize("verdict", FAULTS)
def test_no_check_passed(verdict: Verdict) -> None:
    """A criterion whose checks all came out alike earns nothing, with their verdict and the reason of the first."""
    score = score_criterion(criterion(), checks(verdict, verdict))
    assert (score.earned, score.verdict, score.reason) == (0, verdict, WHY)


# An attempt to tamper takes the whole criterion: see test_tampering_takes_the_whole_criterion.
HONEST = [verdict for verdict in FAULTS if verdict is not Verdict.TAMPERED]


@pytest.mark.parametrize("verdict", HONEST)
def test_some_checks_passed(verdict: Verdict) -> None:
    """A criterion some of whose checks passed earns their share, and says which runs failed."""
    score = score_criterion(criterion(1.5), checks(Verdict.EARNED, verdict, Verdict.EARNED, verdict))
    assert (score.earned, score.verdict) == (Decimal("0.75"), Verdict.PARTIAL)
    assert score.reason is not None
    assert score.reason.measured == "4 (in run-1, run-3: 2 of 4 checks)"
    assert (score.reason.expected, score.reason.cause, score.reason.next) == ("3", "a cause", "a step")


def test_checks_that_failed_for_different_causes() -> None:
    """The first failed check's reason is told, with the runs it holds for and how many others there are."""
    other = Reason("5", "3", "another cause", "another step")
    score = score_criterion(
        criterion(),
        [
            check(Verdict.LOST, "a"),
            check(Verdict.TIMEOUT, "b", other),
            check(Verdict.LOST, "c"),
            check(Verdict.EARNED, "d"),
        ],
    )
    assert score.reason is not None
    assert score.reason.measured == "4 (in a, c: 2 of 4 checks; 1 more failed for another reason)"


def test_different_failures_without_a_pass_are_lost() -> None:
    """Where checks failed in different ways and none passed, the criterion is lost."""
    assert score_criterion(criterion(), checks(Verdict.TIMEOUT, Verdict.CRASHED)).verdict is Verdict.LOST


def test_tampering_outweighs_other_failures() -> None:
    """One check that saw tampering makes the criterion tampered, wherever it stands among the failed ones."""
    for verdicts in ((Verdict.TAMPERED, Verdict.LOST), (Verdict.LOST, Verdict.TAMPERED, Verdict.TIMEOUT)):
        score = score_criterion(criterion(), checks(*verdicts))
        assert (score.verdict, score.earned) == (Verdict.TAMPERED, 0)


@pytest.mark.parametrize("beside", [[], [Verdict.EARNED], [Verdict.LOST], [Verdict.EARNED, Verdict.TAMPERED]])
@pytest.mark.parametrize("verdict", [Verdict.UNSCORED, Verdict.PENDING])
def test_one_check_without_a_result_leaves_the_whole_unscored(verdict: Verdict, beside: list[Verdict]) -> None:
    """A check that the grader could not decide, or that was skipped, leaves its criterion unscored: no pass, no zero."""
    skipped = replace(checks(verdict)[0], reason=None)
    score = score_criterion(criterion(), [*checks(*beside), skipped])
    assert (score.verdict, score.earned) == (Verdict.UNSCORED, 0)
    assert score.reason is not None


@pytest.mark.parametrize("beside", [[], [Verdict.EARNED], [Verdict.LOST]])
def test_one_check_for_a_person_leaves_the_whole_to_one(beside: list[Verdict]) -> None:
    """A check that says why only a person can decide it makes the criterion pending, with that reason."""
    found = checks(*beside, Verdict.PENDING)
    score = score_criterion(criterion(), found)
    assert (score.verdict, score.earned, score.reason) == (Verdict.PENDING, 0, found[-1].reason)


@pytest.mark.parametrize(
    ("holds", "earned", "verdict"),
    [((0.5,), "0.5", "partial"), ((0.0,), "0", "lost"), ((1.0, 0.25), "0.63", "partial"), ((0.001,), "0", "lost")],
)
def test_a_check_that_holds_in_part(holds: tuple[float, ...], earned: str, verdict: str) -> None:
    """A check that holds in part earns that part of its share, rounded to cents; nothing at all is lost."""
    found = [
        replace(check, holds=each)
        for check, each in zip(
            checks(*[Verdict.LOST if each < 1 else Verdict.EARNED for each in holds]), holds, strict=True
        )
    ]
    score = score_criterion(criterion(), found)
    assert (score.earned, score.verdict.value) == (Decimal(earned), verdict)


def test_no_check_at_all_is_unscored() -> None:
    """A criterion without a check was not asked for: unscored, with a reason that says how to ask for it."""
    score = score_criterion(criterion(), [])
    assert (score.verdict, score.earned) == (Verdict.UNSCORED, 0)
    assert score.reason is not None
    assert "command line" in score.reason.cause


@pytest.mark.parametrize("verdicts", [[], [Verdict.PENDING], [Verdict.EARNED], [Verdict.LOST], [Verdict.UNSCORED]])
def test_what_a_person_marks_is_pending(verdicts: list[Verdict]) -> None:
    """A criterion that a person marks is pending whatever its checks say, and has earned nothing yet."""
    score = score_criterion(criterion(4.0, PERSON), checks(*verdicts))
    assert (score.verdict, score.earned, score.maximum) == (Verdict.PENDING, 0, 4)
    assert len(score.checks) == len(verdicts)


def test_what_a_person_marks_says_what_the_tests_found() -> None:
    """The first reason that a check gives stands beside a person's criterion; without one, it says that a person reads."""
    other = Reason("5", "3", "another cause", "another step")
    found = [check(Verdict.EARNED), check(Verdict.PENDING, reason=WHY), check(Verdict.PENDING, reason=other)]
    assert score_criterion(criterion(4.0, PERSON), found).reason == WHY
    assert score_criterion(criterion(4.0, PERSON), found[:1]).reason == PENDING


@pytest.mark.parametrize(
    ("points", "passed", "count", "earned"),
    [
        (1.0, 1, 3, "0.33"),
        (1.0, 2, 3, "0.67"),
        (0.25, 1, 2, "0.13"),  # half a cent is rounded up
        (0.75, 1, 2, "0.38"),
        (0.01, 1, 2, "0.01"),
        (0.01, 1, 3, "0.00"),
        (0.29, 1, 1, "0.29"),  # 0.29 is no binary fraction
        (1.5, 4, 5, "1.20"),
    ],
)
def test_shares_by_hand(points: float, passed: int, count: int, earned: str) -> None:
    """Shares are rounded to whole cents, halves up, from the points as they are written."""
    verdicts = [Verdict.EARNED] * passed + [Verdict.LOST] * (count - passed)
    assert score_criterion(criterion(points), checks(*verdicts)).earned == Decimal(earned)


verdict_lists = st.lists(st.sampled_from(list(Verdict)), max_size=7)
graded = st.builds(
    lambda points, person, verdicts: score_criterion(
        criterion(points, PERSON if person else "tests"), checks(*verdicts)
    ),
    CENTS,
    st.booleans(),
    verdict_lists,
)


@given(st.integers(0, 3))
def test_tampering_takes_the_whole_criterion(passed: int) -> None:
    """One tampered check leaves nothing of the criterion, however many others passed."""
    score = score_criterion(criterion(1.0), checks(*[Verdict.EARNED] * passed, Verdict.TAMPERED))
    assert (score.verdict, score.earned) == (Verdict.TAMPERED, 0)


@given(CENTS, st.lists(st.sampled_from([Verdict.EARNED, *HONEST]), min_size=1, max_size=9))
def test_a_share_is_what_passed(points: float, verdicts: list[Verdict]) -> None:
    """What is earned is whole cents, within half a cent of the share that passed, and never more than there is."""
    score = score_criterion(criterion(points), checks(*verdicts))
    share = Decimal(str(points)) * verdicts.count(Verdict.EARNED) / len(verdicts)
    assert score.earned % CENT == 0
    assert abs(score.earned - share) <= CENT / 2
    assert 0 <= score.earned <= score.maximum
    assert (score.verdict is Verdict.EARNED) == (set(verdicts) == {Verdict.EARNED})


@given(CENTS, st.lists(st.sampled_from([Verdict.EARNED, *FAULTS]), min_size=1, max_size=9), st.data())
def test_order_of_checks_does_not_matter(points: float, verdicts: list[Verdict], data: st.DataObject) -> None:
    """The same checks in another order earn the same with the same verdict."""
    shuffled = data.draw(st.permutations(verdicts))
    one, other = (score_criterion(criterion(points), checks(*each)) for each in (verdicts, shuffled))
    assert (one.earned, one.verdict) == (other.earned, other.verdict)


@given(graded)
def test_only_passed_checks_earn(score: CriterionScore) -> None:
    """Whatever came out, points are earned only with the verdict earned or partial, and everything else has a reason."""
    if score.verdict not in (Verdict.EARNED, Verdict.PARTIAL):
        assert score.earned == 0
    if score.verdict is Verdict.EARNED:
        assert score.earned == score.maximum
    else:
        assert score.reason is not None


@given(st.lists(graded, max_size=12))
def test_sums_are_exact(scores: Sequence[CriterionScore]) -> None:
    """Sums over criteria agree to the cent: automatic + pending = maximum, earned is part of automatic."""
    points = total(scores)
    assert points.automatic + points.pending == points.maximum
    assert points.maximum == sum((score.maximum for score in scores), Decimal(0))
    assert points.earned == sum((score.earned for score in scores), Decimal(0))
    assert points.earned <= points.automatic
    for value in vars(points).values():
        assert value % CENT == 0


@given(st.lists(graded, max_size=12))
def test_sums_survive_json(scores: Sequence[CriterionScore]) -> None:
    """As numbers of a JSON file the four sums are still the same to the cent, and each is the sum of its parts."""
    points = total(scores)
    told = points.to_json()
    for name, value in told.items():
        assert Decimal(str(value)) == getattr(points, name)
    parts = [score.to_json() for score in scores]
    assert sum((Decimal(str(part["earned"])) for part in parts), Decimal(0)) == points.earned
    assert sum((Decimal(str(part["maximum"])) for part in parts), Decimal(0)) == points.maximum


@given(st.lists(graded, max_size=6), st.lists(graded, max_size=6))
def test_labs_add_up(one: list[CriterionScore], other: list[CriterionScore]) -> None:
    """The sum over labs is the sum over all their criteria."""
    assert sum_points([total(one), total(other)]) == total([*one, *other])


def test_no_labs() -> None:
    """Nothing adds up to nothing."""
    assert sum_points([]) == total([]) == Points(Decimal(0), Decimal(0), Decimal(0), Decimal(0))


def test_unscored_points_stay_automatic() -> None:
    """Points that could not be graded are neither earned nor pending: whoever earned the rest has not earned all."""
    scores = [score_criterion(criterion(2), checks(Verdict.EARNED)), score_criterion(criterion(3), [])]
    assert total(scores) == Points(Decimal(2), Decimal(5), Decimal(0), Decimal(5))


def test_a_criterion_to_json() -> None:
    """Evidence stands under its check's name where there is any, and every check has its verdict and reason."""
    outcomes = [
        CheckOutcome("lx.one", "a", Verdict.EARNED, None, {"measured": "3"}),
        CheckOutcome("lx.one", "b", Verdict.LOST, WHY, {}),
    ]
    told = score_criterion(criterion(0.5), outcomes).to_json()
    assert told["evidence"] == {"a": {"measured": "3"}}
    assert told["checks"] == [
        {"name": "a", "verdict": "earned", "reason": None, "drawn": False, "places": []},
        {"name": "b", "verdict": "lost", "reason": WHY.to_json(), "drawn": False, "places": []},
    ]
    assert (told["earned"], told["maximum"], told["verdict"]) == (0.25, 0.5, "partial")


def bonus(points: float, *verdicts: Verdict) -> CriterionScore:
    return score_criterion(replace(criterion(points, identifier="lx.bonus"), bonus=True), checks(*verdicts))


def earned_of(*scores: CriterionScore) -> tuple[list[float], float, float]:
    """What counts of each criterion, and the sums: earned, maximum."""
    points = total(scores)
    return [float(each.earned) for each in limit_bonuses(scores)], float(points.earned), float(points.maximum)


def test_a_bonus_makes_up_for_what_was_lost() -> None:
    """As much of it counts as was lost elsewhere; the maximum stays what it was."""
    lost = score_criterion(criterion(2), checks(Verdict.EARNED, Verdict.LOST))
    assert earned_of(lost, bonus(0.5, Verdict.EARNED)) == ([1.0, 0.5], 1.5, 2.0)
    assert earned_of(lost, bonus(3, Verdict.EARNED)) == ([1.0, 1.0], 2.0, 2.0)
    assert earned_of(bonus(0.75, Verdict.EARNED), lost, bonus(0.75, Verdict.EARNED))[0] == [0.75, 1.0, 0.25]


def test_a_bonus_lifts_no_total_and_costs_nothing() -> None:
    """Where nothing was lost it counts for nothing, and one that was not earned takes nothing away."""
    full = score_criterion(criterion(2), checks(Verdict.EARNED))
    assert earned_of(full, bonus(0.5, Verdict.EARNED)) == ([2.0, 0.0], 2.0, 2.0)
    assert earned_of(full, bonus(0.5, Verdict.MISSING)) == ([2.0, 0.0], 2.0, 2.0)


def test_a_bonus_stands_for_nothing_that_is_open() -> None:
    """What a person has yet to mark, or could not be graded, is not lost: once it is, the bonus counts."""
    pending = score_criterion(criterion(2, PERSON), [])
    unscored = score_criterion(criterion(2), [])
    extra = bonus(0.5, Verdict.EARNED)
    assert earned_of(pending, unscored, extra)[0] == [0.0, 0.0, 0.0]
    marked = replace(pending, verdict=Verdict.LOST)
    assert earned_of(marked, unscored, extra)[0] == [0.0, 0.0, 0.5]


@given(st.lists(graded, max_size=6), st.lists(st.tuples(CENTS, st.sampled_from([Verdict.EARNED, *FAULTS])), max_size=3))
def test_with_any_bonus_sums_stay_within_bounds(
    scores: list[CriterionScore], extra: list[tuple[float, Verdict]]
) -> None:
    """Automatic + pending = maximum, without the bonuses; earned grows by no more than they earned, up to automatic."""
    bonuses = [bonus(points, verdict) for points, verdict in extra]
    without, points = total(scores), total([*scores, *bonuses])
    assert (points.automatic, points.pending, points.maximum) == (without.automatic, without.pending, without.maximum)
    gained = points.earned - without.earned
    assert 0 <= gained <= sum((each.earned for each in bonuses), Decimal(0))
    assert points.earned <= points.automatic
    assert points.earned == sum((each.earned for each in limit_bonuses([*scores, *bonuses])), Decimal(0))


def test_a_bonus_to_json() -> None:
    """Its maximum is 0, what it is worth stands beside it; what is none has no such figure."""
    told = bonus(0.5, Verdict.EARNED).to_json()
    assert (told["earned"], told["maximum"], told["bonus"]) == (0.5, 0, 0.5)
    assert score_criterion(criterion(2), checks(Verdict.EARNED)).to_json()["bonus"] is None


def test_what_a_quick_look_leaves_out_is_no_zero() -> None:
    """A criterion without a check that has runs left out is not looked at: it loses nothing, and nobody is at fault."""
    score = score_criterion(criterion(), [], ["int8-0.01", "int8-0.8"])
    assert (score.verdict, score.earned, score.lost) == (Verdict.NOT_LOOKED_AT, 0, 0)
    assert not score.decided
    assert not score.so_far
    assert score.reason is not None
    assert score.reason.measured == "not looked at in quick mode"
    assert "int8-0.01, int8-0.8" in score.reason.expected
    assert total([score]).automatic == score.maximum
    assert left_out_points([score]) == score.maximum


def test_a_part_of_the_runs_is_so_far() -> None:
    """The share is that of the checks that were made, and the score says which runs are missing."""
    score = score_criterion(criterion(), checks(Verdict.EARNED, Verdict.LOST), ["other"])
    assert (score.verdict, score.earned, score.left_out) == (Verdict.PARTIAL, Decimal("0.5"), ("other",))
    assert score.so_far
    assert left_out_points([score]) == 0
    assert not score_criterion(criterion(), checks(Verdict.EARNED), []).so_far


def test_what_people_grade_is_not_left_out() -> None:
    """A quick look changes nothing about criteria that are graded manually."""
    score = score_criterion(criterion(marked_by=PERSON), [], ["other"])
    assert (score.verdict, score.left_out, score.reason) == (Verdict.PENDING, (), PENDING)


def test_what_was_deselected_stays_unscored() -> None:
    """Without a run left out, a criterion that has no check was deselected, as in a full grading."""
    assert score_criterion(criterion(), [], ()).verdict is Verdict.UNSCORED


def test_a_bonus_makes_up_for_nothing_that_was_left_out() -> None:
    """What was not looked at is not lost, so that a bonus counts for nothing there."""
    bonus = score_criterion(Criterion("lx.extra", "Extra", 1.0, "tests", bonus=True), checks(Verdict.EARNED))
    left_out = score_criterion(criterion(), [], ["other"])
    assert [score.earned for score in limit_bonuses([left_out, bonus])] == [0, 0]
