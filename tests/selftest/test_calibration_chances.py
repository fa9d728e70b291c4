"""How likely right work is to break a limit: held against distributions whose tails are known."""

from __future__ import annotations

import math
import random
from statistics import NormalDist

import pytest

from graders.selftest.calibration.chances import (
    CONSTANT,
    GUMBEL,
    NORMAL,
    NOTHING,
    Group,
    chance,
    smallest_limit,
    spread_of,
    without_a_model,
)
from graders.selftest.calibration.chances import _chi_square as chi_square

SEEDS = 40
ALLOWED = 1e-4


def group(check: str, values: list[float], submission: str = "reference") -> Group:
    return Group(submission, check, tuple(values), tuple(f"{submission}, seed {n}" for n, _ in enumerate(values)))


def normal(seed: int, checks: int, seeds: int = SEEDS) -> list[Group]:
    """Values of checks with means of their own and a spread of 1."""
    source = random.Random(seed)
    return [group(str(at), [source.gauss(at, 1) for _ in range(seeds)]) for at in range(checks)]


def test_a_limit_is_broken_no_more_often_than_it_says() -> None:
    """Of 100 calibrations on normal values, at least 95 % give a limit with at most the allowed chance."""
    safe = 0
    for seed in range(100):
        groups = normal(seed, 3, 10)
        limit = smallest_limit(groups, spread_of(groups), ALLOWED)
        truth = sum(1 - NormalDist(at, 1).cdf(limit) for at in range(3))
        safe += truth <= ALLOWED
    assert safe >= 95


def test_more_values_bring_the_limit_nearer() -> None:
    """With more gradings less is left to doubt, down to what a known distribution would give."""
    limits = [smallest_limit(found, spread_of(found), ALLOWED) for found in (normal(1, 1, n) for n in (4, 16, 1000))]
    assert limits[0] > limits[1] > limits[2]
    assert limits[2] == pytest.approx(NormalDist().inv_cdf(1 - ALLOWED), abs=0.4)


def test_chance_and_limit_are_inverse() -> None:
    """The smallest limit has just the allowed chance, and a larger one less."""
    groups = normal(2, 5)
    spread = spread_of(groups)
    limit = smallest_limit(groups, spread, ALLOWED)
    assert chance(groups, spread, limit) == pytest.approx(ALLOWED, rel=1e-6)
    assert chance(groups, spread, limit + 1) < ALLOWED < chance(groups, spread, limit - 1)


def test_a_heavy_tail_is_noticed() -> None:
    """Exponential values are not taken for normal ones, and the limit goes up for it."""
    source = random.Random(3)
    groups = [group("a", [source.expovariate(1) for _ in range(100)])]
    spread = spread_of(groups)
    assert spread.model == GUMBEL
    assert smallest_limit(groups, spread, ALLOWED) > -math.log(ALLOWED) * 0.8
    assert spread_of(normal(3, 1, 100)).model == NORMAL


def test_values_of_a_grading_that_go_together_count_for_less() -> None:
    """Five checks that say the same in each grading tell hardly more of the spread than one does."""
    source = random.Random(4)
    shared = [source.gauss(0, 1) for _ in range(10)]
    alone = spread_of([group("0", shared)])
    together = spread_of([group(str(at), shared) for at in range(5)])
    apart = spread_of(normal(4, 5, 10))
    assert together.within == pytest.approx(alone.within)
    assert together.upper == pytest.approx(alone.upper, rel=0.02)
    assert apart.upper / apart.within < together.upper / together.within


def test_a_submission_is_as_likely_to_fail_as_its_checks_together() -> None:
    """Chances of one submission's checks add up; of several submissions the worst one counts."""
    ten = normal(5, 1) * 10
    spread = spread_of(ten)
    one = chance(ten[:1], spread, 5)
    assert chance(ten, spread, 5) == pytest.approx(10 * one)
    others = [Group(f"submission {at}", each.check, each.values, each.gradings) for at, each in enumerate(ten)]
    assert chance(others, spread, 5) == pytest.approx(one)


def test_what_never_varied() -> None:
    """Values that are all the same need no model, and any limit they keep to is kept."""
    groups = [group("a", [0.5] * 8), group("b", [0.25] * 8)]
    spread = spread_of(groups)
    assert spread.model == CONSTANT
    assert smallest_limit(groups, spread, ALLOWED) == 0.5
    assert (chance(groups, spread, 0.5), chance(groups, spread, 0.4)) == (0, 1)


def test_a_single_value_says_nothing() -> None:
    """Where no check has two values, no chance can be told and no limit proposed."""
    groups = [group("a", [0.5]), group("b", [0.6])]
    spread = spread_of(groups)
    assert spread.model == NOTHING
    assert (chance(groups, spread, 10), smallest_limit(groups, spread, ALLOWED)) == (1, math.inf)


def test_a_value_beyond_the_limit_is_certain_to_break_it() -> None:
    """What was seen to happen is not told to be unlikely."""
    groups = [group("a", [0.0, 0.1, 0.2, 3.0])]
    assert chance(groups, spread_of(groups), 2.9) == 1


@pytest.mark.parametrize(
    ("freedom", "quantile"), [(7, 1.690), (10, 3.247), (30, 16.791), (100, 74.222)]
)  # of tables of chi-square at 0.025
def test_quantiles_of_chi_square(freedom: int, quantile: float) -> None:
    """The approximation is within 2 % of the tables, and at the lower end not above them."""
    assert chi_square(0.025, freedom) == pytest.approx(quantile, rel=0.02)
    assert chi_square(0.025, freedom) <= quantile * 1.001


def test_without_a_model() -> None:
    """The distribution-free bound is the rule of three for many values, and nothing is known from none."""
    assert without_a_model(300) == pytest.approx(3 / 300, rel=0.01)
    assert without_a_model(0) == 1
