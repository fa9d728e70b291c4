"""The file that a person marks in: nothing hostile breaks out of it, nothing a marker wrote is lost."""

from __future__ import annotations

import hashlib
import os
import stat
import tempfile
import threading
import tomllib
import unicodedata
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graders.core.errors import GraderError, UsageError
from graders.scoring.marks import (
    CHANGED,
    COLUMNS,
    MAX_FILE,
    NOT_MARKED,
    QUOTED_LINES,
    Mark,
    MarkRequest,
    Marks,
    Passage,
    has_marks,
    read_marks,
    valid_mark,
    write_marks,
)

PASSAGE = Passage("summaries/l03_pruning_clustering/summary.md, line 88", "Pruned to 80 %.\n\nIt is slower:\n\t- why?")
ITEM = MarkRequest("l03.question.1", "Why is it no faster?", Decimal("1.0"), PASSAGE)
OTHER = MarkRequest("l03.history", "Git history", Decimal("0.50"), Passage("", ""))
MARK = Mark(ITEM.criterion, Decimal("0.5"), "Half of it.", PASSAGE.fingerprint)

PIECES = ['"', '"""', "'''", "\\", "\n", "\r", "\r\n", "\x00", "\x7f", "\x85", "\u2028", "\u2029", "\ud800", "\udfff"]
PIECES += ["\u202e", "\u200d", "\x1b[31m", "\x0c", "\t", "#", "[marks.x]", 'points = "9"', " ", "-" * 120, "\U0001f600"]
hostile = st.one_of(
    st.text(st.characters(), max_size=60),  # lone surrogates included
    st.lists(st.one_of(st.sampled_from(PIECES), st.text(max_size=3)), max_size=30).map("".join),
)
written = st.one_of(
    st.text(max_size=40),
    st.lists(st.sampled_from([piece for piece in PIECES if piece.isprintable() or ord(piece[0]) < 0xD800])).map(
        "".join
    ),
)
hundredths = st.integers(0, 2000).map(lambda number: Decimal(number) / 100)


def file_of(folder: Path, entry: str, name: str = "l03.question.1") -> Path:
    path = folder / "marks.toml"
    path.write_text(f'submission = "anna"\n[marks."{name}"]\n{entry}\n', encoding="utf-8")
    return path


def marks_of(*marks: Mark) -> Marks:
    return Marks("anna", {mark.criterion: mark for mark in marks})


def fault(path: Path) -> str:
    """The one line with which reading a file ends; such a file is never overwritten."""
    with pytest.raises(UsageError) as caught:
        read_marks(path)
    message = str(caught.value)
    assert len(message.splitlines()) == 1
    assert message.startswith(f"{path}: ")
    assert has_marks(path)
    return message.removeprefix(f"{path}: ")


def test_the_file_reads_as_it_is_meant_for_people(tmp_path: Path) -> None:
    """The whole file, word by word."""
    path = tmp_path / "marks.toml"
    write_marks(path, "anna", [ITEM, OTHER], None)
    fingerprint = hashlib.sha256(PASSAGE.text.encode()).hexdigest()[:16]
    assert path.read_text(encoding="utf-8") == (
        "# Manual marks for: anna\n"
        '# Write points (0 to the maximum) and, if you like, a comment. Entries left as "" are still ungraded.\n'
        "# Then grade again with --marks and this file.\n"
        'submission = "anna"\n'
        "\n"
        '[marks."l03.question.1"]\n'
        "# Why is it no faster? (at most 1 point)\n"
        "# summaries/l03_pruning_clustering/summary.md, line 88:\n"
        "# > Pruned to 80 %.\n"
        "# >\n"
        "# > It is slower:\n"
        "# >     - why?\n"
        f'passage = "{fingerprint}"\n'
        'points = ""\n'
        'comment = ""\n'
        "\n"
        '[marks."l03.history"]\n'
        "# Git history (at most 0.5 points)\n"
        'passage = ""\n'
        'points = ""\n'
        'comment = ""\n'
    )
    assert read_marks(path) == marks_of()
    assert not has_marks(path)


