"""What the measurements say about each threshold: whether it may stay, or what it should be."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import fmean

from graders.selftest.calibration.chances import Group, chance, smallest_limit, spread_of, without_a_model
from graders.selftest.calibration.records import AT_LEAST, MISTAKES, Measured, Sample

ALLOWED = 1e-4
"""Less than one right submission in 10,000 may lose points for a threshold."""
DIGITS = 2
LEAST_GRADINGS = 8
"""Of fewer no other value is proposed."""
DRAWN = "drawn"
"""Part of the names of runs whose value is drawn for the grading."""
ONLY_MISTAKES = "no right submission gets to it: it separates mistakes from each other"
NEVER = "met in no grading: no check records a value for it"


@dataclass(frozen=True)
class Mistake:
    """A case of the corpus whose value is beyond the threshold: the nearest one to it."""

    case: str
    value: float


@dataclass(frozen=True, kw_only=True)
class Finding:
    """A threshold with what right submissions and mistakes gave.

    ``count`` values of right submissions, of one check ``gradings`` at most, from ``low`` to ``high``; ``chance`` that
    right work breaks ``today``'s value, by ``model``; ``unmodelled``: the same of a value beyond all that were seen,
    whatever their distribution.
    ``logarithmic``: ``spread`` and the model are of logarithms. ``proposed`` differs from today's where that lets too
    much right work fail; ``least`` is the nearest limit with the allowed chance. ``beyond`` is the nearest mistake that
    the threshold shows; ``within``, if right work never gets to it, the nearest one of those that keep to it.
    """

    name: str
    side: str
    today: float
    proposed: float
    count: int
    gradings: int
    mean: float
    spread: float
    logarithmic: bool
    low: float
    high: float
    model: str
    chance: float
    least: float
    unmodelled: float
    lost: tuple[str, ...]
    beyond: Mistake | None
    within: Mistake | None
    note: str = ""

    @property
    def holds(self) -> bool:
        """Whether right work breaks it seldom enough, and what breaks it is known to be seen."""
        return not self.count or (not self.lost and self.chance <= ALLOWED)

    @property
    def worst(self) -> float:
        """The value of right work that is nearest to the threshold, or beyond it."""
        return self.low if self.side == AT_LEAST else self.high


def findings(
    limits: Mapping[str, float], results: Sequence[Measured], costs: Mapping[str, frozenset[str]]
) -> list[Finding]:
    """What was found of every threshold, in their order.

    :param limits: their values. :param costs: the criteria that each mistake must cost, by the case's name.
    """
    return [_finding(name, limit, results, costs) for name, limit in limits.items()]


def settled(
    found: Sequence[Finding], results: Sequence[Measured], costs: Mapping[str, frozenset[str]]
) -> list[Finding]:
    """The same with the proposed values in force."""
    return findings({each.name: each.proposed for each in found}, results, costs)


def _finding(name: str, limit: float, results: Sequence[Measured], costs: Mapping[str, frozenset[str]]) -> Finding:
    right = [(each, sample) for each in results if each.job.kind != MISTAKES for sample in _of(each, name)]
    mistakes = [(each.job.case, sample) for each in results if each.job.kind == MISTAKES for sample in _of(each, name)]
    wrong = [(case, sample) for case, sample in mistakes if sample.criterion in costs.get(case, ())]
    sides = {sample.side for _, sample in [*right, *mistakes]}
    side = sides.pop() if len(sides) == 1 else "at most"
    sign = -1.0 if side == AT_LEAST else 1.0
    values = [sample.value for _, sample in right]
    scale = _scale(side, [limit, *values])
    groups = _groups(right, scale)
    spread = spread_of(groups)
    gradings = max((len(group.values) for group in groups), default=0)
    least = scale.back(smallest_limit(groups, spread, ALLOWED)) if groups else math.nan
    finding = Finding(
        name=name,
        side=side,
        today=limit,
        proposed=limit,
        count=len(values),
        mean=fmean(values) if values else math.nan,
        spread=spread.within if values else math.nan,
        logarithmic=scale.logarithmic,
        low=min(values, default=math.nan),
        high=max(values, default=math.nan),
        model=spread.model if values else "none",
        chance=chance(groups, spread, scale.to(limit)),
        least=least,
        # By gradings, not by values: those of one grading depend on each other.
        unmodelled=without_a_model(gradings),
        gradings=gradings,
        lost=tuple(dict.fromkeys(str(each.job) for each, sample in right if sample.beyond(limit))),
        beyond=_nearest([each for each in wrong if each[1].beyond(limit) and each[1].lost], limit),
        within=_nearest([each for each in mistakes if not each[1].beyond(limit)], limit) if not values else None,
    )
    return _with_proposal(finding, sign)


def _of(measured: Measured, name: str) -> list[Sample]:
    return [sample for sample in measured.samples if sample.threshold == name]


@dataclass(frozen=True)
class _Scale:
    """How values are looked at: larger ones are made the worse ones; in logarithms, if ``logarithmic``."""

    sign: float
    logarithmic: bool

    def to(self, value: float) -> float:
        return self.sign * (math.log(value) if self.logarithmic else value)

    def back(self, value: float) -> float:
        return math.exp(self.sign * value) if self.logarithmic else self.sign * value


def _scale(side: str, values: Sequence[float]) -> _Scale:
    """A quantity that is above 0 and must not be too small can't go below 0 either: it falls by a share of itself."""
    return _Scale(-1.0 if side == AT_LEAST else 1.0, side == AT_LEAST and min(values, default=0.0) > 0)


