"""Every form that a class's submissions come in, and whose each of them is."""

from __future__ import annotations

import os
import zipfile
from pathlib import Path

import pytest

from graders.cohort.intake import Intake, collect, read_roster, safe_name
from graders.core.errors import UsageError

from .classes import LAB_FILES, submission, work, write, zipped


def taken(tmp_path: Path, *sources: Path, roster: Path | None = None) -> Intake:
    return collect(sources, read_roster(roster) if roster else None, LAB_FILES, tmp_path / "unpacked")


def names(found: Intake) -> list[str]:
    return [each.name for each in found.submissions]


def test_a_folder_of_folders_and_archives(tmp_path: Path) -> None:
    place = tmp_path / "class"
    submission(place / "alice")
    write(place, {"王小明.zip": zipped(work()), "notes.txt": "hello", ".DS_Store": "", "Jürgen B.zip": zipped({"a/b.py": ""})})
    found = taken(tmp_path, place)
    assert names(found) == ["alice", "Jürgen B", "王小明"]
    assert not any(each.problem for each in found.submissions)
    assert found.notes == ("left out, neither a folder nor an archive: notes.txt",)


def test_a_submission_itself_and_clones(tmp_path: Path) -> None:
    alone = submission(tmp_path / "alice")
    clone = write(tmp_path / "clones" / "lab2-bob", {".git/HEAD": "ref: refs/heads/main\n", "deep/er/labs/work.py": ""})
    submission(tmp_path / "clones" / "lab2-carol")
    packed = tmp_path / "dave.zip"
    packed.write_bytes(zipped({f"dave-main/{name}": text for name, text in work().items()}))
    assert names(taken(tmp_path, alone, clone.parent, packed)) == ["alice", "dave", "lab2-bob", "lab2-carol"]


def test_what_is_empty_or_broken_is_a_submission_with_its_own_problem(tmp_path: Path) -> None:
    place = tmp_path / "class"
    submission(place / "alice")
    (place / "bob").mkdir()
    write(place, {"carol.zip": b"PK\x03\x04 nothing", "dave.rar": b"Rar!", "erin.zip": b""})
    problems = {each.name: each.problem for each in taken(tmp_path, place).submissions}
    assert problems == {
        "alice": "",
        "bob": "",
        "carol": "carol.zip is not a ZIP archive, or a damaged one",
        "dave": "dave.rar is not a folder or a ZIP archive, or a damaged one",
        "erin": "erin.zip is not a ZIP archive, or a damaged one",
    }


CANVAS = {
    "lovelaceada_1234_9001_lab2.zip": zipped(work("old")),
    "lovelaceada_1234_9002_lab2-1.zip": zipped(work("new")),
    "hoppergrace_LATE_77_9003_lab2.zip": zipped(work()),
    "王小明_88_9004_lösung.zip": zipped(work()),
    "turingalan_99_9005_work.py": "x = 1\n",
    "turingalan_99_9006_summary.md": "# Mine\n",
    "brokenbob_55_9007_lab2.zip": b"no archive",
}


def test_a_download_of_canvas(tmp_path: Path) -> None:
    archive = tmp_path / "submissions.zip"
    archive.write_bytes(zipped(CANVAS))
    found = {each.name: each for each in taken(tmp_path, archive).submissions}
    assert set(found) == {"lovelaceada_1234", "hoppergrace_77", "王小明_88", "turingalan_99", "brokenbob_55"}
    ada = found["lovelaceada_1234"]
    assert ada.path is not None
    assert ada.path.name == "lovelaceada_1234_9002_lab2-1.zip"
    assert ada.notes == ("lab2-1.zip was graded, the newest archive; left out: lab2.zip",)
    assert set(found["turingalan_99"].files) == {"work.py", "summary.md"}
    assert found["brokenbob_55"].problem == "lab2.zip: not a ZIP archive, or a damaged one"


def test_the_same_download_unpacked_by_hand(tmp_path: Path) -> None:
    place = write(tmp_path / "submissions", CANVAS)
    assert len(names(taken(tmp_path, place))) == 5


