"""Gradebooks' own sheets: existing cells of existing students are filled, all else stays and is told."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graders.core.errors import UsageError
from graders.reports.formats import canvas, matching, moodle, sheet
from graders.scoring import Scorecard

from . import samples

CANVAS = (
    "\ufeffStudent,ID,SIS User ID,SIS Login ID,Section,Lab 2 (101),Lab 3 (102),Quiz (7),Current Score\r\n"
    "    Points Possible,,,,,20,14,5,(read only)\r\n"
    '"Lovelace, Ada",11,s11,ada,"Mon, 8:00",,,3,60\r\n'
    '"王, 小明",12,s12,wxm,Mon,12.5,EX,,\r\n'
    '"=cmd, Eve",13,s13,eve,Mon,N/A,,,\r\n'
    '"Twin, A",14,s14,twin,Mon,EX,,,\r\n'
    '"Twin, A",15,s15,twin2,Mon,,,,\r\n'
    '"Student, Test",16,,test,Mon,,,,\r\n'
).encode()
MOODLE = (
    b"Identifier,Full name,Email address,Status,Grade,Maximum grade,Grade can be changed,"
    b'"Last modified (submission)","Online text","Last modified (grade)","Feedback comments"\n'
    b'Participant 21,Ada Lovelace,ada@x.org,Submitted,,20.00,Yes,"Monday, 1 June 2026, 3:00 PM","=cmd",-,\n'
    b'Participant 22,Grace Hopper,gh@x.org,Submitted,3.00,20.00,Yes,-,,"Monday, 1 June 2026, 3:00 PM","- good, on the whole"\n'
    b"Participant 23,Alan Turing,at@x.org,Submitted,,10.00,Yes,-,,-,\n"
    b"Participant 24,Locked,l@x.org,Submitted,,20.00,No,-,,-,\n"
)


def card(name: str, document: Any = None) -> Scorecard:
    """Full marks (18 of lab 2's 18 and 2 pending) of a submission of that name."""
    return Scorecard.from_json({**(document or samples.full_marks()), "submission": name}).only(["l02"])


def canvas_filled(cards: list[Scorecard], assignment: str = "101", match: str = "", **options: Any) -> Any:
    book = canvas.open_book(sheet.parse(CANVAS, "sheet.csv"), assignment)
    given_ = matching.read_matches(sheet.parse(match.encode(), "match.csv"), "match.csv") if match else {}
    return canvas.fill(book, matching.match(cards, book.people, given_, canvas.downloaded_as), **options)


def moodle_filled(cards: list[Scorecard], **options: Any) -> Any:
    worksheet = moodle.open_worksheet(sheet.parse(MOODLE, "sheet.csv"))
    return moodle.fill(worksheet, matching.match(cards, worksheet.people, {}, moodle.downloaded_as), **options)


def rows(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text.removeprefix("\ufeff"))))


@pytest.mark.parametrize(
    "name", ["ada", "ADA", "11", "s11", "Lovelace, Ada", "lovelaceada_11_900_lab2", "lovelaceada_LATE_11_9_x"]
)
def test_canvas_fills_one_cell(name: str) -> None:
    """By login, ID, exact name, or as Canvas calls what is downloaded; every other byte stays, but for a formula."""
    filled = canvas_filled([card(name)])
    assert [str(change) for change in filled.changes] == ["Lovelace, Ada: no mark → 18 (2 more to be graded manually)"]
    before, after = rows(CANVAS.decode("utf-8-sig")), rows(filled.text)
    assert after[2][5] == "18"
    after[2][5] = ""
    assert after[4][0] == "'=cmd, Eve"
    after[4][0] = "=cmd, Eve"
    assert after == before
    kept = set(CANVAS.splitlines(keepends=True)) & set(filled.text.encode().splitlines(keepends=True))
    assert len(kept) == 6, "rows that don't change are the bytes that came"
    assert filled.left == []


@pytest.mark.parametrize(
    "name", ["lovelaceada_12_900_lab2", "adalovelace_11_900", "ada lovelace", "Lovelace", "lab2-ada", "101"]
)
def test_canvas_guesses_nobody(name: str) -> None:
    """A name that is not exactly one student's is told, and nothing is written for it."""
    filled = canvas_filled([card(name)])
    assert not filled.changes
    assert filled.left == [f"{name}: no such student in the sheet; name one by --match"]


