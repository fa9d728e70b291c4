"""How likely it is that right work breaks a limit, from values that right work gave.

Values come in groups: one check of one submission, over seeds. A group has a median of its own; the spread around it
is taken to be the same for all groups, or a group's own if that is larger. It is the spread of the worse half: how
far values lie beyond their median, since only that side can break a limit. Median and spread enter at their upper
confidence limits (97.5 % each, so 95 % together): few values make the chance larger, never smaller; and values of one
grading, which share its images and its model, count for less the more they go together. The tail is that of a normal
distribution, unless the worse half's kurtosis is larger than one's (at 5 %): then that of Gumbel's extreme value
distribution of the same mean and spread, whose tail falls off as an exponential function does, much more slowly.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist, fmean, median

CONFIDENCE = 0.975
HEAVY = 1.645
"""The 95th percentile of the normal distribution."""
# The standard error of a median is larger than that of a mean by this factor, for normal values.
OF_MEDIAN = math.sqrt(math.pi / 2)
EULER = 0.5772156649
STEPS = 50
CONSTANT, NORMAL, GUMBEL, NOTHING = "constant", "normal", "Gumbel", "too few values"


@dataclass(frozen=True)
class Group:
    """The values that one check of one submission gave, larger ones being worse, and in which grading it gave each.

    ``drawn``: the check's run is of a value drawn for the grading, so it is another one each time, with one value.
    """

    submission: str
    check: str
    values: tuple[float, ...]
    gradings: tuple[str, ...]
    drawn: bool = False


@dataclass(frozen=True)
class Spread:
    """What the groups have in common: the spread within them, its upper confidence limit, and the model of the tail."""

    model: str
    within: float
    upper: float


def spread_of(groups: Sequence[Group]) -> Spread:
    """The spread within groups. If no group has two values, it is unknown."""
    several = [group for group in groups if len(group.values) > 1]
    by_grading: dict[str, list[float]] = {}
    for group in several:
        for grading, residual in zip(group.gradings, _residuals(group.values), strict=True):
            by_grading.setdefault(grading, []).append(residual)
    residuals = [residual for each in by_grading.values() for residual in each]
    freedom = float(len(residuals) - len(several))
    if not freedom:
        return Spread(NOTHING, math.inf, math.inf)
    largest = max(abs(value) for group in groups for value in group.values)
    within = _worse(residuals, freedom)
    # Half a unit in the last place of a value is no spread.
    if within <= 1e-12 * largest:
        return Spread(CONSTANT, 0.0, 0.0)
    effect = _design_effect(list(by_grading.values()))
    # Of the worse half alone, so half as much is known.
    known = max(1.0, freedom / 2 / effect)
    upper = within * math.sqrt(known / _chi_square(1 - CONFIDENCE, known))
    return Spread(GUMBEL if _heavy(residuals, effect) else NORMAL, within, upper)


def _residuals(values: Sequence[float]) -> list[float]:
    middle = median(values)
    return [value - middle for value in values]


def _worse(residuals: Sequence[float], freedom: float) -> float:
    """The standard deviation that the worse half has, mirrored; of all values if none is worse than the median."""
    worse = [residual for residual in residuals if residual > 0]
    if worse:
        return math.sqrt(2 * sum(residual**2 for residual in worse) / freedom)
    return math.sqrt(sum(residual**2 for residual in residuals) / freedom)


def _heavy(residuals: Sequence[float], effect: float) -> bool:
    """Whether the worse half, mirrored, has a larger kurtosis than a normal distribution."""
    half = len(residuals) / 2
    second = sum(residual**2 for residual in residuals if residual > 0) / half
    fourth = sum(residual**4 for residual in residuals if residual > 0) / half
    return second > 0 and (fourth / second**2 - 3) * math.sqrt(half / effect / 24) > HEAVY


def _design_effect(by_grading: Sequence[Sequence[float]]) -> float:
    """By how much less a variance is known because residuals of a grading go together: 1 + (k - 1) · correlation²."""
    pairs = sum(len(each) * (len(each) - 1) for each in by_grading)
    if not pairs:
        return 1.0
    products = sum(sum(each) ** 2 - sum(residual**2 for residual in each) for each in by_grading)
    square = fmean(residual**2 for each in by_grading for residual in each)
    correlation = min(1.0, max(0.0, products / (pairs * square)))
    return 1 + (fmean(len(each) for each in by_grading) - 1) * correlation**2


def _chi_square(probability: float, freedom: float) -> float:
    """A quantile of chi-square, by Wilson and Hilferty (1931); at the lower end a little too small: the safe side."""
    part = 2 / (9 * freedom)
    return float(freedom * max(0.05, 1 - part + NormalDist().inv_cdf(probability) * math.sqrt(part)) ** 3)


def chance(groups: Sequence[Group], spread: Spread, limit: float) -> float:
    """The chance of a value beyond ``limit`` in any check of a submission, for the submission where it is largest."""
    shown: dict[str, float] = {}
    drawn: dict[str, float] = {}
    for group in groups:
        found = _chance(group, spread, limit)
        # Of the runs with a drawn value there is one in a grading.
        if group.drawn:
            drawn[group.submission] = max(drawn.get(group.submission, 0.0), found)
        else:
            shown[group.submission] = shown.get(group.submission, 0.0) + found
    return max((min(1.0, shown.get(name, 0.0) + drawn.get(name, 0.0)) for name in {*shown, *drawn}), default=0.0)


def _chance(group: Group, spread: Spread, limit: float) -> float:
    if max(group.values) > limit:
        return 1.0
    if spread.model == CONSTANT:
        return 0.0
    if spread.model == NOTHING:
        return 1.0
    count = len(group.values)
    own = _worse(_residuals(group.values), count - 1) if count > 1 else 0.0
    doubt = NormalDist().inv_cdf(CONFIDENCE) * spread.upper / math.sqrt(count) * (OF_MEDIAN if count > 2 else 1)
    distance = (limit - median(group.values) - doubt) / max(spread.upper, own)
    if spread.model == NORMAL:
        return math.erfc(distance / math.sqrt(2)) / 2
    return -math.expm1(-math.exp(min(700.0, -(math.pi / math.sqrt(6)) * distance - EULER)))


def smallest_limit(groups: Sequence[Group], spread: Spread, allowed: float) -> float:
    """The smallest limit that right work breaks with a chance of ``allowed`` at most; infinite if none is known."""
    if spread.model == NOTHING:
        return math.inf
    low = max(value for group in groups for value in group.values)
    if spread.model == CONSTANT:
        return low
    high = low + 1000 * spread.upper
    for _ in range(STEPS):
        middle = (low + high) / 2
        low, high = (low, middle) if chance(groups, spread, middle) <= allowed else (middle, high)
    return high


def without_a_model(count: int) -> float:
    """How large the chance of a value beyond ``count`` seen ones may be, whatever their distribution; 95 % sure."""
    return 1.0 if count < 1 else float(1 - 0.05 ** (1 / count))
