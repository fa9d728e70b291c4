"""Sizes without a unit in a summary that does not say how large the model is: what `ls -s` prints, a bare column.

They are sizes if they fit each other: archives that leave of one file what the deflations beside them say, or files of
one network, which are all as large. The largest tells the unit.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import combinations

from graders.written.claims.model import SIZES, Basis, Claim, Quantity
from graders.written.claims.numerals import Kind, Unit
from graders.written.claims.variants import Variant

SURELY_BYTES = 10_000
_BYTES_FROM, _KILOBYTES_FROM = 30_000, 100
"""No model of a lab has a largest file of fewer bytes, or of more kilobytes or fewer than these."""
_ROUNDING = 0.01
_ALIKE = 0.02
_KILOBYTE, _MEGABYTE = Unit(Kind.BYTES, 1e3, 2**10), Unit(Kind.BYTES, 1e6, 2**20)
_FEWEST = 2


def settle_bare_sizes(claims: Sequence[Claim], variants: Sequence[Variant]) -> list[Claim]:
    """The claims, with sizes of an unknown unit in the unit that they must have, or without them if they do not fit."""
    bare = [claim for claim in claims if claim.bare and claim.quantity in SIZES]
    if all(_is_bytes(claim) for claim in bare):
        return list(claims)
    floats = {variant.name for variant in variants if variant.bits == 32}
    sizes = [claim for claim in bare if claim.variant in floats]
    archives = [claim for claim in sizes if claim.quantity is Quantity.ZIP_BYTES]
    files = [claim for claim in sizes if claim.quantity is Quantity.BYTES]
    deflations = _deflations(claims)
    if not _are_alike(files) and _are_left(files, deflations):
        claims = [replace(one, quantity=Quantity.ZIP_BYTES) if one in files else one for one in claims]
    elif not (_are_alike(files) or _are_left(archives, deflations)):
        return [claim for claim in claims if not claim.bare or _is_bytes(claim)]
    largest = max(claim.value for claim in bare)
    if largest >= _BYTES_FROM:
        return list(claims)
    unit = _KILOBYTE if largest >= _KILOBYTES_FROM else _MEGABYTE
    return [_in_unit(claim, unit) if claim.bare and claim.quantity in SIZES else claim for claim in claims]


def _is_bytes(claim: Claim) -> bool:
    return claim.value >= SURELY_BYTES and claim.value == int(claim.value)


def _in_unit(claim: Claim, unit: Unit) -> Claim:
    value, low, high = claim.value * unit.factor, claim.low * unit.factor, claim.high * unit.most
    return replace(claim, value=value, low=low, high=high, basis=Basis.GUESS)


def _deflations(claims: Sequence[Claim]) -> dict[str, Claim]:
    found: dict[str, Claim] = {}
    for claim in claims:
        if claim.quantity is Quantity.DEFLATION:
            found.setdefault(claim.variant, claim)
    return found


def _are_alike(files: Sequence[Claim]) -> bool:
    """Whether files of several variants have one size, as files with 32 bits a weight have."""
    by_variant: dict[str, list[float]] = defaultdict(list)
    for claim in files:
        by_variant[claim.variant].append(claim.value)
    smallest = [min(values) for values in by_variant.values()]
    return len(smallest) >= _FEWEST and max(smallest) - min(smallest) <= _ALIKE * max(smallest)


def _are_left(sizes: Sequence[Claim], deflations: Mapping[str, Claim]) -> bool:
    """Whether sizes of several variants are what their deflations leave of one file."""
    whole = []
    for claim in sizes:
        stated = deflations.get(claim.variant)
        if stated is not None and stated.high < 1:
            most, least = 1 - stated.low + _ROUNDING, max(1 - stated.high - _ROUNDING, _ROUNDING)
            whole.append((claim.low / most, claim.high / least, claim.variant))
    pairs = [(one, other) for one, other in combinations(whole[:50], 2) if one[2] != other[2]]
    return len(pairs) > 0 and all(one[0] <= other[1] and other[0] <= one[1] for one, other in pairs)