def test_canvas_leaves_alone_what_it_should() -> None:
    """Excused and unassigned students, names of two, two submissions of one."""
    cards = [card("eve"), card("twin"), card("Twin, A"), card("ada"), card("11"), card("wxm")]
    filled = canvas_filled(cards)
    assert [str(change) for change in filled.changes] == ["王, 小明: 12.5 → 18 (2 more to be graded manually)"]
    told = "\n".join(filled.left)
    assert "=cmd, Eve: the assignment is not assigned to them (N/A)" in told
    assert "Twin, A: excused (EX)" in told
    assert "Twin, A: more than one student is called so (Twin, A, Twin, A)" in told
    assert "Lovelace, Ada: more than one submission (ada, 11)" in told
    assert len(filled.left) == 4


def test_canvas_takes_matches_that_are_given() -> None:
    """--match names a student for a submission; what it names in vain is told."""
    match = "submission,student\nlab2-a,ada\nlab2-b,nobody\nlab2-c,11\n"
    filled = canvas_filled([card("lab2-a"), card("lab2-b")], match=match)
    assert [change.who for change in filled.changes] == ["Lovelace, Ada"]
    assert filled.left == [
        "lab2-b (nobody, named for it): no such student in the sheet; name one by --match",
        "--match names lab2-c, of which there is no scorecard",
    ]
    with pytest.raises(UsageError, match="twice, for different students"):
        canvas_filled([], match="submission,student\na,ada\nA,eve\n")
    with pytest.raises(UsageError, match="columns submission and student are expected"):
        canvas_filled([], match="name,login\na,ada\n")


def test_canvas_can_wait_for_pending_points() -> None:
    filled = canvas_filled([card("ada")], skip_pending=True)
    assert not filled.changes
    assert filled.left == ["Lovelace, Ada: 2 points are still to be graded manually; left as it is because of --skip-pending"]


def test_canvas_says_where_points_possible_differ() -> None:
    assert canvas_filled([card("ada")]).notes == []
    (note,) = canvas_filled([card("ada")], "102").notes
    assert note == "Canvas has 14 points possible, 1 of the scorecards 20: points are written as they are"


def test_canvas_leaves_what_is_there_already() -> None:
    filled = canvas_filled([Scorecard.from_json({**samples.full_marks(), "submission": "wxm"}).only(["l02"])])
    again = canvas.open_book(sheet.parse(filled.text.encode(), "again.csv"), "Lab 2")
    once_more = canvas.fill(again, matching.match([card("wxm")], again.people, {}))
    assert (once_more.changes, once_more.same) == ([], 1)


@pytest.mark.parametrize(
    ("assignment", "told"),
    [
        ("Lab", "no such column in the sheet; it has: Lab 2"),
        ("103", "no such column"),
        ("Current Score", "no such column"),
    ],
)
def test_canvas_invents_no_column(assignment: str, told: str) -> None:
    with pytest.raises(UsageError, match=told):
        canvas_filled([], assignment)


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"Name,Mark\n", "not a Canvas gradebook"),
        (b"Student,ID,SIS Login ID,Section,L (1),M (1)\n", "more than one such column"),
        (b"Student,ID,SIS Login ID,Section,L (1)\n    Points Possible,,,,(read only)\n", "read only in Canvas"),
        (b"\xff\xfe", "not in UTF-8"),
        (b"", "empty"),
        (b'Student,ID\n"A"x,1\n', "not a CSV file"),
    ],
)
def test_canvas_refuses_other_files(data: bytes, told: str) -> None:
    with pytest.raises(UsageError, match=told):
        canvas.open_book(sheet.parse(data, "sheet.csv"), "1")


def test_canvas_with_semicolons_keeps_them() -> None:
    """Canvas exports and imports semicolons where an instructor asked for them."""
    data = b"Student;ID;SIS Login ID;Section;L (1)\nA;1;a;S;1,5\nB;2;b;S;18,0\n"
    book = canvas.open_book(sheet.parse(data, "sheet.csv"), "L")
    filled = canvas.fill(book, matching.match([card("a"), card("b")], book.people, {}))
    assert filled.text.splitlines()[1] == '"A";"1";"a";"S";"18"'
    assert filled.same == 1


