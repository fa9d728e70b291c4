"""Tables in Markdown and HTML: cells, lines, images; and the bounds up to which a text is read."""

from __future__ import annotations

import pytest

from graders.written.claims import Document, Variant, document, find_claims, read_document
from graders.written.claims.document import Line, Row, Table

MARKDOWN = "# Title\n\n| Model | FP32 |\n|---|---|\n| Size | 131 KB |\n| Matrix | ![m](a.png) |\n"
HTML = (
    "# Title\n\n<table>\n<tr><th>Model</th><th>FP32</th></tr>\n<tr\n  align='left'>\n<td>Size</td><td>131 KB</td>\n</tr>"
    "\n<tr></tr><tr><td>Matrix</td>\n  <td><img alt='m' src='a.png'></td></tr>\n</table>\n"
)
"""A tag over two lines; a row counts from the line where its tag ends."""


def table(markdown: str) -> Table:
    (found,) = (block for block in read_document(markdown).blocks if isinstance(block, Table))
    return found


@pytest.mark.parametrize(("markdown", "at"), [(MARKDOWN, (3, 5, 6)), (HTML, (4, 6, 9))], ids=["Markdown", "HTML"])
def test_rows_and_their_lines(markdown: str, at: tuple[int, int, int]) -> None:
    """A table begins where its header stands; a row without cells is none."""
    found = table(markdown)
    assert found.header == Row(("Model", "FP32"), at[0])
    assert found.rows == (Row(("Size", "131 KB"), at[1]), Row(("Matrix", ""), at[2]))
    assert found.headings == ("Title",)
    assert found.line == at[0]


@pytest.mark.parametrize(("markdown", "line"), [(MARKDOWN, 6), (HTML, 9)], ids=["Markdown", "HTML"])
def test_images_in_cells(markdown: str, line: int) -> None:
    """What stands at the row's begin and what stands above say what an image shows, in this order."""
    (image,) = read_document(markdown).images
    assert (image.target, image.alternative, image.line) == ("a.png", "m", line)
    assert image.near == ("Matrix", "FP32", "Title")


@pytest.mark.parametrize(
    ("row", "near"),
    [
        ("<td><img src='a.png'></td><td>b</td>", ("Model",)),
        ("<td>see <img src='a.png'></td><td>b</td>", ("Model", "see")),
        ("<td>Matrix</td><td>of</td><td><img src='a.png'></td>", ("Matrix",)),
        ("<td><img src='a.png'></td>", ()),
    ],
    ids=["first cell", "with text", "more cells", "fewer cells"],
)
def test_what_stands_above_an_image(row: str, near: tuple[str, ...]) -> None:
    """The first cell has none at its row's begin; in a row of another length nothing tells what stands above."""
    (image,) = read_document(f"<table>\n<tr><th>Model</th><th>FP32</th></tr>\n<tr>{row}</tr>\n</table>").images
    assert image.near == near


def test_claims_know_their_table() -> None:
    """By the line where it begins, so that figures of two tables are told apart."""
    rows = "| Model | Accuracy |\n|---|---|\n| native | {} |\n"
    found = find_claims(f"text\n\n{rows.format(0.91)}\n\n{rows.format(0.92)}", [Variant.named("native")]).claims
    assert [(claim.value, claim.begins, claim.place.line) for claim in found] == [(0.91, 3, 5), (0.92, 8, 10)]


def wide(cells: int, form: str) -> str:
    """A row with so many cells, and a second one like it."""
    names = [f"c{number}" for number in range(cells)]
    if form == "HTML":
        row = "<tr><td>" + "</td><td>".join(names) + "</td></tr>\n"
        return f"<table>\n{row}{row}</table>"
    row = "|" + "|".join(names) + "|\n"
    return f"{row}|{'-|' * cells}\n{row}"


@pytest.mark.parametrize("form", ["Markdown", "HTML"])
@pytest.mark.parametrize(("cells", "kept"), [(7, 7), (8, 8), (9, 8), (20, 8)])
def test_columns_are_bounded(monkeypatch: pytest.MonkeyPatch, form: str, cells: int, kept: int) -> None:
    """Of each row the first cells are read; that more were there is said."""
    monkeypatch.setattr(document, "MAX_COLUMNS", 8)
    found = table(wide(cells, form))
    names = tuple(f"c{number}" for number in range(kept))
    assert [row.cells for row in (found.header, *found.rows)] == [names, names]
    said = ("of rows with more than 8 cells only the first cells were read",) if kept < cells else ()
    assert read_document(wide(cells, form)).notes == said


@pytest.mark.parametrize("form", ["Markdown", "HTML"])
@pytest.mark.parametrize(("most", "tables"), [(8, [2, 2]), (7, [2, 1]), (5, [2]), (4, [2]), (2, [1]), (1, [])])
def test_cells_are_bounded(monkeypatch: pytest.MonkeyPatch, form: str, most: int, tables: list[int]) -> None:
    """All tables together; a row is read whole or not at all, and what is left out is said."""
    monkeypatch.setattr(document, "MAX_CELLS", most)
    found = read_document(f"{wide(2, form)}\n\n{wide(2, form)}")
    assert [1 + len(block.rows) for block in found.blocks if isinstance(block, Table)] == tables
    assert found.notes == ((f"only the first {most} cells of tables were read",) if most < 8 else ())


BOUNDED = {
    "lines": ("MAX_LINES", "a\n\nb\n\nc", 5, "only the first {} lines were read"),
    "a line": ("MAX_LINE", "ab\n\nabcde", 5, "of lines longer than {} characters only the beginning was read"),
    "characters": ("MAX_TEXT", "ab\n\nc", 5, "only the first {} characters were read"),
    "images": ("MAX_IMAGES", "![](a)\n\n![](b)", 2, "only the first {} images were looked at"),
}


def read(text: str) -> tuple[list[str], list[str]]:
    found: Document = read_document(text)
    return [one.text for one in found.blocks if isinstance(one, Line)], [one.target for one in found.images]


@pytest.mark.parametrize("bounded", BOUNDED)
def test_texts_are_bounded(monkeypatch: pytest.MonkeyPatch, bounded: str) -> None:
    """What is as long as the bound is read whole; of what is longer the beginning, and that is said."""
    name, text, size, note = BOUNDED[bounded]
    whole = read(text)
    monkeypatch.setattr(document, name, size)
    assert (read(text), read_document(text).notes) == (whole, ())
    monkeypatch.setattr(document, name, size - 1)
    assert read(text) != whole
    assert all("".join(all_of).startswith("".join(part)) for part, all_of in zip(read(text), whole, strict=True))
    assert read_document(text).notes == (note.format(size - 1),)