@given(hostile, hostile, hostile, hostile)
def test_no_text_breaks_out(submission: str, title: str, place: str, text: str) -> None:
    """Whatever a student wrote, the file parses and holds what it should and no mark."""
    items = [MarkRequest("a.one", title, Decimal(1), Passage(place, text)), OTHER]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "marks.toml")
        write_marks(path, submission, items, None)
        content = path.read_bytes().decode()
        marks = read_marks(path)
        assert not has_marks(path)
    assert marks.marks == {}
    assert marks.submission == "".join("\ufffd" if "\ud800" <= char <= "\udfff" else char for char in submission)
    empty = {"points": "", "comment": ""}
    assert tomllib.loads(content)["marks"] == {
        "a.one": {"passage": items[0].passage.fingerprint, **empty},
        "l03.history": {"passage": "", **empty},
    }
    # What an editor shows as a line is a line, and nothing in it moves what is beside it.
    assert content.splitlines() == content.removesuffix("\n").split("\n")
    assert {unicodedata.category(char) for char in content if char not in "\n\u200c\u200d"}.isdisjoint({"Cc", "Cf"})


@given(hostile)
def test_a_passage_is_quoted_whole(text: str) -> None:
    """No line is wider than the columns, and all that can be seen of the passage is there in its order."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "marks.toml")
        write_marks(path, "anna", [MarkRequest("a.one", "One", Decimal(1), Passage("", text))], None)
        quoted = [line for line in path.read_text(encoding="utf-8").split("\n") if line.startswith("# >")]
    assert all(len(line) <= COLUMNS for line in quoted)
    hidden = {"Cc", "Cf", "Cs", "Zl", "Zp"}
    seen = "".join(char for char in text if char in "\u200c\u200d" or unicodedata.category(char) not in hidden)
    assert "".join("".join(line[3:] for line in quoted).split()) == "".join(seen.split())


@given(
    st.dictionaries(
        written.filter(bool), st.tuples(hundredths, written, st.text("0123456789abcdef", max_size=16)), max_size=5
    ),
    written,
    st.data(),
)
def test_what_is_known_is_read_back(
    given_marks: dict[str, tuple[Decimal, str, str]], submission: str, data: st.DataObject
) -> None:
    """Marks written again are read back equal, whether or not they are still asked for, changed or not."""
    known = Marks(submission, {name: Mark(name, *values) for name, values in given_marks.items()}, {"only.a": "word"})
    asked = data.draw(st.lists(st.sampled_from([*given_marks, "only.a", "new"]), unique=True))
    items = [MarkRequest(name, "Title", Decimal(1), Passage("", data.draw(hostile))) for name in asked]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "marks.toml")
        write_marks(path, submission, items, known)
        assert read_marks(path) == known
        assert has_marks(path)


@pytest.mark.parametrize(
    "points, expected",
    [
        ("0", "0"),
        ("1", "1"),
        ("0.5", "0.5"),
        ("1.25", "1.25"),
        ("999999999", "999999999"),
        ('"0"', "0"),
        ('"1"', "1"),
        ('" 0.5 "', "0.5"),
        ('"0,5"', "0.5"),
        ("'0,25'", "0.25"),
        ('"""\n1\n"""', "1"),
    ],
)
def test_points_that_a_person_may_write(tmp_path: Path, points: str, expected: str) -> None:
    """Numbers and texts, with a point or a comma, exact to the cent."""
    path = file_of(tmp_path, f'passage = "ab"\npoints = {points}\ncomment = "so so"')
    assert read_marks(path) == marks_of(Mark(ITEM.criterion, Decimal(expected), "so so", "ab"))
    assert has_marks(path)


@pytest.mark.parametrize(
    "points",
    [
        "-1",
        "-0.5",
        '"-1"',
        "true",
        "false",
        "nan",
        "inf",
        "-inf",
        '"nan"',
        '"inf"',
        "0.125",
        '"0,125"',
        '"1.000"',
        '"one"',
        '"1_of_2"',
        '"1e2"',
        "1e400",
        "1e-400",
        "1e999",
        "1e99999999999999999999999",
        '"١"',
        '"½"',
        "[1]",
        "{x=1}",
        "2024-01-01",
        "10000000000",
        '"1,2,3"',
        '"."',
        '"+1"',
        "0xfffffffffffff",
        pytest.param("0x" + "f" * 5000, id="too long to be written out"),
        pytest.param("[0x" + "f" * 5000 + "]", id="too long, in a list"),
    ],
)
def test_points_that_are_none(tmp_path: Path, points: str) -> None:
    """Anything else is told with the file and the entry."""
    message = fault(file_of(tmp_path, f"points = {points}"))
    assert (
        message == 'marks."l03.question.1": points must be a number from 0, with at most 2 decimals, such as 1 or 0.5'
    )


@pytest.mark.parametrize("entry", ["", 'points = ""', 'points = "  "', 'passage = "ab"'])
def test_what_stays_empty_is_not_marked(tmp_path: Path, entry: str) -> None:
    """An entry without points is no mark."""
    path = file_of(tmp_path, entry)
    assert read_marks(path) == marks_of()
    assert not has_marks(path)


def test_a_comment_without_points_is_kept(tmp_path: Path) -> None:
    """It is no mark, yet nobody overwrites it, and it is written again."""
    path = file_of(tmp_path, 'comment = "ask her"')
    known = read_marks(path)
    assert (known.marks, known.comments) == ({}, {ITEM.criterion: "ask her"})
    assert has_marks(path)
    for items in ([ITEM], []):
        write_marks(path, "anna", items, known)
        assert read_marks(path) == known


@pytest.mark.parametrize(
    "content, message",
    [
        (b"submission = ", "not TOML: Invalid value (at line 1, the last)"),
        (b'submission = "a"\n\n[marks."x"]\npoints = 0,5\n', "not TOML: Expected newline or end of document after"),
        (b'submission = "a"\nsubmission = "b"\n', "not TOML: Cannot overwrite a value (at line 2, column 17)"),
        (b'submission = "a"\n# caf\xe9\n', "not UTF-8 (line 2)"),
        (b"\n# caf\xe9\n", "not UTF-8 (line 2)"),
        ("submission = ''".encode("utf-16"), "not UTF-8 (line 1)"),
        (b"submission = " + b"9" * 5000, "not TOML: a number too long, or lists in lists without end"),
        (b"submission = " + b"[" * 50_000, "not TOML: a number too long, or lists in lists without end"),
        (b"", "submission must be a text in quotes"),
        (b"submission = 7", "submission must be a text in quotes"),
        (b'submission = "a"\nmarks = 1', 'marks must be tables, each under [marks."criterion"]'),
        (b'submission = "a"\nmark."x".points = 1', '"mark" is not known; there are submission and marks'),
        (b'submission = "a"\nmarks."x" = 1', 'marks."x": not a table with passage, points and comment'),
        (b'submission = "a"\n[marks.l03.one]', 'marks."l03": "one" is not known; there are passage, points, comment'),
        (b'submission = "a"\n[marks."x"]\ncomment = 1', 'marks."x": comment must be a text in quotes'),
        (b'submission = "a"\n[marks."x"]\npassage = 1', 'marks."x": passage must be a text in quotes'),
        (b'submission = "a"\n[marks."x\\ny"]\npoints = -1', 'marks."x\\ny": points must be'),
    ],
)
def test_files_of_another_shape(tmp_path: Path, content: bytes, message: str) -> None:
    """One line that names the file, and the line or the entry."""
    path = tmp_path / "marks.toml"
    path.write_bytes(content)
    assert fault(path).startswith(message)


def test_a_syntax_error_names_its_line(tmp_path: Path) -> None:
    """A person finds the comma that is no point."""
    assert "line 3" in fault(file_of(tmp_path, "points = 0,5"))


def test_a_byte_order_mark_and_windows_lines(tmp_path: Path) -> None:
    """What editors on Windows save is read."""
    path = tmp_path / "marks.toml"
    path.write_bytes(b'\xef\xbb\xbfsubmission = "anna"\r\n[marks."a"]\r\npoints = 1\r\n')
    assert read_marks(path) == marks_of(Mark("a", Decimal(1), "", ""))


def test_what_is_no_file(tmp_path: Path) -> None:
    """A folder, a link to nothing, a name that can't be: told, and never overwritten."""
    link = tmp_path / "link"
    link.symlink_to(tmp_path / "nothing")
    assert "can't be read" in fault(tmp_path)
    assert "No such file" in fault(link)
    assert "File name too long" in fault(tmp_path / ("x" * 300))
    with pytest.raises(UsageError, match="no name for a file"):
        read_marks(tmp_path / "a\0b")
    with pytest.raises(UsageError, match="no name for a file"):
        write_marks(tmp_path / "a\0b" / "c", "anna", [], None)
    assert has_marks(tmp_path / "a\0b")


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    """A pipe that nobody writes to is no file of marks, and nothing to wait for."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    faults: list[str] = []
    reading = threading.Thread(target=lambda: faults.append(fault(pipe)))
    reading.start()
    reading.join(5)
    if reading.is_alive():
        os.close(os.open(pipe, os.O_WRONLY | os.O_NONBLOCK))
        reading.join()
        pytest.fail("reading a pipe waits for somebody who writes")
    assert faults == ["not a regular file"]


def test_no_file_has_no_marks(tmp_path: Path) -> None:
    """Reading one that is not there is an error; there is nothing to overwrite."""
    assert has_marks(tmp_path / "nothing.toml") is False
    with pytest.raises(UsageError, match=r"nothing\.toml: can't be read: No such file or directory"):
        read_marks(tmp_path / "nothing.toml")


def test_a_file_too_large(tmp_path: Path) -> None:
    """1 MiB is read, a byte more is not."""
    path = tmp_path / "marks.toml"
    path.write_bytes(b'submission = "anna"\n#'.ljust(MAX_FILE, b"x"))
    assert read_marks(path) == marks_of()
    path.write_bytes(b'submission = "anna"\n#'.ljust(MAX_FILE + 1, b"x"))
    assert fault(path) == "larger than 1,048,576 bytes"


@pytest.mark.parametrize("text", ["\n", "\t", " ", "x", "x ", "\U0001f600", "\n\U0001f600 ", "\u202e"])
def test_passages_without_end(tmp_path: Path, text: str) -> None:
    """However much students wrote, the file can be read again, and says that it does not hold everything."""
    path = tmp_path / "marks.toml"
    items = [MarkRequest(f"a.{number}", "One", Decimal(1), Passage("a", text * 1_000_000)) for number in range(16)]
    write_marks(path, "anna", items, None)
    assert read_marks(path) == marks_of()
    assert path.read_text(encoding="utf-8").count("# The passage goes on; it is too long for this file.\n") == 16


def test_comments_too_large_to_be_read_again(tmp_path: Path) -> None:
    """Such a file is not written; the one that is there stays."""
    path = file_of(tmp_path, "points = 1")
    before = path.read_bytes()
    with pytest.raises(UsageError, match=r"marks\.toml: it would be larger than 1,048,576 bytes"):
        write_marks(path, "anna", [ITEM], marks_of(Mark("a", Decimal(1), "x" * MAX_FILE, "")))
    assert path.read_bytes() == before


def test_comments_that_just_fit(tmp_path: Path) -> None:
    """A file of exactly 1 MiB is written, and can be read again."""
    path = tmp_path / "marks.toml"
    write_marks(path, "anna", [ITEM], marks_of(Mark("a", Decimal(1), "", "")))
    comment = "x" * (MAX_FILE - path.stat().st_size)
    write_marks(path, "anna", [ITEM], marks_of(Mark("a", Decimal(1), comment, "")))
    assert path.stat().st_size == MAX_FILE
    assert read_marks(path).marks["a"].comment == comment


def test_a_file_that_cannot_be_written(tmp_path: Path) -> None:
    """One line that says why, and no draft left behind."""
    with pytest.raises(UsageError, match=r"marks\.toml: can't be written: No such file or directory"):
        write_marks(tmp_path / "none" / "marks.toml", "anna", [ITEM], None)
    (tmp_path / "folder").mkdir()
    with pytest.raises(UsageError, match="folder: can't be written: Is a directory"):
        write_marks(tmp_path / "folder", "anna", [ITEM], None)
    assert os.listdir(tmp_path) == ["folder"]


def test_writing_again_keeps_the_rights(tmp_path: Path) -> None:
    """A file that only its marker may read stays so, and nothing is left beside it."""
    path = file_of(tmp_path, "points = 1")
    path.chmod(0o600)
    write_marks(path, "anna", [ITEM], read_marks(path))
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert os.listdir(tmp_path) == ["marks.toml"]


def test_a_criterion_asked_for_twice_is_our_fault(tmp_path: Path) -> None:
    """It would make a file that can't be read."""
    with pytest.raises(GraderError, match=r"l03\.question\.1"):
        write_marks(tmp_path / "marks.toml", "anna", [ITEM, ITEM], None)
    assert os.listdir(tmp_path) == []


