"""A class with a late policy and manual marks: from the command to its page, its store and its exports."""

from __future__ import annotations

import datetime as dt
import json
import sqlite3
import tomllib
from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path

import pytest
from distributed import LocalCluster

from graders.cohort.engine.cluster import ClusterOptions
from graders.cohort.engine.options import GradingOptions
from graders.cohort.run import CohortRequest, CohortResult, grade_class
from graders.core.errors import UsageError
from graders.scoring import Scorecard, format_points
from tests.cohort import stand_ins
from tests.cohort.classes import submission
from tests.cohort.test_versions import commit
from tests.reports.page import parse

pytestmark = pytest.mark.process

POLICY = """
[late]
deadline = 2026-11-30T23:59:00+01:00
share_per_day = 0.1
limit = 0.3
"""
ROSTER = """student,submission,group,submitted_at,extension_days
ada@example.org,ada,,2026-11-30T20:00+01:00,
bob@example.org,bob,,2026-12-01T20:00+01:00,
carol@example.org,carol,,2026-12-01T20:00+01:00,1
dave@example.org,team,red,2026-12-24T20:00+01:00,
erin@example.org,team,red,2026-12-24T20:00+01:00,
fred@example.org,fred,,,
"""


@pytest.fixture(scope="module")
def scheduler() -> Iterator[str]:
    """A worker in this process: no stand-in here kills it."""
    with LocalCluster(
        n_workers=1, threads_per_worker=1, processes=False, host="127.0.0.1", protocol="tcp",
        memory_limit=0, dashboard_address="127.0.0.1:0", silence_logs=50,
    ) as cluster:  # fmt: skip
        yield cluster.scheduler_address


@pytest.fixture
def class_(tmp_path: Path, scheduler: str) -> Class:
    return Class(tmp_path, scheduler)


class Class:
    """A class of five, and the command for it."""

    def __init__(self, folder: Path, scheduler: str) -> None:
        self.folder, self.out, self.scheduler = folder, folder / "out", scheduler
        # Two wrote the same answer.
        for name, answer in {"ada": "rounding", "bob": "rounding", "carol": "scale", "team": "zero", "fred": ""}.items():
            submission(folder / "class" / name, f"answer {answer}")
        self.file("cohort.toml", POLICY)
        self.file("roster.csv", ROSTER)

    def file(self, name: str, text: str) -> Path:
        (self.folder / name).write_text(text, encoding="utf-8")
        return self.folder / name

    def grade(self, **more: object) -> CohortResult:
        request = CohortRequest(
            sources=(self.folder / "class",),
            folder=self.out,
            grading=GradingOptions(labs=("l03",), isolation="bare"),
            cluster=ClusterOptions(workers=1, scheduler=self.scheduler),
            similarity=False,
            **more,  # type: ignore[arg-type]
        )
        return grade_class(request, stand_ins.answered)

    def with_policy(self, **more: object) -> CohortResult:
        return self.grade(policy=self.folder / "cohort.toml", roster=self.folder / "roster.csv", **more)

    def card(self, name: str) -> Scorecard:
        return Scorecard.load(self.out / "reports" / name / "scorecard.json")

    def results(self) -> dict[str, tuple[Decimal, Decimal, Decimal, str]]:
        """Points before, deducted ones, what counts, and how late, by submission, as the store has them."""
        with sqlite3.connect(self.out / "cohort.sqlite") as store:
            rows = "SELECT name, before, deducted, earned, late FROM results JOIN submissions ON submission = id"
            return {row[0]: (*map(Decimal, row[1:4]), row[4]) for row in store.execute(rows)}  # type: ignore[misc]

    def questions(self) -> Mapping[str, Mapping[str, Mapping[str, str]]]:
        return tomllib.loads((self.out / "marks.toml").read_text(encoding="utf-8"))["marks"]

    def mark(self, points: str, **others: str) -> Path:
        """Fills in the file, every passage with these points, those of some answers with others."""
        text, current = [], ""
        for line in (self.out / "marks.toml").read_text(encoding="utf-8").splitlines():
            current = next((given for answer, given in others.items() if f"> {answer}" in line), points) if "[marks" in line else current
            for answer, given in others.items():
                if f"# > {answer}" in line:
                    current = given
            text.append(f'points = "{current}"' if line.startswith("points") else line)
        return self.file("filled.toml", "\n".join(text))


def test_points_before_and_after_are_in_the_store_the_reports_and_the_page(class_: Class) -> None:
    class_.with_policy()
    full = stand_ins.answered_points()
    late = {"bob": (Decimal("0.1"), "1 day late by submitted_at"), "team": (Decimal("0.3"), "24 days late by submitted_at")}
    for name, (before, deducted, counts, lateness) in class_.results().items():
        share, words = late.get(name, (Decimal(0), "in time"))
        assert before == full
        assert deducted == (full * share).quantize(Decimal("0.01"))
        assert counts == before - deducted == class_.card(name).points.earned
        assert lateness == (words if name != "fred" else "nothing says when it was submitted: nothing was deducted")
    page = parse((class_.out / "index.html").read_text(encoding="utf-8")).text()
    assert "Late policy: deadline 2026-11-30 23:59+01:00; 10 % of the points earned for each started day, at most 30 %" in page
    assert f"{format_points(full)} before" in page
    assert "24 days late by submitted_at" in page
    assert "deducted since it was submitted late" in (class_.out / "reports" / "bob" / "report.html").read_text(encoding="utf-8")
    assert class_.with_policy().graded_now == 0
    class_.grade(roster=class_.folder / "roster.csv")
    assert {each[1] for each in class_.results().values()} == {Decimal(0)}, "without a policy, nothing is deducted"
    assert class_.card("bob").points.earned == full


