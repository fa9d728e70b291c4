"""Whether a summary contradicts itself, or what was measured. Pure functions of its claims."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from graders.written.claims.model import MODEL, TITLES, Check, Claim, Claims, Finding, Form, Quantity
from graders.written.claims.rendering import in_order, shown, stated

WHOLE_TABLE = 3
"""From so many differing figures on, two tables are two sets of measurements, not one with a mistake."""


@dataclass(frozen=True)
class Tolerance:
    """How far a claim may be from what was measured: the larger of both."""

    absolute: float = 0.0
    relative: float = 0.0

    def of(self, value: float) -> float:
        """The distance allowed from ``value``."""
        return max(self.absolute, self.relative * abs(value))


def check_contradictions(claims: Claims) -> tuple[Finding, ...]:
    """The same quantity of the same variant, stated twice and differently: a finding with both places.

    Rounding is no contradiction, nor are 1000 and 1024 bytes in a kilobyte. Where two tables differ in many figures of
    one quantity, that is one finding and a person has to look: they may be of two machines.
    """
    groups: dict[tuple[str, Quantity], list[Claim]] = defaultdict(list)
    for claim in claims.claims:
        if claim.variant != MODEL:
            groups[claim.variant, claim.quantity].append(claim)
    pairs = [pair for group in groups.values() if (pair := _differing(group))]
    findings = []
    for alike in _by_tables(pairs).values():
        if len(alike) >= WHOLE_TABLE:
            findings.append(_two_sets(alike))
        else:
            findings += [_contradiction(one, other) for one, other in alike]
    return in_order(findings)


def _differing(group: Sequence[Claim]) -> tuple[Claim, Claim] | None:
    """The first two claims that can't both be meant; sure ones are looked at first."""
    ordered = sorted(group, key=lambda claim: not claim.sure)[:50]
    for one, other in combinations(ordered, 2):
        if one.high < other.low or other.high < one.low:
            first, second = sorted((one, other), key=lambda claim: claim.place)
            return first, second
    return None


def _by_tables(pairs: Iterable[tuple[Claim, Claim]]) -> dict[object, list[tuple[Claim, Claim]]]:
    """Pairs of the same quantity from the same two tables together."""
    found: dict[object, list[tuple[Claim, Claim]]] = defaultdict(list)
    for number, (one, other) in enumerate(pairs):
        tables = one.form is Form.TABLE and other.form is Form.TABLE
        first, second = (one.place.file, one.begins), (other.place.file, other.begins)
        found[(one.quantity, first, second) if tables and first != second else number].append((one, other))
    return found


def _contradiction(one: Claim, other: Claim) -> Finding:
    return Finding(
        Check.CONTRADICTION,
        measured=f"{stated(one)}, but {shown(other.quantity, other.value)} ({other.place})",
        expected=f"one {TITLES[one.quantity]} for {one.variant}",
        cause="The values are from different runs, or one of them is wrong.",
        next="Use the value from the same run as the others, in both places.",
        quotes=(one.quote, other.quote),
        variant=one.variant,
        quantity=one.quantity,
        sure=one.sure and other.sure,
    )


def _two_sets(pairs: Sequence[tuple[Claim, Claim]]) -> Finding:
    first, second = pairs[0]
    return Finding(
        Check.CONTRADICTION,
        measured=f"{len(pairs)} times another {TITLES[first.quantity]} in two tables, first: {stated(first)}, "
        f"but {shown(second.quantity, second.value)} ({second.place})",
        expected="one value for each variant, or an explanation of how the tables differ",
        cause="The tables are from different runs or machines.",
        next="Use one run for all tables, or say how they differ.",
        quotes=tuple(claim.quote for pair in pairs for claim in pair),
        variant=first.variant,
        quantity=first.quantity,
        sure=False,
    )


def check_evidence(
    claims: Claims,
    measured: Mapping[str, Mapping[Quantity, float]],
    tolerances: Mapping[Quantity, Tolerance],
) -> tuple[Finding, ...]:
    """Claims that are further from what the grader measured than allowed, each beside the measurement.

    Only for the profile that the summary is about. Quantities without a tolerance are not compared; a claim about a
    family fits where it fits one member. The course's own metrics call the sensitivity precision and the precision
    sensitivity, so that each may be either.
    """
    findings = []
    for claim in claims.claims:
        tolerance = tolerances.get(claim.quantity)
        known = [
            measured[name][quantity]
            for name in claim.variants
            for quantity in meant(claim.quantity)
            if quantity in measured.get(name, {})
        ]
        if tolerance is None or not known:
            continue
        if not any(_within(claim, value, tolerance) for value in known):
            findings.append(_against(claim, min(known, key=lambda value: abs(value - claim.value)), tolerance))
    return in_order(findings)


def meant(quantity: Quantity) -> tuple[Quantity, ...]:
    """The quantities that a figure may be one of, by the name that it has."""
    swapped = (Quantity.PRECISION, Quantity.SENSITIVITY)
    return (quantity, *(one for one in swapped if one is not quantity)) if quantity in swapped else (quantity,)


def _within(claim: Claim, value: float, tolerance: Tolerance) -> bool:
    room = tolerance.of(value)
    return claim.low - room <= value <= claim.high + room


def _against(claim: Claim, value: float, tolerance: Tolerance) -> Finding:
    return Finding(
        Check.EVIDENCE,
        measured=stated(claim),
        expected=f"{shown(claim.quantity, value)} as measured, within {shown(claim.quantity, tolerance.of(value))}",
        cause="The value is from a different run, file or model than the submitted code produces.",
        next="Run the submitted code again and use the values from that run.",
        quotes=(claim.quote,),
        variant=claim.variant,
        quantity=claim.quantity,
        sure=claim.sure,
    )