def test_a_mark_that_holds() -> None:
    """A mark for the passage as it stands, up to the maximum."""
    assert valid_mark(ITEM, marks_of(MARK)) == (MARK, "")
    full = Mark(OTHER.criterion, Decimal("0.50"), "", "")
    assert valid_mark(OTHER, marks_of(full)) == (full, "")


def test_what_is_not_marked() -> None:
    """No entry, or only a comment."""
    assert valid_mark(ITEM, marks_of()) == (None, NOT_MARKED)
    assert valid_mark(ITEM, Marks("anna", {}, {ITEM.criterion: "ask her"})) == (None, NOT_MARKED)


@pytest.mark.parametrize("marked, now", [("a", "b"), ("a", ""), ("", "a"), ("a", "a\n"), ("\ud800", "\ud801")])
def test_a_passage_that_changed(marked: str, now: str) -> None:
    """A mark for another text does not hold."""
    mark = Mark("x", Decimal(1), "", Passage("", marked).fingerprint)
    assert valid_mark(MarkRequest("x", "", Decimal(1), Passage("", now)), marks_of(mark)) == (None, CHANGED)


def test_a_changed_passage_does_not_count_by_being_written_again(tmp_path: Path) -> None:
    """The old mark stands in the new file, but holds only once a person has put in the line that the file gives."""
    path = tmp_path / "marks.toml"
    stale = Mark(ITEM.criterion, Decimal(1), "Good.", Passage("", "the old text").fingerprint)
    write_marks(path, "anna", [ITEM], marks_of(stale))
    assert valid_mark(ITEM, read_marks(path)) == (None, CHANGED)
    content = path.read_text(encoding="utf-8")
    assert "# This passage changed after it was marked." in content
    line = f'passage = "{PASSAGE.fingerprint}"'
    assert f"by this one: {line}\n" in content
    path.write_text(content.replace(f'\npassage = "{stale.fingerprint}"\n', f"\n{line}\n"), encoding="utf-8")
    mark, why = valid_mark(ITEM, read_marks(path))
    assert (mark, why) == (Mark(ITEM.criterion, Decimal(1), "Good.", PASSAGE.fingerprint), "")
    write_marks(path, "anna", [ITEM], read_marks(path))
    assert "changed after" not in path.read_text(encoding="utf-8")