def test_a_policy_that_can_not_be_used_stops_before_anything_is_graded(class_: Class) -> None:
    class_.file("cohort.toml", "[late]\n")
    with pytest.raises(UsageError, match=r"--policy .*cohort.toml: deadline is missing in \[late\]"):
        class_.with_policy()
    assert not (class_.out / "reports").exists()


def test_a_commit_says_when_if_nothing_else_does(class_: Class) -> None:
    commit(class_.folder / "class" / "fred", "2026-12-02T23:58:00+01:00", {"labs/work.py": "answer x"})
    class_.with_policy()
    before, deducted, _, late = class_.results()["fred"]
    assert (deducted, late) == ((before / 5).quantize(Decimal("0.01")), "2 days late by the date of its last commit")


def test_a_class_as_it_was_at_a_time(class_: Class, capsys: pytest.CaptureFixture[str]) -> None:
    """One has a commit from before, one has none, the others have no history; nobody is lost."""
    fred, bob = class_.folder / "class" / "fred", class_.folder / "class" / "bob"
    commit(fred, "2026-11-29T10:00:00+01:00", {"labs/work.py": "answer early"})
    commit(fred, "2026-12-03T10:00:00+01:00", {"labs/work.py": "answer late"})
    commit(bob, "2026-12-03T10:00:00+01:00", {"labs/work.py": "answer late"})
    at = dt.datetime.fromisoformat("2026-11-30T23:59+01:00")
    result = class_.grade(at=at)
    assert result.kinds == {"graded": 4, "not in time": 1}
    assert result.without_marks == ["bob: no commit before 2026-11-30 23:59+01:00: the first is of 2026-12-03 10:00+01:00"]
    assert stand_ins.answer_of(class_.card("fred")) == "early"
    assert not (class_.out / "reports" / "bob").exists()
    out = capsys.readouterr().out
    assert "fred: after 2026-11-30 23:59+01:00: 1 commit: " in out
    page = parse((class_.out / "index.html").read_text(encoding="utf-8")).text()
    assert "Nothing is lost: give it extension_days or submitted_at in the roster, or grade it without --at." in page
    assert class_.grade(at=at).graded_now == 0
    assert class_.grade().graded_now == 2, "without --at, both are graded as they are"
    assert stand_ins.answer_of(class_.card("fred")) == "late"


def test_each_passage_is_marked_once_and_without_names(class_: Class) -> None:
    class_.grade()
    text = (class_.out / "marks.toml").read_text(encoding="utf-8")
    (question,) = class_.questions().values()
    assert len(question) == 4, "equal passages are there once, and who has none has an entry of their own"
    assert text.count("# > rounding") == 1
    assert "# 2 submissions have this passage." in text
    for name in ("ada", "bob", "carol", "team"):
        assert name not in text
    assert "# There is nothing to quote: open reports/fred/report.html" in text
    assert not (class_.out / "reports" / "ada" / "marks.toml").exists()


def test_marks_are_merged_and_survive_a_new_grading(class_: Class) -> None:
    class_.grade()
    full, most = stand_ins.answered_points(), stand_ins.ANSWER_POINTS
    class_.grade(marks=class_.mark("0.5", rounding="1"))
    expected = {"ada": 1, "bob": 1, "carol": 0.5, "team": 0.5, "fred": 0.5}
    assert {name: each[2] - full for name, each in class_.results().items()} == expected
    assert {class_.card(name).points.pending for name in expected} == {0}
    page = parse((class_.out / "index.html").read_text(encoding="utf-8")).text()
    assert "points to give by hand" not in page
    # Graded again, with another answer of one and a copied answer of another.
    submission(class_.folder / "class" / "ada", "answer new")
    submission(class_.folder / "class" / "carol", "answer rounding")
    result = class_.grade(restart=True)
    assert result.graded_now == 5
    given = {name: each[2] - full for name, each in class_.results().items()}
    assert given == expected | {"ada": 0, "carol": 1}
    assert class_.card("ada").points.pending == most
    text = (class_.out / "marks.toml").read_text(encoding="utf-8")
    assert "# > new" in text
    assert "# ===== Marks of passages that no submission has now" in text, "carol's earlier answer keeps its mark"


