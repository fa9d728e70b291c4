"""The lines that reports show of a student's files: the right ones, harmless, cut, and none of anybody else's."""

from __future__ import annotations

import json
import os
from pathlib import Path

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graders.core.excerpts import Excerpt
from graders.core.json_value import JsonValue
from graders.core.paths import REPOSITORY
from graders.framework.excerpts import AROUND, LONGEST_LINE, MOST_EXCERPTS, ExcerptReader, excerpt
from graders.framework.locations import CodeLine, CodeLocation, SourceLocation
from graders.framework.source_files import read_source

SCHEMA = json.loads((REPOSITORY / "docs" / "scorecard.schema.json").read_text(encoding="utf-8"))
VALIDATOR = jsonschema.Draft202012Validator({"$ref": "#/$defs/excerpt", "$defs": SCHEMA["$defs"]})
TEN = "".join(f"line {number}\n" for number in range(1, 11))


@pytest.fixture
def reader(tmp_path: Path) -> ExcerptReader:
    (tmp_path / "a.py").write_text(TEN, encoding="utf-8")
    return ExcerptReader([tmp_path])


def at(reader: ExcerptReader, file: str, line: int) -> Excerpt | None:
    """The excerpt of a check's only line."""
    ((found,),) = reader.locate_lines([[CodeLine(file, line)]])
    return found.excerpt


@pytest.mark.parametrize(
    ("line", "first", "last"), [(5, 2, 8), (1, 1, 4), (10, 7, 11)], ids=["middle", "beginning", "end"]
)
def test_three_lines_before_and_after(reader: ExcerptReader, line: int, first: int, last: int) -> None:
    """The place has three lines around it where there are as many; after the last line end stands an empty one."""
    found = at(reader, "a.py", line)
    assert found is not None
    assert (found.first, found.first + len(found.lines) - 1) == (first, last)
    assert found.lines[line - first] == f"line {line}"


@pytest.mark.parametrize("line", [0, -1, 12, 10**9])
def test_a_line_that_is_not_there_has_no_excerpt(reader: ExcerptReader, line: int) -> None:
    assert at(reader, "a.py", line) is None