def test_a_download_of_moodle(tmp_path: Path) -> None:
    files = {
        "Ada Lovelace_1234_assignsubmission_file/lab2.zip": zipped(work()),
        "王 小明_77_assignsubmission_file/labs/work.py": "x = 1\n",
        "王 小明_77_assignsubmission_onlinetext/onlinetext.html": "<p>hello</p>",
        "Grace Hopper_78_assignsubmission_onlinetext/onlinetext.html": "<p>mail</p>",
        "Jürgen_Groß_79_assignsubmission_file_lab2.zip": zipped(work()),
    }
    archive = tmp_path / "moodle.zip"
    archive.write_bytes(zipped(files))
    found = {each.name: each for each in taken(tmp_path, archive).submissions}
    assert set(found) == {
        f"{who}_assignsubmission_file"
        for who in ("Ada Lovelace_1234", "王 小明_77", "Grace Hopper_78", "Jürgen_Groß_79")
    }
    assert found["Grace Hopper_78_assignsubmission_file"].problem == "no file was submitted"
    assert found["Ada Lovelace_1234_assignsubmission_file"].path.name == "lab2.zip"  # type: ignore[union-attr]
    assert "onlinetext" in found["王 小明_77_assignsubmission_file"].notes[0]


METADATA = """---
submission_11:
  :submitters:
  - :name: Ada Lovelace
    :sid: '1234'
    :email: ada@example.org
  :created_at: 2026-11-30 20:00:00.000000000 Z
  :score: 10.0
submission_12:
  :submitters:
  - :name: 王小明
    :sid: '77'
    :email: ''
  - :name: Grace Hopper
    :sid: '78'
    :email: grace@example.org
  :created_at: 2026-11-30 21:00:00.000000000 Z
"""


def test_an_export_of_gradescope(tmp_path: Path) -> None:
    files = {"assignment_5_export/submission_metadata.yml": METADATA}
    for number in (11, 12, 13):
        files |= {f"assignment_5_export/submission_{number}/{name}": text for name, text in work().items()}
    archive = tmp_path / "gradescope.zip"
    archive.write_bytes(zipped(files))
    found = {each.name: each for each in taken(tmp_path, archive).submissions}
    assert set(found) == {"ada@example.org", "77 and grace@example.org", "submission_13"}
    assert found["77 and grace@example.org"].students == ("77", "grace@example.org")
    when = found["ada@example.org"].submitted_at
    assert when is not None
    assert when.isoformat() == "2026-11-30T20:00:00+00:00"
    assert found["submission_13"].problem == "submission_metadata.yml does not say whose it is"


def test_a_member_that_is_damaged_costs_its_own_submission_alone(tmp_path: Path) -> None:
    archive = tmp_path / "class.zip"
    archive.write_bytes(zipped({f"class/{who}/labs/work.py": f"x = '{who}' * 2\n" * 50 for who in ("alice", "bob")}))
    with zipfile.ZipFile(archive) as opened:
        at = opened.getinfo("class/bob/labs/work.py").header_offset + 60
    data = bytearray(archive.read_bytes())
    data[at : at + 8] = b"\xff" * 8
    archive.write_bytes(data)
    found = {each.name: each.problem for each in taken(tmp_path, archive).submissions}
    assert found["alice"] == ""
    assert "work.py is damaged in the archive" in found["bob"]


def test_names_in_utf_8_that_the_archive_does_not_say_so_of(tmp_path: Path) -> None:
    data = zipped({"class/XXXXXXXX/labs/work.py": "", "class/bob/labs/work.py": ""})
    archive = tmp_path / "class.zip"
    archive.write_bytes(data.replace(b"XXXXXXXX", "Jürgenx".encode()))
    assert names(taken(tmp_path, archive)) == ["bob", "Jürgenx"]


def test_an_archive_is_unpacked_once(tmp_path: Path) -> None:
    archive = tmp_path / "submissions.zip"
    archive.write_bytes(zipped(CANVAS))
    first = taken(tmp_path, archive)
    marker = first.submissions[0].path
    assert marker is not None
    before = marker.stat().st_ino
    assert taken(tmp_path, archive) == first
    assert marker.stat().st_ino == before


