"""Tables of many layouts: which rows have a variant, where its name stands, and which figures are its own."""

from __future__ import annotations

import pytest

from graders.written.claims import Basis, Quantity, find_claims
from graders.written.claims.tables import heading_names

from .writing import BOTH

Q = Quantity
Told = tuple[str, Quantity, float]


def told(text: str, parameters: float | None = None) -> list[Told]:
    found = find_claims(text, BOTH, parameters=parameters)
    return [(claim.variant, claim.quantity, round(claim.value, 5)) for claim in found.claims]


def table(*rows: str) -> str:
    """A table of Markdown from rows such as "native | 0.9"."""
    first, *others = (f"| {row} |" for row in rows)
    return "\n".join([first, "|---" * rows[0].count("|") + "|---|", *others, ""])


def html(*rows: str) -> str:
    """A table of HTML, whose rows may differ in length."""
    lines = ("<tr><td>" + "</td><td>".join(row.split(" | ")) + "</td></tr>" for row in rows)
    return "<table>\n" + "\n".join(lines) + "\n</table>\n"


NAMES: dict[str, tuple[str, list[Told]]] = {
    "a row of something else": (
        table("Model | Accuracy | G-mean", "native | 0.9 | 0.8", "the paper's network | 0.7 | 0.6"),
        [("native", Q.ACCURACY, 0.9), ("native", Q.G_MEAN, 0.8)],
    ),
    "a family": (
        table("Model | Accuracy | G-mean", "INT8 | 0.8 | 0.3"),
        [("tflite-int8-*", Q.ACCURACY, 0.8), ("tflite-int8-*", Q.G_MEAN, 0.3)],
    ),
    "a family, and a row of something else": (
        table("Model | Accuracy", "INT8 | 0.8", "the paper's network | 0.7"),
        [("tflite-int8-*", Q.ACCURACY, 0.8)],
    ),
    "a family and its only figure": (
        "## Accuracy\n\n" + table("Model | Result", "INT8 | 0.8"),
        [("tflite-int8-*", Q.ACCURACY, 0.8)],
    ),
    "figures that could be shares": (
        table("Model | Accuracy | G-mean | Time", "INT8 | 0.8 | 0.3 | 5 ms", "native | 0.9 | 0.8 | 47 ms"),
        [
            ("tflite-int8-*", Q.ACCURACY, 0.8),
            ("tflite-int8-*", Q.G_MEAN, 0.3),
            ("tflite-int8-*", Q.TIME_MS, 5.0),
            ("native", Q.ACCURACY, 0.9),
            ("native", Q.G_MEAN, 0.8),
            ("native", Q.TIME_MS, 47.0),
        ],
    ),
    "a quantity beside the name": (
        table("Metric | Model | Value", "Inference time | native | 47 ms"),
        [("native", Q.TIME_MS, 47.0)],
    ),
    "two variants in a row": (
        table("Model | Accuracy", "native, FP32 | 0.9", "tflite-int8-0.3 | 0.8"),
        [("tflite-int8-0.3", Q.ACCURACY, 0.8)],
    ),
    "a number in the second column": (
        table("Model | Share | Accuracy", "INT8 | 8 % | 0.93"),
        [("tflite-int8-0.08", Q.ACCURACY, 0.93)],
    ),
    "a number behind a figure": (
        table("Model | Accuracy | Share | G-mean", "INT8 | 0.93 | 8 % | 0.92"),
        [("tflite-int8-*", Q.ACCURACY, 0.93), ("tflite-int8-*", Q.G_MEAN, 0.92)],
    ),
    "a number far from the name": (
        table("Model | Accuracy", "INT8 that was quantised after training with 8 % | 0.93"),
        [("tflite-int8-0.08", Q.ACCURACY, 0.93)],
    ),
    "a number in the heading above": (
        "## Calibration with 8 %\n\n" + table("Model | Accuracy", "INT8 | 0.93", "native | 0.9"),
        [("tflite-int8-0.08", Q.ACCURACY, 0.93), ("native", Q.ACCURACY, 0.9)],
    ),
    "a heading that is a quantity's name too": (
        table("Parameter | Accuracy", "num_clusters=16 | 0.9"),
        [("clustered-16-fp32", Q.ACCURACY, 0.9)],
    ),
    "rows that differ in length": (
        html("Model | Accuracy | G-mean", "native | 0.9", "tflite-fp32 | 0.8 | 0.7"),
        [("native", Q.ACCURACY, 0.9), ("tflite-fp32", Q.ACCURACY, 0.8), ("tflite-fp32", Q.G_MEAN, 0.7)],
    ),
}