HOSTILE = {
    "markup": b"<script>alert(1)</script>\n",
    "terminal": b"\x1b[31mred\x1b]8;;http://evil.example\x07link\n",
    "long": b"x = '" + b"A" * 1_000_000,
    "nul": b"a\x00b\x07\x7f\n",
    "binary": bytes(range(256)),
    "not UTF-8": "zażółć".encode("iso-8859-2"),
    "UTF-16": "class A:\n".encode("utf-16"),
    "direction": "x = '\u202eabc\u2066'\n".encode(),
    "command": b"::error::x\n##[group]y\n",
    "separators": "a\u2028b\x0bc\x0cd\x85e\n".encode(),
    "empty": b"",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_contents_become_harmless_lines(tmp_path: Path, name: str) -> None:
    """Whatever a file holds, its lines are short, printable but for their length, and valid to the schema."""
    (tmp_path / "a.py").write_bytes(b"first = 1\n" + HOSTILE[name])
    found = at(ExcerptReader([tmp_path]), "a.py", 1)
    assert found is not None
    assert found.lines[0] == "first = 1"
    VALIDATOR.validate(found.to_json())
    for line in found.lines:
        line.encode("utf-8")
        assert len(line) <= LONGEST_LINE
        assert not set(line) & {chr(code) for code in (*range(32), *range(127, 160), 0x2028, 0x202E, 0x2066)}
    assert Excerpt.from_json(JsonValue(found.to_json())) == found


@given(st.lists(st.text(), min_size=1), st.integers(-2, 40))
def test_any_lines_give_a_valid_excerpt(lines: list[str], line: int) -> None:
    found = excerpt(lines, line)
    assert (found is None) == (not 1 <= line <= len(lines))
    if found is not None:
        VALIDATOR.validate(found.to_json())
        assert len(found.lines) <= 2 * AROUND + 1


def test_indentation_is_kept() -> None:
    found = excerpt(["def f():", "\treturn 1", "    return 2   "], 1)
    assert found is not None
    assert found.lines == ("def f():", "    return 1", "    return 2")


def test_nothing_outside_the_submission_is_opened(tmp_path: Path) -> None:
    """A traceback's file name is a student's word: no path, link, device or FIFO leads out."""
    root = tmp_path / "submission"
    root.mkdir()
    (tmp_path / "secret").write_text("secret\n", encoding="utf-8")
    (root / "link.py").symlink_to(tmp_path / "secret")
    (root / "folder").symlink_to(tmp_path)
    (root / "sub").mkdir()
    os.mkfifo(root / "fifo")
    names = ["../secret", str(tmp_path / "secret"), "link.py", "folder/secret", "sub/../../secret", "/etc/passwd"]
    for name in [*names, "fifo", "sub", "", ".", "a\0b", "n" * 5000, "nowhere", "folder/submission/../secret"]:
        assert read_source(root, name) is None, name
    (root / "inner.py").symlink_to("own.py")
    (root / "own.py").write_text("own\n", encoding="utf-8")
    assert read_source(root, "inner.py") == "own\n"


def test_the_first_places_of_a_criterion_have_their_lines(tmp_path: Path) -> None:
    """Of many definitions a few are shown, one line once; those without a line have nothing to show."""
    (tmp_path / "a.py").write_text(TEN, encoding="utf-8")
    lines = [None, 1, 1, 2, 3, 4, 5]
    where = SourceLocation("a.py", tuple(CodeLocation(f"C{number}", line) for number, line in enumerate(lines)))
    found = ExcerptReader([tmp_path]).locate(where)
    assert found is not None
    assert [place.line for place in found.places] == lines
    assert [place.line for place in found.places if place.excerpt] == [1, 2, 3]
    assert len([place for place in found.places if place.excerpt]) == MOST_EXCERPTS


def test_of_a_traceback_the_innermost_line_is_shown_once(reader: ExcerptReader) -> None:
    """Checks that failed at one line share its excerpt: the first has it."""
    outer, inner, other = CodeLine("a.py", 2), CodeLine("a.py", 8), CodeLine("a.py", 5)
    found = reader.locate_lines([[outer, inner], [outer, inner], [], [other]])
    assert [[line.excerpt is not None for line in lines] for lines in found] == [[False, True], [False, False], [], [True]]


def test_a_cell_of_a_notebook_is_shown_by_its_number(tmp_path: Path) -> None:
    """Lines of a cell count within it, and the excerpt says which cell it is."""
    cells = [
        {"cell_type": "markdown", "metadata": {}, "source": ["# Title"]},
        {"cell_type": "code", "metadata": {}, "execution_count": None, "outputs": [], "source": ["a = 1\n", "%pip x\n", "b"]},
    ]
    notebook = {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    (tmp_path / "n.ipynb").write_text(json.dumps(notebook), encoding="utf-8")
    reader = ExcerptReader([tmp_path], "n.ipynb")
    assert at(reader, "cell 2", 3) == Excerpt(1, ("a = 1", "%pip x", "b"), 2)
    assert at(reader, "cell 9", 1) is None
    (tmp_path / "n.ipynb").write_bytes(b"\x00broken")
    assert at(ExcerptReader([tmp_path], "n.ipynb"), "cell 2", 3) is None
    assert at(ExcerptReader([tmp_path]), "cell 2", 3) is None


def test_a_submission_s_folder_stands_in_for_the_view(tmp_path: Path) -> None:
    """A file that is not among those that are run, such as a summary, is read where it was submitted."""
    view, submission = tmp_path / "view", tmp_path / "submission"
    for folder in (view, submission):
        folder.mkdir()
    (submission / "summary.md").write_text("one\n", encoding="utf-8")
    found = at(ExcerptReader([view, submission]), "summary.md", 1)
    assert found is not None
    assert found.lines[0] == "one"