def test_the_newest_of_two_by_their_files(tmp_path: Path) -> None:
    old, new = submission(tmp_path / "a" / "alice"), submission(tmp_path / "b" / "Alice")
    for folder, when in ((old, 1_000_000), (new, 2_000_000)):
        for path in folder.rglob("*"):
            os.utime(path, (when, when))
    found = taken(tmp_path, old.parent, new.parent)
    assert [each.path for each in found.submissions] == [new]
    assert found.notes == ("Alice: 2 submissions (a/alice, b/Alice); the newest by the times of their files: b/Alice",)
    for path in new.rglob("*"):
        os.utime(path, (1_000_000, 1_000_000))
    (tied,) = taken(tmp_path, old.parent, new.parent).submissions
    assert "leave one out" in tied.problem


def roster(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "roster.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_roster_says_whose_they_are(tmp_path: Path) -> None:
    for name in ("lab2-a", "lab2-b", "lab2-team", "lab2-tutor"):
        submission(tmp_path / "clones" / name)
    submission(tmp_path / "late" / "lab2-a")
    given = roster(
        tmp_path,
        "student,submission,group,submitted_at,extension_days\n"
        "ada,LAB2-A,,2026-11-30T23:00+01:00,\n"
        "ada,late/lab2-a,,2026-12-01T23:00+01:00,2\n"
        "王小明,lab2-team,red,,\n"
        "grace,lab2-team,red,,\n"
        "nobody,,,,\n"
        "lost,elsewhere,,,\n",
    )
    found = taken(tmp_path, tmp_path / "clones", roster=given)
    by_student = {each.students: each for each in found.submissions}
    assert set(by_student) == {("ada",), ("王小明", "grace"), ("nobody",), ("lost",)}
    ada = by_student["ada",]
    assert (ada.path, ada.extension_days) == (tmp_path / "late" / "lab2-a", 2.0)
    assert by_student["nobody",].problem == "nothing was submitted"
    assert "no submission is called elsewhere" in by_student["lost",].problem
    assert any("the newest by submitted_at: late/lab2-a" in note for note in found.notes)
    assert "left out, not in the roster: lab2-b, lab2-tutor" in found.notes


def test_a_roster_alone_with_folders_of_one_name(tmp_path: Path) -> None:
    submission(tmp_path / "ada" / "lab2")
    submission(tmp_path / "bob" / "lab2")
    found = taken(tmp_path, roster=roster(tmp_path, "student;submission\nada;ada/lab2\nbob;bob/lab2\n"))
    assert names(found) == ["ada", "bob"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name,submission\na,b\n", "no column student"),
        ("student,submission\n", "no student in it"),
        ("student,submission,submitted_at\na,b,yesterday\n", "row 2: submitted_at: yesterday is no time"),
        ("student,submission,extension_days\na,b,-1\n", "row 2: extension_days: -1 is no number"),
        ("student,submission\n,b\n", "row 2: no student"),
    ],
)
def test_a_roster_that_can_not_be_used_names_the_row(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        read_roster(roster(tmp_path, text))


def test_sources_that_have_nothing(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "file.txt").write_text("x", encoding="utf-8")
    for name, message in (("empty", "no submissions in it"), ("file.txt", "neither a folder"), ("gone", "no such path")):
        with pytest.raises(UsageError, match=message):
            taken(tmp_path, tmp_path / name)


def test_names_that_no_folder_can_have_stay_different() -> None:
    given = ["a/b", "a_b", "..", "../..", "x" * 500, "x" * 501, "", "a\ud800", "a\ud801", "王小明"]
    found = [safe_name(name) for name in given]
    assert len(set(found)) == len(given)
    assert all("/" not in name and not name.startswith(".") and len(name.encode()) <= 129 for name in found)
    assert (safe_name("王小明"), safe_name("Ada L. ")) == ("王小明", "Ada L.")


def test_a_class_of_one(tmp_path: Path) -> None:
    write(tmp_path / "class" / "alice", {"deep/labs/work.py": ""})
    assert names(taken(tmp_path, tmp_path / "class")) == ["alice"]
