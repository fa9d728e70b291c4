"""Whether a summary states what it has to."""

from __future__ import annotations

from collections.abc import Sequence

from graders.written.claims.model import QUALITY, SIZES, TITLES, Blank, Check, Claims, Finding, Quantity, Quote
from graders.written.claims.variants import Variant

ALWAYS = (*QUALITY, Quantity.TIME_MS)
"""What the labs ask for of each variant."""
Wanted = Quantity | frozenset[Quantity]
"""A quantity, or several of which one is enough."""
_OF_FILES = SIZES | {Quantity.DEFLATION}


def check_complete(
    claims: Claims, variants: Sequence[Variant], quantities: Sequence[Wanted] = ALWAYS
) -> tuple[Finding, ...]:
    """A finding for each required variant that lacks any of the quantities; it names them all.

    A figure for a family ("INT8") is none for its members, except a size, which is the same for all of them.
    """
    findings = (_missing(claims, variant, quantities) for variant in variants if variant.required)
    return tuple(finding for finding in findings if finding is not None)


def _missing(claims: Claims, variant: Variant, quantities: Sequence[Wanted]) -> Finding | None:
    wanted = [frozenset({one}) if isinstance(one, Quantity) else one for one in quantities]
    missing = [one for one in wanted if not any(_states(claims, variant, quantity) for quantity in one)]
    if not missing:
        return None
    titles = [_title(one) for one in missing]
    blanks = [
        blank for blank in claims.blanks if blank.variant == variant.name and {blank.quantity} & set().union(*missing)
    ]
    written = f"; its cell contains {_listed(sorted({repr(blank.text) for blank in blanks}))}" if blanks else ""
    others = any(_states(claims, variant, quantity) for quantity in Quantity)
    return Finding(
        Check.MISSING,
        measured=f"{variant.name}: no {_listed(titles)}{written}" if others else f"{variant.name}: no value found",
        expected=_listed([_title(one) for one in wanted]),
        cause=_cause(blanks, others, nothing=len(missing) == len(wanted)),
        next=_next(variant.name, missing),
        quotes=tuple(Quote(blank.place, blank.text) for blank in blanks),
        variant=variant.name,
        quantity=next(iter(missing[0])) if len(missing) == 1 and len(missing[0]) == 1 else None,
    )


def _title(wanted: frozenset[Quantity]) -> str:
    return " or ".join(sorted(TITLES[quantity] for quantity in wanted))


def _cause(blanks: Sequence[Blank], others: bool, *, nothing: bool) -> str:
    if not others:
        return (
            "Its cells contain no numbers."
            if blanks
            else "The variant is not in the summary, or is under another name."
        )
    return "The summary has other values for it, but none of these." if nothing else "Some values are missing."


def _next(name: str, missing: Sequence[frozenset[Quantity]]) -> str:
    """Where the figures come from: the metrics file has no sizes."""
    of_files = [one for one in missing if one <= _OF_FILES]
    steps = []
    if len(of_files) < len(missing):
        steps.append(f"Add a row '{name}' with the values from {name}-metrics.md to the table.")
    if any(Quantity.BYTES in one for one in of_files):
        steps.append(f"List the sizes of the files (`ls -l`, `dir`), and state that of {name} in bytes.")
    if any(Quantity.BYTES not in one for one in of_files):
        steps.append(f"Put the file of {name} into an archive with `zip`, and state the archive's size and the "
                     "share that `zip` prints as 'deflated'.")  # fmt: skip
    return " ".join(steps)


def _states(claims: Claims, variant: Variant, quantity: Quantity) -> bool:
    shared = quantity is Quantity.BYTES and variant.kind == "int8"
    return any(
        claim.quantity is quantity
        and (claim.variants == (variant.name,) or (shared and variant.name in claim.variants))
        for claim in claims.claims
    )


def _listed(items: Sequence[str]) -> str:
    return items[0] if len(items) == 1 else ", ".join(items[:-1]) + " and " + items[-1]