@pytest.mark.parametrize(
    "name", ["Participant 21", "21", "Ada Lovelace_21_assignsubmission_file", "ada@x.org", "Ada Lovelace"]
)
def test_moodle_fills_marks(name: str) -> None:
    """By identifier, as Moodle calls a downloaded submission, by mail or exact name."""
    filled = moodle_filled([card(name)])
    assert [str(change) for change in filled.changes] == ["Ada Lovelace: no mark → 18 (2 more to be graded manually)"]
    after = rows(filled.text)[1]
    assert after[4] == "18"
    assert after[8] == "'=cmd", "what a student wrote is no formula in a sheet that is opened"
    assert filled.text.encode().splitlines()[2:] == MOODLE.splitlines()[2:]
    assert filled.notes == []


def test_moodle_names_what_moodle_would_drop() -> None:
    """Out of range and locked rows are not filled, and named; marks that may be stale are filled, and named."""
    filled = moodle_filled([card("21"), card("22"), card("23"), card("24")])
    assert [change.who for change in filled.changes] == ["Ada Lovelace", "Grace Hopper"]
    assert filled.left == [
        "Alan Turing: 18 is more than the assignment's 10, and Moodle would drop it; left as it is",
        "Locked: the mark is locked in Moodle's gradebook, and Moodle would drop it; left as it is",
    ]
    (note,) = filled.notes
    assert "marked before in Moodle: Grace Hopper;" in note


def test_moodle_leaves_what_is_there_already() -> None:
    worksheet = moodle.open_worksheet(sheet.parse(moodle_filled([card("21")]).text.encode(), "again.csv"))
    again = moodle.fill(worksheet, matching.match([card("21")], worksheet.people, {}))
    assert (again.changes, again.same, again.left) == ([], 1, [])


def test_moodle_cuts_long_feedback() -> None:
    """However much there is to say."""
    document = samples.broken()
    first = document["labs"][0]["criteria"][1] | {"title": "t" * 200}
    document["labs"][0]["criteria"] = [first | {"id": f"l02.c{index}"} for index in range(60)]
    document["points"] = {
        "earned": 0,
        "automatic": 60 * first["maximum"],
        "pending": 0,
        "maximum": 60 * first["maximum"],
    }
    worksheet = moodle.open_worksheet(sheet.parse(MOODLE.replace(b"20.00", b"999"), "sheet.csv"))
    filled = moodle.fill(worksheet, matching.match([card("21", document)], worksheet.people, {}), feedback=True)
    told = rows(filled.text)[1][10]
    assert 3000 < len(told) < 5000
    assert told.endswith("</p> …")


def test_moodle_feedback_only_where_nobody_wrote() -> None:
    """Feedback is asked for, and never overwrites a person's."""
    assert rows(moodle_filled([card("21")]).text)[1][10] == ""
    document = samples.five_mistakes()
    filled = rows(moodle_filled([card("21", document), card("22", document)], feedback=True).text)
    assert filled[1][10].startswith("<p>12.8 of 18 points, 2 more to be graded manually</p><p>")
    assert filled[2][10] == "- good, on the whole"


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"Student,ID\n", "not a Moodle grading worksheet"),
        (b"Identifikator,Bewertung\n", "with the language set to English"),
        (b"Identifier;Grade;Last modified (grade)\n", "Moodle reads commas only"),
        (b"Identifier,Grade,Last modified (grade)\nParticipant 1,,-\nParticipant 1,,-\n", "Participant 1 twice"),
    ],
)
def test_moodle_refuses_other_files(data: bytes, told: str) -> None:
    with pytest.raises(UsageError, match=told):
        moodle.open_worksheet(sheet.parse(data, "sheet.csv"))


cells = st.text(st.sampled_from('ab,;"\n\r\u2028\x0b= é'), max_size=6)


@given(st.lists(st.lists(cells, min_size=2, max_size=3), min_size=1, max_size=5), st.booleans())
def test_a_sheet_without_changes_is_the_same_bytes(table: list[list[str]], bom: bool) -> None:
    """Whatever line ends and separators are in its cells."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n", quoting=csv.QUOTE_ALL).writerows([["Student", "Title; of 1"], *table])
    data = (sheet.BOM if bom else "").encode() + text.getvalue().encode()
    parsed = sheet.parse(data, "sheet.csv")
    assert parsed.written({}, ()).encode() == data
    assert [list(row.cells) for row in parsed.rows[1:]] == table
