"""How much of what a lab asks for a summary states: so many values of so many variants, each worth the same."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from graders.written.claims.model import SIZES, TITLES, Blank, Claims, Quantity
from graders.written.claims.variants import Variant
from graders.written.claims.vocabulary import is_undefined

Wanted = Quantity | frozenset[Quantity]
"""A quantity, or several of which one is enough."""
SHOWN = 3


@dataclass(frozen=True)
class Coverage:
    """The values that are wanted of each variant, and those that are missing, by variant in the order of the lab's.

    ``written``: what is in their place.
    """

    variants: tuple[str, ...]
    wanted: tuple[frozenset[Quantity], ...]
    missing: Mapping[str, tuple[frozenset[Quantity], ...]]
    written: tuple[str, ...] = ()

    @property
    def share(self) -> float:
        """The share of the values that are stated."""
        total = len(self.variants) * len(self.wanted)
        return 1 - sum(len(titles) for titles in self.missing.values()) / total if total else 1.0

    @property
    def lacking(self) -> frozenset[Quantity]:
        """The quantities that are missing of some variant."""
        return frozenset(quantity for gone in self.missing.values() for one in gone for quantity in one)

    @property
    def blanks(self) -> str:
        """What is written in place of the missing values."""
        return f"; their cells contain {listed([repr(text) for text in self.written])}" if self.written else ""

    @property
    def line(self) -> str:
        """What is missing, in one line: "no value of native; no G-mean of any of the 7 variants"."""
        empty = [name for name, gone in self.missing.items() if len(gone) == len(self.wanted)]
        parts = [f"no value of {self._names(empty)}"] if empty else []
        for one in self.wanted:
            lacking = [name for name in self._lacking(one) if name not in empty]
            parts += [f"no {title_of(one)} of {self._names(lacking)}"] if lacking else []
        return "; ".join(parts)

    def _lacking(self, wanted: frozenset[Quantity]) -> list[str]:
        return [name for name, gone in self.missing.items() if wanted in gone]

    def _names(self, names: Sequence[str]) -> str:
        if len(names) == len(self.variants):
            return f"any of the {len(names)} variants" if len(names) > 1 else names[0]
        if len(names) > SHOWN:
            more = len(names) - SHOWN
            return f"{', '.join(names[:SHOWN])} and {more} more variant{'s' if more > 1 else ''}"
        return listed(names)


def coverage_of(claims: Claims, variants: Sequence[Variant], quantities: Sequence[Wanted]) -> Coverage:
    """What claims state of the required variants.

    A figure for a family ("INT8") is none for its members, except a size, which is the same for all of them. A size
    follows from the archive's and its deflation. NaN is a value: what the course's own metrics give where a class is
    never predicted.
    """
    wanted = tuple(frozenset({one}) if isinstance(one, Quantity) else one for one in quantities)
    required = [variant for variant in variants if variant.required]
    undefined = {(blank.variant, blank.quantity) for blank in claims.blanks if is_undefined(blank.text)}
    missing = {}
    for variant in required:
        gone = tuple(one for one in wanted if not _has_any(claims, variant, one, undefined))
        if gone:
            missing[variant.name] = gone
    blanks = [blank.text for name, gone in missing.items() for blank in blanks_of(claims, name, gone)]
    return Coverage(tuple(variant.name for variant in required), wanted, missing, tuple(sorted(set(blanks)))[:SHOWN])


def _has_any(
    claims: Claims, variant: Variant, wanted: frozenset[Quantity], undefined: set[tuple[str, Quantity]]
) -> bool:
    return any(states(claims, variant, one) or (variant.name, one) in undefined for one in wanted)


def states(claims: Claims, variant: Variant, quantity: Quantity) -> bool:
    """Whether claims have a quantity of a variant, or what it follows from."""
    shared = quantity is Quantity.BYTES and variant.kind == "int8"
    stated = any(
        claim.quantity is quantity
        and (claim.variants == (variant.name,) or (shared and variant.name in claim.variants))
        for claim in claims.claims
    )
    archive = (Quantity.ZIP_BYTES, Quantity.DEFLATION)
    return stated or (quantity is Quantity.BYTES and all(claims.of(variant.name, one) for one in archive))


def blanks_of(claims: Claims, variant: str, missing: Sequence[frozenset[Quantity]]) -> list[Blank]:
    """What is written where the missing values of a variant would be."""
    quantities = frozenset[Quantity]().union(*missing)
    return [blank for blank in claims.blanks if blank.variant == variant and blank.quantity in quantities]


def title_of(wanted: frozenset[Quantity]) -> str:
    """A quantity's name, or those of several: "deflation or zipped size"."""
    return " or ".join(sorted(TITLES[quantity] for quantity in wanted))


def is_of_file(wanted: frozenset[Quantity]) -> bool:
    """Whether it is a property of a file, of which the metrics file says nothing."""
    return wanted <= SIZES | {Quantity.DEFLATION}


def listed(items: Sequence[str]) -> str:
    """Items as a sentence lists them: "a, b and c"."""
    return items[0] if len(items) == 1 else ", ".join(items[:-1]) + " and " + items[-1]