def test_more_than_the_maximum() -> None:
    """The criterion and its maximum are named."""
    with pytest.raises(UsageError, match=r'^marks\."l03\.question\.1": points = 10, but the maximum is 1$'):
        valid_mark(ITEM, marks_of(Mark(ITEM.criterion, Decimal(10), "", "")))


def test_a_criterion_has_one_entry(tmp_path: Path) -> None:
    """A criterion that is known with a mark and with a comment stands in the file once, with its mark."""
    path = tmp_path / "marks.toml"
    write_marks(path, "anna", [], Marks("anna", {MARK.criterion: MARK}, {MARK.criterion: "later"}))
    assert read_marks(path) == marks_of(MARK)


def test_quoted_lines_fit_a_screen(tmp_path: Path) -> None:
    """A long line of a student's is wrapped at 120 columns, with the mark of a quotation, and wastes no room."""
    path = tmp_path / "marks.toml"
    write_marks(path, "anna", [MarkRequest("a.1", "One", Decimal(1), Passage("a", "four " * 300))], None)
    quoted = [line for line in path.read_text(encoding="utf-8").splitlines() if line.startswith("# > ")]
    assert max(map(len, quoted)) == 118
    assert sum(line.count("four") for line in quoted) == 300


def test_criteria_no_longer_asked_for_come_last(tmp_path: Path) -> None:
    """They are kept, and said to be."""
    path = tmp_path / "marks.toml"
    write_marks(path, "anna", [OTHER], marks_of(MARK))
    content = path.read_text(encoding="utf-8")
    assert content.index("l03.history") < content.index("l03.question.1")
    assert '[marks."l03.question.1"]\n# From an earlier file: this grading has no such criterion.\npassage = ' in content
    assert read_marks(path) == marks_of(MARK)


