"""Budgets of texts: what the largest file can make of itself is bounded before it is parsed, and a line says so."""

from __future__ import annotations

from pathlib import Path

import pytest

from graders.submission.limits import MAX_CELLS, MAX_TEXT
from graders.written.claims import (
    document,
    image_claims,
    look_at_images,
    pictures,
    read_document,
    read_summary,
    summaries,
)
from graders.written.claims.cell_budget import within_cells
from graders.written.claims.document import Table
from graders.written.claims.files import read_inside
from graders.written.claims.inline import plain_text
from graders.written.claims.numerals import MAX_FIGURES, figures
from graders.written.claims.pictures import NotAnImage, picture

from .pictures import png


def wide(columns: int, rows: int, prefix: str = "") -> list[str]:
    """A table whose rows are all but empty, so that a parser fills them up."""
    lines = ["|" + "a|" * columns, "|" + "-|" * columns, *["|"] * rows]
    return [prefix + line for line in lines]


@pytest.mark.parametrize("prefix", ["", "> ", "> > ", "- ", "   "])
def test_cells_that_a_parser_adds_are_counted(prefix: str) -> None:
    """A row of one character below a heading of a hundred columns has a hundred cells, in a quote or a list as well."""
    lines = wide(100, 50, prefix)
    kept, cut = within_cells(lines, 1_000)
    assert cut
    assert sum(line != "" for line in kept) < 13


def test_a_second_rule_makes_no_table_narrower() -> None:
    """What looks like a rule within a table does not stop the counting."""
    lines = [*wide(100, 1), "|-", *["|"] * 50]
    assert sum(line != "" for line in within_cells(lines, 1_000)[0]) < 13


def test_texts_of_usual_size_are_left_alone() -> None:
    """Prose, lists, rules and tables of some dozens of rows are as they were."""
    lines = ["# a", "", *wide(8, 40), "", "- b", "---", "> c | d", "", "1. e", "```", *wide(8, 40), "```"]
    assert within_cells(lines, MAX_CELLS) == (lines, False)


def test_wide_tables_are_not_parsed_beyond_the_budget() -> None:
    """Many tables of hundreds of columns keep what is in the budget, and a note says what is not."""
    text = "\n\n".join("\n".join(wide(500, 40)) for _ in range(60))
    found = read_document(text)
    assert sum(len(block.rows) for block in found.blocks if isinstance(block, Table)) <= 2 * MAX_CELLS / 500
    assert f"only the first {MAX_CELLS:,} cells of tables were read" in found.notes


def test_figures_of_one_text_are_bounded() -> None:
    """A flood of figures in one line is read up to a number that no line of a person's has."""
    assert len(figures("1 " * 1_900)) == MAX_FIGURES


def summary_of(folder: Path, **texts: str) -> summaries.Summary:
    place = folder / "summaries" / "l02"
    place.mkdir(parents=True)
    for name, text in texts.items():
        (place / f"{name}.md").write_text(text)
    return read_summary(folder, "summaries/l02")


def test_all_files_of_a_summary_share_one_budget(tmp_path: Path) -> None:
    """Six files have no more text together than one, and images that stand in the text as data do not count."""
    image = f"![](data:image/png;base64,{'A' * (2 * MAX_TEXT)})"
    found = summary_of(tmp_path, a=f"{image}\n{'a' * (MAX_TEXT - 100)}", b="b" * 300, c="c")
    assert [file.path[-4:] for file in found.files] == ["a.md", "b.md"]
    assert sum(len(file.text) for file in found.files) <= MAX_TEXT + 1
    assert [note.partition(": ")[2] for note in found.notes] == [f"not read; at most {MAX_TEXT:,} characters are"]


def test_files_of_a_summary_are_read_up_to_some_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is read into memory is bounded for all files together, too."""
    monkeypatch.setattr(summaries, "MAX_TEXT_BYTES", 10)
    found = summary_of(tmp_path, a="a" * 8, b="b" * 8)
    assert (len(found.files), found.notes) == (1, ("only the first 0 MiB of Markdown were read",))


def test_an_image_is_read_once_however_it_is_addressed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Many addresses of one file are one file; of several files so many bytes are read."""
    (tmp_path / "a.png").write_bytes(png(20, 20))
    (tmp_path / "b.png").write_bytes(png(20, 20))
    opened: list[str] = []
    read = read_inside

    def counted(root: Path, path: str, most: int) -> bytes:
        opened.append(path)
        return read(root, path, most)

    monkeypatch.setattr(image_claims, "read_inside", counted)
    monkeypatch.setattr(image_claims, "MAX_IMAGE_BYTES", 10)
    text = "\n\n".join(f"![]({'./' * number}a.png?{number})" for number in range(50)) + "\n\n![](b.png)"
    shown = look_at_images(read_document(text, "s.md"), tmp_path, ())
    assert opened == ["a.png"]
    assert {one.problem for one in shown[:-1]} == {""}
    assert shown[-1].problem == "only the first 0 MiB of images are checked"


@pytest.mark.parametrize("data", [b"\xff\xd8" + b"\xff" * 200_000, png(9, 9)[:33] + bytes(4) + b"tEXt" + bytes(4)])
def test_images_of_endless_parts_are_none(data: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """Filling bytes and empty chunks are not followed for long."""
    monkeypatch.setattr(pictures, "MAX_PARTS", 1_000)
    with pytest.raises(NotAnImage):
        picture(data)


def test_images_in_one_line_take_its_text_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hundreds of images in a line cost as many looks as there are images, not as many texts of the line."""
    calls = 0

    def counted(text: str) -> str:
        nonlocal calls
        calls += 1
        return plain_text(text)

    monkeypatch.setattr(document, "plain_text", counted)
    read_document("![a](b.png) " * 300)
    assert calls < 10
