"""Whether a summary states what it has to."""

from __future__ import annotations

from collections.abc import Sequence

from graders.written.claims.coverage import Wanted, blanks_of, coverage_of, is_of_file, listed, states, title_of
from graders.written.claims.model import QUALITY, Blank, Check, Claims, Finding, Quantity, Quote
from graders.written.claims.variants import Variant

ALWAYS = (*QUALITY, Quantity.TIME_MS)
"""What the labs ask for of each variant."""


def check_complete(
    claims: Claims, variants: Sequence[Variant], quantities: Sequence[Wanted] = ALWAYS
) -> tuple[Finding, ...]:
    """A finding for each required variant that lacks any of the quantities; it names them all."""
    coverage = coverage_of(claims, variants, quantities)
    by_name = {variant.name: variant for variant in variants}
    return tuple(
        _missing(claims, by_name[name], missing, coverage.wanted) for name, missing in coverage.missing.items()
    )


def _missing(
    claims: Claims, variant: Variant, missing: Sequence[frozenset[Quantity]], wanted: Sequence[frozenset[Quantity]]
) -> Finding:
    blanks = blanks_of(claims, variant.name, missing)
    written = f"; its cell contains {listed(sorted({repr(blank.text) for blank in blanks}))}" if blanks else ""
    others = any(states(claims, variant, quantity) for quantity in Quantity)
    titles = listed([title_of(one) for one in missing])
    return Finding(
        Check.MISSING,
        measured=f"{variant.name}: no {titles}{written}" if others else f"{variant.name}: no value found",
        expected=listed([title_of(one) for one in wanted]),
        cause=_cause(blanks, others, nothing=len(missing) == len(wanted)),
        next=_next(variant.name, missing),
        quotes=tuple(Quote(blank.place, blank.text) for blank in blanks),
        variant=variant.name,
        quantity=next(iter(missing[0])) if len(missing) == 1 and len(missing[0]) == 1 else None,
    )


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
    of_files = [one for one in missing if is_of_file(one)]
    steps = []
    if len(of_files) < len(missing):
        steps.append(f"Add a row '{name}' with the values from {name}-metrics.md to the table.")
    if any(Quantity.BYTES in one for one in of_files):
        steps.append(f"List the sizes of the files (`ls -l`, `dir`), and state that of {name} in bytes.")
    if any(Quantity.BYTES not in one for one in of_files):
        steps.append(f"Put the file of {name} into an archive with `zip`, and state the archive's size and the "
                     "share that `zip` prints as 'deflated'.")  # fmt: skip
    return " ".join(steps)
