"""What a summary lacks is named with what stands in its place and where to get it."""

from __future__ import annotations

import pytest

from graders.written.claims import (
    ALWAYS,
    Basis,
    Blank,
    Claim,
    Claims,
    Finding,
    Form,
    Place,
    Quantity,
    Variant,
    check_complete,
)
from graders.written.claims.coverage import Wanted

Q = Quantity
NATIVE = Variant.named("native")


def claim(quantity: Quantity) -> Claim:
    return Claim(("native",), quantity, 1.0, 1.0, 1.0, Place("summary.md", 1), "1", Form.TABLE, Basis.WORD, 1)


def blank(variant: str, quantity: Quantity, line: int, text: str) -> Blank:
    return Blank(variant, quantity, Place("summary.md", line), text)


def lacking(stated: tuple[Quantity, ...], wanted: tuple[Wanted, ...], *blanks: Blank) -> Finding:
    (found,) = check_complete(Claims(tuple(map(claim, stated)), blanks), [NATIVE], wanted)
    return found


def test_blanks_in_place_of_what_is_missing_are_quoted() -> None:
    """Not those of another variant, nor those of a quantity that is stated elsewhere."""
    found = lacking(
        (Q.ACCURACY, Q.PRECISION), (Q.ACCURACY, Q.PRECISION, Q.TIME_MS),
        blank("native", Q.ACCURACY, 3, "see below"), blank("native", Q.TIME_MS, 4, "n/a"),
        blank("tflite-fp32", Q.TIME_MS, 5, "soon"), blank("tflite-fp32", Q.ACCURACY, 6, "-"),
    )  # fmt: skip
    assert [(quote.place.line, quote.text) for quote in found.quotes] == [(4, "n/a")]
    assert found.measured == "native: no inference time; its cell contains 'n/a'"


def test_everything_missing_is_listed() -> None:
    """In the order in which it is asked for, with each text that stands there once."""
    blanks = [blank("native", one, line, "?" if line % 2 else "-") for line, one in enumerate(ALWAYS)]
    found = lacking((Q.ACCURACY,), ALWAYS, *blanks)
    assert found.measured == (
        "native: no mean precision, mean sensitivity, G-mean and inference time; its cell contains '-' and '?'"
    )
    assert found.expected == "accuracy, mean precision, mean sensitivity, G-mean and inference time"


EITHER = frozenset({Q.ZIP_BYTES, Q.DEFLATION})


@pytest.mark.parametrize(
    ("wanted", "quantity"),
    [
        ((Q.TIME_MS,), Q.TIME_MS),
        ((Q.TIME_MS, Q.ACCURACY), Q.TIME_MS),
        ((Q.TIME_MS, Q.PRECISION), None),
        ((Q.TIME_MS, EITHER), None),
        ((EITHER,), None),
    ],
    ids=["one", "one of two", "two", "one and either of two", "either of two"],
)  # fmt: skip
def test_a_finding_is_about_one_quantity_where_only_that_is_missing(
    wanted: tuple[Wanted, ...], quantity: Quantity | None
) -> None:
    """It is about none where several are, or where either of two would do."""
    assert lacking((Q.ACCURACY,), wanted).quantity is quantity


TABLE, LIST, ARCHIVE = "Add a row 'native'", "List the sizes of the files", "into an archive with `zip`"


@pytest.mark.parametrize(
    ("wanted", "steps"),
    [
        ((Q.TIME_MS,), [TABLE]),
        ((Q.BYTES,), [LIST]),
        ((Q.ZIP_BYTES,), [ARCHIVE]),
        ((Q.DEFLATION,), [ARCHIVE]),
        ((EITHER,), [ARCHIVE]),
        ((frozenset({Q.BYTES, Q.ZIP_BYTES, Q.DEFLATION}),), [LIST]),
        ((Q.BYTES, EITHER), [LIST, ARCHIVE]),
        ((Q.TIME_MS, Q.BYTES, Q.ZIP_BYTES), [TABLE, LIST, ARCHIVE]),
    ],
    ids=["time", "size", "zipped", "deflation", "either", "any of a file", "size and either", "all"],
)  # fmt: skip
def test_where_a_figure_comes_from(wanted: tuple[Wanted, ...], steps: list[str]) -> None:
    """The metrics file has no sizes; a file's own size needs no archive."""
    found = lacking((Q.ACCURACY,), wanted)
    assert [step for step in (TABLE, LIST, ARCHIVE) if step in found.next] == steps