def test_marks_of_whole_reports_follow_into_another_folder(
    class_: Class, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each folder calls a report by its own secret bytes; the store beside the file says whose it is."""
    class_.grade()
    marks = class_.mark("0.5", rounding="1")
    beside = class_.out / "marks.toml"
    class_.grade(marks=marks)
    full = stand_ins.answered_points()
    expected = {"ada": 1, "bob": 1, "carol": 0.5, "team": 0.5, "fred": 0.5}
    copy = class_.file("copy.toml", beside.read_text(encoding="utf-8"))
    earlier, class_.out = class_.out, class_.folder / "second"
    class_.grade()
    capsys.readouterr()
    class_.grade(marks=copy)
    said = capsys.readouterr().out
    assert f"--marks {copy}: 1 entry names a report without a passage, of another class's folder" in said
    assert class_.card("fred").points.pending == stand_ins.ANSWER_POINTS
    assert class_.card("team").points.pending == 0, "passages are called the same in each folder"
    class_.grade(marks=beside)
    assert "names a report" not in capsys.readouterr().out
    assert {name: each[2] - full for name, each in class_.results().items()} == expected
    # Before anything was graded there.
    class_.out = class_.folder / "third"
    class_.grade(marks=earlier / "marks.toml")
    assert {name: each[2] - full for name, each in class_.results().items()} == expected
    # Work that changed since is marked again.
    submission(class_.folder / "class" / "fred", "answer  ")
    class_.grade()
    assert class_.card("fred").points.pending == stand_ins.ANSWER_POINTS


def test_what_is_filled_in_and_not_given_is_kept_and_said(class_: Class, capsys: pytest.CaptureFixture[str]) -> None:
    class_.grade()
    path = class_.out / "marks.toml"
    filled = class_.mark("1").read_text(encoding="utf-8")
    path.write_text(filled, encoding="utf-8")
    capsys.readouterr()
    class_.grade()
    assert f"{path}: 4 entries are new and not counted yet: add --marks {path}" in capsys.readouterr().out
    assert [each["points"] for question in class_.questions().values() for each in question.values()] == ["1"] * 4
    assert class_.card("ada").points.pending == stand_ins.ANSWER_POINTS
    class_.grade(marks=path)
    assert class_.card("ada").points.pending == 0
    assert "not counted yet" not in capsys.readouterr().out
    # Taken back: an entry without points.
    path.write_text(path.read_text(encoding="utf-8").replace('points = "1"', 'points = ""'), encoding="utf-8")
    class_.grade(marks=path)
    assert class_.card("ada").points.pending == stand_ins.ANSWER_POINTS


def test_a_late_submission_loses_of_manual_points_too(class_: Class) -> None:
    class_.with_policy()
    class_.with_policy(marks=class_.mark("1"))
    before, deducted, _, _ = class_.results()["bob"]
    assert before == stand_ins.answered_points() + 1
    assert deducted == (before / 10).quantize(Decimal("0.01"))


BAD_MARKS = {
    r': marks\."l03[^ ]*: points = 3, but the maximum is 1': ('points = "1"', 'points = "3"'),
    "points must be a number from 0": ('points = "1"', 'points = "x"'),
    '"grade" is not known; there are points, comment': ('points = "1"', 'grade = "1"'),
    "this is a file of one submission's marks": ("[marks", 'submission = "ada"\n[marks'),
    "not TOML: ": ('points = "1"', "points = "),
    '"others" is not known; there is marks': ("[marks", "[others]\n[marks"),
}


def test_marks_that_can_not_be_used_are_one_line_and_nothing_of_them_counts(class_: Class) -> None:
    class_.grade()
    text = class_.mark("1").read_text(encoding="utf-8")
    for message, (good, bad) in BAD_MARKS.items():
        path = class_.file("bad.toml", text.replace(good, bad, 1))
        with pytest.raises(UsageError, match=message) as raised:
            class_.grade(marks=path)
        assert str(raised.value).startswith(f"--marks {path}: ")
        assert "\n" not in str(raised.value)
    class_.grade()
    assert class_.card("ada").points.pending == stand_ins.ANSWER_POINTS


def test_a_file_of_marks_that_is_damaged_is_left_as_it_is(class_: Class, capsys: pytest.CaptureFixture[str]) -> None:
    class_.grade()
    (class_.out / "marks.toml").write_text("points = [", encoding="utf-8")
    class_.grade()
    assert "it is left as it is" in capsys.readouterr().out
    assert (class_.out / "marks.toml").read_text(encoding="utf-8") == "points = ["


def test_a_store_of_an_older_version_is_taken_over(class_: Class) -> None:
    """One that has neither results nor marks, and does not say what is to be marked."""
    class_.grade()
    with sqlite3.connect(class_.out / "cohort.sqlite") as store:
        store.executescript(
            "DROP TABLE results; DROP TABLE marks; ALTER TABLE attempts DROP COLUMN questions;"
            "ALTER TABLE submissions DROP COLUMN version; DELETE FROM facts WHERE name = 'marks written'; PRAGMA user_version = 1"
        )
    assert class_.grade(marks=class_.mark("1")).graded_now == 0
    assert class_.card("ada").points.pending == 0
    assert json.loads((class_.out / "reports" / "ada" / "scorecard.json").read_text(encoding="utf-8"))["points"]["pending"] == 0