@pytest.mark.parametrize("name", NAMES)
def test_whose_figures_they_are(name: str) -> None:
    """The variant that the row's first cells name, with what the headings add; a row without one says nothing."""
    text, expected = NAMES[name]
    assert sorted(told(text)) == sorted(expected)


ALL_FIVE = [("native", Q.ACCURACY, 0.9), ("native", Q.PRECISION, 0.91), ("native", Q.SENSITIVITY, 0.9),
            ("native", Q.G_MEAN, 0.89), ("native", Q.TIME_MS, 47.03)]  # fmt: skip
CLASSES = ("cat | 0.9 | 50", "dog | 0.91 | 60", "cow | 0.9 | 70", "owl | 0.89 | 80", "bee | 47 | 90")
HEADED: dict[str, tuple[str, list[Told]]] = {
    "five nameless columns": (
        "## native\n\n" + table("Akurasyon | Zzz | Duyarga | Ortamean | Vreme", "0.9 | 0.91 | 0.9 | 0.89 | 47.03"), ALL_FIVE,
    ),
    "five nameless rows": (
        "## native\n\n" + table("Xx | Yy", "Akurasyon | 0.9", "Zzz | 0.91", "Duyarga | 0.9", "Ortamean | 0.89", "Vreme | 47.03"),
        ALL_FIVE,
    ),
    "two quantities below each other": (
        "## native\n\n" + table("Accuracy | 0.9", "Precision | 0.8"),
        [("native", Q.ACCURACY, 0.9), ("native", Q.PRECISION, 0.8)],
    ),
    "a heading in between": (
        "# Report\n\n## native\n\n### Figures\n\n" + table("Accuracy | 0.9", "Precision | 0.8"),
        [("native", Q.ACCURACY, 0.9), ("native", Q.PRECISION, 0.8)],
    ),
    "a number far from the name": (
        "## INT8 that was quantised after training with 8 %\n\n" + table("Accuracy | 0.9", "Precision | 0.8"),
        [("tflite-int8-0.08", Q.ACCURACY, 0.9), ("tflite-int8-0.08", Q.PRECISION, 0.8)],
    ),
    "a number one heading further in": (
        "## Clustered models of our network\n\n### Number of values: 16\n\n" + table("Accuracy | 0.9", "Precision | 0.8"),
        [("clustered-16-fp32", Q.ACCURACY, 0.9), ("clustered-16-fp32", Q.PRECISION, 0.8)],
    ),
    "one column of names only": ("## native\n\n" + table("Accuracy", "Precision"), []),
    "one epoch of training": ("## native\n\n" + table("Step | Accuracy", "20 | 0.9"), []),
    "several epochs of training": (
        "## native\n\n" + table("Step | Accuracy | Precision", "1 | 0.2 | 0.1", "2 | 0.9 | 0.8"), [],
    ),
    "figures of classes": ("## native\n\n" + table("Class | Score | Count", *CLASSES), []),
    "few figures without known words": (
        "## native\n\n" + table("Class | Score", *(row.rpartition(" | ")[0] for row in CLASSES[:4])), [],
    ),
    "a number two headings further in": (
        "## Clustered\n\n### A model of 3 blocks\n\n#### 16 epochs\n\n" + table("Accuracy | 0.9", "Precision | 0.8"), [],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", HEADED)
def test_tables_below_a_heading(name: str) -> None:
    """A row or a column of the figures that a lab asks for is the heading's; another table says nothing of it."""
    text, expected = HEADED[name]
    assert told(text) == expected


@pytest.mark.parametrize(
    ("headings", "names"),
    [(("Report", "native"), ("native",)), (("native", "native and FP32"), ()), (("Report",), ()), ((), ())],
)
def test_the_innermost_heading_with_a_name_counts(headings: tuple[str, ...], names: tuple[str, ...]) -> None:
    """Where it names two, what stands below it is of neither."""
    assert heading_names(headings, BOTH) == names


SHARED: dict[str, tuple[str, list[Told]]] = {
    "six quantities": (
        table(
            "Model | Accuracy / Precision / Sensitivity / G-mean / Time / Size",
            "native | 0.9 / 0.91 / 0.9 / 0.89 / 47 ms / 131,072 B",
        ),
        [("native", Q.ACCURACY, 0.9), ("native", Q.PRECISION, 0.91), ("native", Q.SENSITIVITY, 0.9),
         ("native", Q.G_MEAN, 0.89), ("native", Q.TIME_MS, 47.0), ("native", Q.BYTES, 131_072.0)],
    ),
    "file and archive": (
        table("Model | File size / ZIP size", "tflite-fp32 | 131,072 B / 59,500 B"),
        [("tflite-fp32", Q.BYTES, 131_072.0), ("tflite-fp32", Q.ZIP_BYTES, 59_500.0)],
    ),
    "one divided by the other": (table("Model | File size / ZIP size", "tflite-fp32 | 131,072"), []),
    "the size of what": (
        table("Model | Accuracy / size 96", "native | 0.9", "tflite-fp32 | 0.8"),
        [("native", Q.ACCURACY, 0.9), ("tflite-fp32", Q.ACCURACY, 0.8)],
    ),
    "one that is not asked for": (table("Model | Accuracy / F1", "native | 0.9 / 0.8"), [("native", Q.ACCURACY, 0.9)]),
    "a cell of three": (table("Model | Accuracy / G-mean", "native | 0.9 / 0.8 / 0.7", "tflite-fp32 | 0.9 / 0.8"), []),
    "only cells of three": (table("Model | Accuracy / G-mean", "native | 0.9 / 0.8 / 0.7"), []),
    "a stroke in brackets": (
        table("Model | Time (loading / running) / Accuracy", "native | 3 ms / 47 ms / 0.9"),
        [("native", Q.ACCURACY, 0.9)],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", SHARED)
def test_cells_of_several_quantities(name: str) -> None:
    """They are parted where heading and cells have as many parts."""
    text, expected = SHARED[name]
    assert told(text) == expected


@pytest.mark.parametrize(
    ("heading", "cells", "expected", "basis"),
    [
        ("Size", ("131072", "10000"), [131_072, 10_000], Basis.WORD),
        ("Size", ("131072", "9500"), [131_072, 9_500], Basis.GUESS),
        ("Size", ("131072.5", "126504.5"), [131_072.5, 126_504.5], Basis.GUESS),
        ("Size", ("59.5", "53.5"), [59_500, 53_500], Basis.GUESS),
        ("Size", ("131.1 KB", "59.5 KB"), [131_100, 59_500], Basis.WORD),
        ("ZIP", ("2.2", "1.9"), [], None),
    ],
)
def test_sizes_of_no_unit(heading: str, cells: tuple[str, ...], expected: list[float], basis: Basis | None) -> None:
    """Large whole figures are bytes; small ones with decimals are quotients, unless the heading speaks of a size."""
    rows = (f"{name} | {cell}" for name, cell in zip(("tflite-int8-0.3", "tflite-imbint8"), cells, strict=True))
    claims = find_claims(table(f"Model | {heading}", *rows), BOTH, parameters=32_021).claims
    assert [claim.value for claim in claims] == expected
    assert {claim.basis for claim in claims} == ({basis} if basis else set())


def test_percent_of_a_heading() -> None:
    """Where most shares are below 1, the heading tells that they are percent."""
    rows = ("native | 93.7", "tflite-fp32 | 0.9", "tflite-imbint8 | 0.7")
    assert told(table("Model | Accuracy [%]", *rows)) == [
        ("native", Q.ACCURACY, 0.937), ("tflite-fp32", Q.ACCURACY, 0.009), ("tflite-imbint8", Q.ACCURACY, 0.007),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("headings", "found"),
    [("# Deflation\n\n## All models\n\n### Results", 1), ("# Deflation\n\n## Size ratio", 0)],
)
def test_the_nearest_heading_of_a_quantity_tells(headings: str, found: int) -> None:
    """Headings that name no quantity are passed over; one that names another quantity ends the search."""
    text = f"{headings}\n\n" + table("Model | %", "pruned-0.5-fp32 | 74.5 %")
    assert told(text) == [("pruned-0.5-fp32", Q.DEFLATION, 0.745)] * found


def test_the_figure_that_fits_a_column_counts() -> None:
    """A share beside a time is not the time."""
    assert told(table("Model | Inference time", "native | 100 % (47 ms)")) == [("native", Q.TIME_MS, 47.0)]


def test_what_is_a_blank() -> None:
    """A cell with a sign for nothing, of one variant; not one that says where the figure stands, nor a family's."""
    text = table("Model | Accuracy", "native | see the plot", "tflite-fp32 | n/a", "INT8 | -")
    assert told(text) == []
    assert [(blank.variant, blank.text) for blank in find_claims(text, BOTH).blanks] == [("tflite-fp32", "n/a")]
