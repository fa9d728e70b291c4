"""Each value of each variant is worth the same, and what is missing is named in one line."""

from __future__ import annotations

import pytest

from graders.written.claims import Variant, coverage_of, find_claims
from graders.written.claims.coverage import Wanted
from graders.written.claims.model import QUALITY, Quantity

Q = Quantity
NAMES = ("native", "tflite-fp32", "clustered-2-fp32", "clustered-4-fp32", "pruned-0.5-fp32")
VARIANTS = tuple(Variant.named(name) for name in NAMES)
ALL: tuple[Wanted, ...] = (*QUALITY, Q.TIME_MS)
HEAD = "| model | accuracy | precision | sensitivity | G-mean | time (ms) |\n|---|---|---|---|---|---|\n"
ROW = "| {} | 0.9 | 0.8 | 0.7 | 0.6 | 4.2 |\n"


def share_and_line(text: str, wanted: tuple[Wanted, ...] = ALL) -> tuple[float, str]:
    found = coverage_of(find_claims(text, VARIANTS), VARIANTS, wanted)
    return round(found.share, 4), found.line


def test_each_value_counts_once() -> None:
    """A column, a row and a cell that are missing cost what they are."""
    whole = HEAD + "".join(ROW.format(name) for name in NAMES)
    assert share_and_line(whole) == (1.0, "")
    column = "\n".join("|".join(line.split("|")[:5] + line.split("|")[6:]) for line in whole.splitlines())
    assert share_and_line(column) == (0.8, "no G-mean of any of the 5 variants")
    row = HEAD + "".join(ROW.format(name) for name in NAMES[1:])
    assert share_and_line(row) == (0.8, "no value of native")
    cell = whole.replace(ROW.format("native"), "| native | 0.9 | 0.8 | 0.7 | - | 4.2 |\n")
    assert share_and_line(cell) == (0.96, "no G-mean of native")
    assert share_and_line(HEAD + ROW.format("native")) == (
        0.2, "no value of tflite-fp32, clustered-2-fp32, clustered-4-fp32 and 1 more variant",
    )  # fmt: skip


@pytest.mark.parametrize("nan", ["nan", "NaN", "NAN", "`nan`", "-nan", "nan %"])
def test_nan_is_a_value(nan: str) -> None:
    """In a cell, and in a line behind its quantity; a dash is none."""
    table = HEAD + "".join(ROW.format(name) for name in NAMES).replace("0.6", nan)
    assert share_and_line(table) == (1.0, "")
    lines = "".join(f"## {name}\n\n- accuracy: 0.9\n- mean precision: {nan}\n\n" for name in NAMES)
    assert share_and_line(lines, (Q.ACCURACY, Q.PRECISION)) == (1.0, "")
    assert share_and_line(lines.replace(nan, "-"), (Q.ACCURACY, Q.PRECISION))[0] == 0.5


def test_a_word_with_nan_in_it_is_none() -> None:
    """Nor is one that stands before any quantity, or that no variant is named for."""
    text = "## native\n\n- accuracy: nano\n- nan: accuracy\n\n"
    assert share_and_line(text, (Q.ACCURACY,))[0] == 0.0
    assert share_and_line("- accuracy: nan\n", (Q.ACCURACY,))[0] == 0.0


def test_a_size_follows_from_the_archive_and_its_deflation() -> None:
    """One of both is not enough."""
    sizes: tuple[Wanted, ...] = (Q.BYTES, frozenset({Q.ZIP_BYTES, Q.DEFLATION}))
    both = "".join(f"## {name}\n\n- deflated 46%\n- zip: 8,616 KB\n\n" for name in NAMES)
    assert share_and_line(both, sizes) == (1.0, "")
    one = "".join(f"## {name}\n\n- deflated 46%\n\n" for name in NAMES)
    assert share_and_line(one, sizes) == (0.5, "no file size of any of the 5 variants")