def _groups(right: Sequence[tuple[Measured, Sample]], scale: _Scale) -> list[Group]:
    """The values by submission and by check."""
    checks = [f"{sample.criterion} {sample.check.partition(' (')[0]}" for _, sample in right]
    # If every run has a drawn value, the values are not what matters.
    apart = not all(DRAWN in check for check in checks)
    found: dict[tuple[str, str], dict[str, float]] = {}
    for (measured, sample), check in zip(right, checks, strict=True):
        job = measured.job
        drawn = apart and DRAWN in check
        key = (f"{job.kind}/{job.case}", f"{check} {job.seed}" if drawn else check)
        found.setdefault(key, {})[str(job)] = scale.to(sample.value)
    return [Group(*key, tuple(each.values()), tuple(each), apart and DRAWN in key[1]) for key, each in found.items()]


def _nearest(found: Sequence[tuple[str, Sample]], limit: float) -> Mistake | None:
    nearest = min(found, key=lambda each: abs(each[1].value - limit), default=None)
    return None if nearest is None else Mistake(nearest[0], nearest[1].value)


def _with_proposal(finding: Finding, sign: float) -> Finding:
    if finding.holds:
        note = "" if finding.count else ONLY_MISTAKES if finding.beyond or finding.within else NEVER
        return replace(finding, note=note)
    if finding.gradings < LEAST_GRADINGS or not math.isfinite(finding.least):
        return replace(finding, note=f"too few gradings, {finding.gradings}, to propose another value")
    proposed = rounded(finding.least, up=sign > 0)
    if finding.beyond is not None and sign * proposed >= sign * finding.beyond.value:
        note = f"{proposed:g} would let right work pass, and {finding.beyond.case} as well"
        return replace(finding, note=note)
    return replace(finding, proposed=proposed, note="changed")


def rounded(value: float, *, up: bool) -> float:
    """With two digits, towards the side that lets more pass."""
    if value == 0 or not math.isfinite(value):
        return value
    unit = 10.0 ** (math.floor(math.log10(abs(value))) - DIGITS + 1)
    units = math.ceil(value / unit - 1e-9) if up else math.floor(value / unit + 1e-9)
    return float(f"{units * unit:.{DIGITS}g}")