def test_words_with_hyphens_are_quoted_whole(tmp_path: Path) -> None:
    """A word that does not fit any more goes to the next line with its hyphen's both sides."""
    path = tmp_path / "marks.toml"
    write_marks(path, "anna", [MarkRequest("a.1", "One", Decimal(1), Passage("a", "x" * 108 + " half-written"))], None)
    assert "\n# > half-written\n" in path.read_text(encoding="utf-8")


@pytest.mark.parametrize(("count", "whole"), [(QUOTED_LINES[0], True), (QUOTED_LINES[0] + 1, False)])
def test_a_passage_of_as_many_lines_as_are_quoted(tmp_path: Path, count: int, whole: bool) -> None:
    """A passage that just fits is quoted whole, one of a line more says that it goes on."""
    path = tmp_path / "marks.toml"
    write_marks(path, "anna", [MarkRequest("a.1", "One", Decimal(1), Passage("a", "line\n" * count))], None)
    content = path.read_text(encoding="utf-8")
    assert content.count("# > line\n") == QUOTED_LINES[0]
    assert ("# The passage goes on" not in content) is whole


def test_what_can_not_be_seen_is_written_as_its_number(tmp_path: Path) -> None:
    """Characters without a form come back from the file; of lone surrogates, which no file holds, only that they were."""
    path = tmp_path / "marks.toml"
    comment = "\ud800\udfff|\ud7ff\ue000\uffff\U0010ffff"
    write_marks(path, "anna", [], marks_of(Mark("a", Decimal(1), comment, "")))
    assert '"\ufffd\ufffd|\\uD7FF\\uE000\\uFFFF\\U0010FFFF"' in path.read_text(encoding="utf-8")
    assert read_marks(path).marks["a"].comment == "\ufffd\ufffd|\ud7ff\ue000\uffff\U0010ffff"
