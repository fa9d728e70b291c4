"""A class's marks in gradebooks: read from its store, with the totals of its page, for every member of a group."""

from __future__ import annotations

import csv
import html
import json
import re
import shutil
import sqlite3
from decimal import Decimal
from pathlib import Path

import pytest

from graders import cli
from graders.cohort.run import CohortResult
from graders.reports.formats.matching import read_matches
from graders.reports.formats.sheet import parse as parse_sheet

from .test_deadlines_and_marks import Class, scheduler  # noqa: F401  a fixture

pytestmark = pytest.mark.process

STUDENTS = ("ada", "bob", "carol", "dave", "erin", "fred")
CANVAS = "Student,ID,SIS Login ID,Section,Lab (7)\n" + "".join(
    f"{name.title()},{number},{name}@example.org,S,\n" for number, name in enumerate(STUDENTS)
)
MOODLE = "Identifier,Full name,Email address,Grade,Last modified (grade)\n" + "".join(
    f"Participant {number},{name.title()},{name}@example.org,,-\n" for number, name in enumerate(STUDENTS)
)


@pytest.fixture(scope="module")
def class_(tmp_path_factory: pytest.TempPathFactory, scheduler: str) -> Class:  # noqa: F811
    """A class with late ones, a group, marks by hand for some, and one that could not be graded."""
    found = Class(tmp_path_factory.mktemp("class"), scheduler)
    found.file("roster.csv", (found.folder / "roster.csv").read_text(encoding="utf-8") + "gina@example.org,,,,\n")
    found.with_policy()
    found.with_policy(marks=found.mark("", rounding="0.75"))
    return found


def export(*words: object) -> int:
    return cli.main(["export", *map(str, words)])


ROW = re.compile(r'<tr id="oc-row-.*?<th scope="row">(?:<a[^>]*>)?([^<]+).*?</tr>', re.DOTALL)
POINTS = re.compile(r'<td class="og-number" data-sort="[^"]+">([\d.]+) of ')


def on_page(found: Class) -> dict[str, Decimal]:
    """What counts, by student, as the class's page has it."""
    points: dict[str, Decimal] = {}
    for row in ROW.finditer((found.out / "index.html").read_text(encoding="utf-8")):
        shown = POINTS.search(row[0])
        if shown:
            points |= {student.partition("@")[0]: Decimal(shown[1]) for student in html.unescape(row[1]).split(", ")}
    return points


def in_sheet(path: Path, who: str, mark: str) -> dict[str, Decimal]:
    with path.open(encoding="utf-8") as file:
        return {row[who].partition("@")[0]: Decimal(row[mark]) for row in csv.DictReader(file) if row[mark]}


def test_canvas_has_the_pages_totals(class_: Class, capsys: pytest.CaptureFixture[str]) -> None:
    sheet, filled = class_.file("grades.csv", CANVAS), class_.folder / "filled.csv"
    assert export(class_.out, "--to", "canvas", "--sheet", sheet, "--assignment", 7, "-o", filled) == 1
    marks = in_sheet(filled, "SIS Login ID", "Lab (7)")
    assert marks == on_page(class_)
    assert set(marks) == set(STUDENTS), "each member of a group has its mark"
    assert marks["dave"] == marks["erin"] < marks["bob"] < marks["ada"]
    out = capsys.readouterr().out
    assert "left alone: gina@example.org: nothing was submitted" in out
    assert "6 marks change, 0 are there already, 1 left alone" in out
    assert "less 1.48 since it was late" in out


def test_moodle_has_the_pages_totals(class_: Class) -> None:
    sheet, filled = class_.file("worksheet.csv", MOODLE), class_.folder / "filled.csv"
    export(class_.out, "--to", "moodle", "--sheet", sheet, "-o", filled)
    assert in_sheet(filled, "Email address", "Grade") == on_page(class_)


def test_gradescope_has_the_pages_totals(class_: Class) -> None:
    into = class_.folder / "results"
    assert export(class_.out, "--to", "gradescope", "-o", into) == 0
    page = on_page(class_)
    found = {path.parent.name: json.loads(path.read_text(encoding="utf-8")) for path in into.glob("*/results.json")}
    assert set(found) == {"ada", "bob", "carol", "team", "fred"}
    for name, document in found.items():
        assert Decimal(str(document["score"])) == page["dave" if name == "team" else name]
    assert "were deducted since it was late" in found["bob"]["output"]


def test_lists_have_the_pages_totals(class_: Class, capsys: pytest.CaptureFixture[str]) -> None:
    assert export(class_.out / "cohort.sqlite", "--to", "csv") == 0
    out, err = capsys.readouterr()
    sums: dict[str, Decimal] = {}
    for row in csv.DictReader(out.splitlines()):
        sums[row["submission"]] = sums.get(row["submission"], Decimal(0)) + Decimal(row["earned"] or 0)
    page = on_page(class_)
    assert sums == {name: page["dave" if name == "team" else name] for name in sums}
    assert len(sums) == 5
    assert err == "graders: no mark: gina@example.org: nothing was submitted\n"


def test_the_files_match_what_the_store_says(class_: Class) -> None:
    """``match.csv`` and the reports give the same as the store, for whoever exports these."""
    data = (class_.out / "match.csv").read_bytes()
    assert read_matches(parse_sheet(data, "match.csv"), "match.csv")["team"] == ("dave@example.org", "erin@example.org")
    sheet, filled = class_.file("grades.csv", CANVAS), class_.folder / "filled2.csv"
    words = ("--to", "canvas", "--sheet", sheet, "--assignment", 7, "-o", filled, "--match", class_.out / "match.csv")
    export(class_.out / "reports", *words)
    assert in_sheet(filled, "SIS Login ID", "Lab (7)") == on_page(class_)


def test_a_store_on_a_disk_that_can_not_be_written_to(class_: Class, tmp_path: Path) -> None:
    """Exporting leaves no file behind; and a run that did not end is not exported as if it had."""
    copy = tmp_path / "copy"
    shutil.copytree(class_.out, copy)
    before = sorted(path.name for path in copy.iterdir())
    assert export(copy, "--to", "csv", "-o", tmp_path / "a.csv") == 0
    assert sorted(path.name for path in copy.iterdir()) == before
    with sqlite3.connect(copy / "cohort.sqlite") as store:
        store.execute("DELETE FROM results WHERE submission = (SELECT id FROM submissions WHERE name = 'ada')")
    sheet = class_.file("grades.csv", CANVAS)
    assert export(copy, "--to", "canvas", "--sheet", sheet, "--assignment", 7, "-o", tmp_path / "b.csv") == 1
    assert set(in_sheet(tmp_path / "b.csv", "SIS Login ID", "Lab (7)")) == set(STUDENTS) - {"ada"}


@pytest.mark.parametrize("damage", ["version", "file"])
def test_a_store_that_can_not_be_read_is_one_line(
    class_: Class, tmp_path: Path, damage: str, capsys: pytest.CaptureFixture[str]
) -> None:
    copy = tmp_path / "cohort.sqlite"
    if damage == "file":
        copy.write_bytes(b"no database" * 1000)
    else:
        shutil.copy(class_.out / "cohort.sqlite", copy)
        with sqlite3.connect(copy) as store:
            store.execute("PRAGMA user_version = 99")
    assert export(tmp_path, "--to", "csv") == 4
    assert capsys.readouterr().err.startswith(f"graders: {copy}: ")


def test_a_result_is_what_was_asked_for(class_: Class) -> None:
    result: CohortResult = class_.with_policy()
    assert result.kinds == {"graded": 5, "not graded": 1}
