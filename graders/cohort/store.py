"""What is known of a class, in ``DIR/cohort.sqlite``: a row for each submission and each attempt at grading it.

Each attempt is committed, and on the disk, before the next thing happens: whatever ends the process or the machine,
nothing that was finished is lost. Beside it: manual marks, and what counts for each submission with these and the late
policy.
"""

from __future__ import annotations

import datetime as dt
import json
import shutil
import sqlite3
import zlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import quote

from graders.cohort.intake import Submitted
from graders.cohort.marking.model import ClassMark
from graders.core.errors import GraderError, UsageError
from graders.core.text import plain_line
from graders.scoring import Points, Scorecard
from graders.scoring.manual_marks import pending
from graders.scoring.marks import MarkRequest, Passage

FILE = "cohort.sqlite"
VERSION = 2
SALT = "salt"
WAIT_S = 30.0
LEAST_FREE = 1 << 17
SCHEMA = """
CREATE TABLE submissions (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    folder TEXT NOT NULL UNIQUE,
    students TEXT NOT NULL,
    team TEXT NOT NULL,
    path TEXT,
    submitted_at TEXT,
    extension_days REAL NOT NULL,
    problem TEXT NOT NULL,
    notes TEXT NOT NULL,
    wanted TEXT NOT NULL DEFAULT '',
    present INTEGER NOT NULL
);
CREATE TABLE attempts (
    id INTEGER PRIMARY KEY,
    submission INTEGER NOT NULL REFERENCES submissions (id),
    number INTEGER NOT NULL,
    round INTEGER NOT NULL,
    key TEXT NOT NULL,
    parts TEXT NOT NULL,
    worker TEXT NOT NULL,
    ended_at TEXT NOT NULL,
    seconds REAL NOT NULL,
    fault TEXT NOT NULL,
    unscored INTEGER NOT NULL,
    earned TEXT,
    automatic TEXT,
    pending TEXT,
    maximum TEXT,
    scorecard BLOB,
    files TEXT NOT NULL,
    UNIQUE (submission, number)
);
CREATE INDEX attempts_by_key ON attempts (submission, round, key);
CREATE TABLE facts (name TEXT PRIMARY KEY, value TEXT NOT NULL);
"""
# What version 2 adds to version 1.
ADDED = """
ALTER TABLE submissions ADD COLUMN version TEXT NOT NULL DEFAULT '{}';
ALTER TABLE attempts ADD COLUMN questions TEXT;
CREATE TABLE marks (
    criterion TEXT NOT NULL,
    passage TEXT NOT NULL,
    points TEXT,
    comment TEXT NOT NULL,
    PRIMARY KEY (criterion, passage)
);
CREATE TABLE results (
    submission INTEGER PRIMARY KEY REFERENCES submissions (id),
    basis TEXT NOT NULL,
    attempt INTEGER NOT NULL,
    before TEXT NOT NULL,
    deducted TEXT NOT NULL,
    earned TEXT NOT NULL,
    automatic TEXT NOT NULL,
    pending TEXT NOT NULL,
    maximum TEXT NOT NULL,
    late TEXT NOT NULL,
    scorecard BLOB,
    sha256 TEXT NOT NULL
);
"""


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """One attempt at grading a submission. ``fault``: why there is no scorecard, ``""`` if there is one.

    ``key`` and ``parts``: all that the result depends on. ``files``: the sha256 of each file of the report.
    ``scorecard``: its file, compressed by zlib. ``unscored``: how many criteria could not be graded. ``questions``:
    what is to be marked by hand, None if an older version stored the attempt, which did not say. ``points``: the
    scorecard's, once it is stored.
    """

    key: str
    parts: Mapping[str, str]
    worker: str = ""
    seconds: float = 0.0
    fault: str = ""
    scorecard: bytes | None = None
    files: Mapping[str, str] = field(default_factory=dict)
    unscored: int = 0
    number: int = 0
    questions: tuple[MarkRequest, ...] | None = None
    points: Points | None = None

    @property
    def finished(self) -> bool:
        """Whether there is nothing to grade again: a scorecard, with all of it graded."""
        return self.scorecard is not None and not self.unscored

    def text(self) -> bytes | None:
        """Its scorecard's file."""
        return None if self.scorecard is None else zlib.decompress(self.scorecard)

    def read(self, charts: frozenset[str]) -> Scorecard | None:
        """Its scorecard, as it was graded, with no charts but those of these kinds."""
        text = self.text()
        return None if text is None else read_scorecard(text, charts)


@dataclass(frozen=True, kw_only=True)
class Result:
    """What counts for a submission: the attempt with manual marks, and after the late policy's deduction.

    ``basis``: all that it follows from. ``late``: how late it was, for people. ``scorecard``: its file, compressed by
    zlib; None if that is the attempt's. ``sha256``: that file's.
    """

    basis: str
    attempt: int
    points: Points
    deducted: Decimal
    late: str = ""
    scorecard: bytes | None = None
    sha256: str = ""


def read_scorecard(text: bytes, charts: frozenset[str]) -> Scorecard:
    """A scorecard with no charts but those of these kinds: most of a scorecard is charts."""
    document = json.loads(text)
    for lab in document["labs"]:
        lab["figures"] = [chart for chart in lab["figures"] if chart.get("kind") in charts]
    return Scorecard.from_json(document)


@dataclass(frozen=True, kw_only=True)
class Stored:
    """A submission as the store knows it: ``folder`` is its report's, below ``DIR/reports``."""

    id: int
    name: str
    folder: str
    students: tuple[str, ...]
    group: str
    problem: str
    notes: tuple[str, ...]
    submitted_at: dt.datetime | None = None
    extension_days: float = 0.0
    in_time: bool = True
    commit: str = ""
    version_at: dt.datetime | None = None
    version_by: str = ""


class CohortStore:
    """The database of one cohort."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def fact(self, name: str) -> str | None:
        """Something that is known of the whole cohort."""
        row = self._connection.execute("SELECT value FROM facts WHERE name = ?", (name,)).fetchone()
        return None if row is None else str(row[0])

    def set_fact(self, name: str, value: str) -> None:
        """Remembers something of the whole cohort."""
        with self._connection:
            self._connection.execute("INSERT OR REPLACE INTO facts VALUES (?, ?)", (name, value))

    @property
    def salt(self) -> bytes | None:
        """The cohort's own bytes, None if it has none yet."""
        found = self.fact(SALT)
        return None if found is None else bytes.fromhex(found)

    def set_salt(self, salt: bytes) -> None:
        """Remembers the cohort's own bytes."""
        self.set_fact(SALT, salt.hex())

    @property
    def round(self) -> int:
        """How many times everything was to be graded again."""
        return int(self.fact("round") or 0)

    def restart(self) -> None:
        """Has everything graded again; earlier attempts stay in the store."""
        self.set_fact("round", str(self.round + 1))

    def register(self, submissions: Iterable[Submitted], folder_of: Mapping[str, str]) -> None:
        """Makes these the submissions of the cohort; others stay in the store and are not shown."""
        with self._connection:
            self._connection.execute("UPDATE submissions SET present = 0")
            for each in submissions:
                values = (
                    folder_of[each.name],
                    json.dumps(each.students),
                    _plain(each.group),
                    None if each.path is None else _plain(str(each.path)),
                    None if each.submitted_at is None else each.submitted_at.isoformat(),
                    each.extension_days,
                    _plain(each.problem),
                    json.dumps(each.notes),
                    json.dumps(_version(each)),
                )
                self._connection.execute(
                    "INSERT INTO submissions (name, folder, students, team, path, submitted_at, extension_days,"
                    " problem, notes, version, present) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 1)"
                    " ON CONFLICT (name) DO UPDATE SET students = excluded.students, team = excluded.team,"
                    " path = excluded.path, submitted_at = excluded.submitted_at,"
                    " extension_days = excluded.extension_days, problem = excluded.problem, notes = excluded.notes,"
                    " version = excluded.version, present = 1",
                    (each.name, *values),
                )

    def folders(self) -> dict[str, str]:
        """The report's folder of each submission that was ever seen, by name."""
        return dict(self._connection.execute("SELECT name, folder FROM submissions"))

    def absent(self) -> list[str]:
        """The folders of submissions that are no longer among the cohort's."""
        return [folder for (folder,) in self._connection.execute("SELECT folder FROM submissions WHERE present = 0")]

    def submissions(self) -> list[Stored]:
        """The cohort's submissions, in the order of names."""
        rows = self._connection.execute(
            "SELECT id, name, folder, students, team, problem, notes, submitted_at, extension_days, version"
            " FROM submissions WHERE present = 1 ORDER BY name"
        )
        return [_stored(row) for row in rows]

    def want(self, keys: Mapping[int, str]) -> None:
        """Says by submission what a result depends on now: attempts of another key don't count."""
        with self._connection:
            self._connection.executemany(
                "UPDATE submissions SET wanted = ? WHERE id = ?",
                [(key, submission) for submission, key in keys.items()],
            )

    def latest(self, submission: int) -> Attempt | None:
        """The attempt that counts: a finished one, else the newest with a scorecard, else the newest."""
        row = self._connection.execute(
            f"SELECT {_COLUMNS} FROM attempts WHERE submission = ? AND round = ? AND key ="  # noqa: S608  columns
            " (SELECT wanted FROM submissions WHERE id = attempts.submission)"
            " ORDER BY scorecard IS NULL, unscored > 0, number DESC LIMIT 1",
            (submission, self.round),
        ).fetchone()
        return None if row is None else _attempt(row)

    def parts_before(self, submission: int) -> Mapping[str, str] | None:
        """What the newest attempt of any key depended on."""
        row = self._connection.execute(
            "SELECT parts FROM attempts WHERE submission = ? ORDER BY number DESC LIMIT 1", (submission,)
        ).fetchone()
        return None if row is None else dict(json.loads(row[0]))

    def every_parts(self) -> Iterator[tuple[str, Mapping[str, str]]]:
        """What each attempt that there ever was depended on, with the submission's name."""
        rows = self._connection.execute(
            "SELECT DISTINCT name, parts FROM attempts JOIN submissions ON submissions.id = attempts.submission"
        )
        for name, parts in rows:
            yield name, json.loads(parts)

    def finished(self, submission: int, key: str) -> Attempt | None:
        """The newest finished attempt of this round with that key."""
        row = self._connection.execute(
            f"SELECT {_COLUMNS} FROM attempts WHERE submission = ? AND round = ? AND key = ?"  # noqa: S608  columns
            " AND scorecard IS NOT NULL AND unscored = 0 ORDER BY number DESC LIMIT 1",
            (submission, self.round, key),
        ).fetchone()
        return None if row is None else _attempt(row)

    def add(self, submission: int, attempt: Attempt, scorecard: Scorecard | None) -> None:
        """Adds an attempt; once this returns, it is on the disk.

        :param scorecard: the attempt's, as its caller has read it.
        """
        sums = None if scorecard is None else scorecard.points
        points = (None,) * 4 if sums is None else (sums.earned, sums.automatic, sums.pending, sums.maximum)
        with self._connection:
            self._connection.execute(
                "INSERT INTO attempts (submission, number, round, key, parts, worker, ended_at, seconds, fault,"
                " unscored, earned, automatic, pending, maximum, scorecard, files, questions) VALUES (?, (SELECT"
                " coalesce(max(number), 0) + 1 FROM attempts WHERE submission = ?), ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?,"
                " ?, ?, ?)",
                (
                    submission,
                    submission,
                    self.round,
                    attempt.key,
                    json.dumps(dict(attempt.parts)),
                    attempt.worker,
                    dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
                    attempt.seconds,
                    attempt.fault,
                    len(scorecard.unscored) if scorecard is not None else 0,
                    *(None if each is None else str(each) for each in points),
                    attempt.scorecard,
                    json.dumps(dict(attempt.files)),
                    None if scorecard is None else json.dumps(list(map(_question_row, pending(scorecard)))),
                ),
            )

    def marks(self) -> dict[tuple[str, str], ClassMark]:
        """The manual marks and comments, by criterion and passage."""
        rows = self._connection.execute("SELECT criterion, passage, points, comment FROM marks")
        return {
            (criterion, passage): ClassMark(None if points is None else Decimal(points), comment)
            for criterion, passage, points, comment in rows
        }

    def set_marks(self, marks: Mapping[tuple[str, str], ClassMark]) -> None:
        """Stores marks; one without points and without a comment is taken away."""
        with self._connection:
            for (criterion, passage), mark in marks.items():
                self._connection.execute("DELETE FROM marks WHERE criterion = ? AND passage = ?", (criterion, passage))
                if mark.points is not None or mark.comment:
                    points = None if mark.points is None else str(mark.points)
                    row = (criterion, passage, points, _plain(mark.comment))
                    self._connection.execute("INSERT INTO marks VALUES (?, ?, ?, ?)", row)

    def result(self, submission: int) -> Result | None:
        """What was last found to count for a submission."""
        row = self._connection.execute(
            "SELECT basis, attempt, deducted, earned, automatic, pending, maximum, late, scorecard, sha256 FROM results"
            " WHERE submission = ?",
            (submission,),
        ).fetchone()
        return None if row is None else _result(row)

    def set_result(self, submission: int, result: Result | None) -> None:
        """Stores what counts; None if nothing does."""
        with self._connection:
            self._connection.execute("DELETE FROM results WHERE submission = ?", (submission,))
            if result is not None:
                points = result.points
                sums = (points.earned + result.deducted, result.deducted, *vars(points).values())
                values = (result.basis, result.attempt, *map(str, sums), result.late, result.scorecard, result.sha256)
                self._connection.execute(
                    "INSERT INTO results (submission, basis, attempt, before, deducted, earned, automatic, pending,"
                    " maximum, late, scorecard, sha256) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                    (submission, *values),
                )

    def scorecard(self, submission: int) -> bytes | None:
        """The file of the scorecard that counts for a submission, with marks and deduction; None if there is none."""
        row = self._connection.execute(
            "SELECT coalesce(results.scorecard, attempts.scorecard) FROM results JOIN attempts"
            " ON attempts.submission = results.submission AND attempts.number = results.attempt"
            " WHERE results.submission = ?",
            (submission,),
        ).fetchone()
        return None if row is None else zlib.decompress(row[0])


_COLUMNS = (
    "key, parts, worker, seconds, fault, scorecard, files, unscored, number, questions, earned, automatic, pending,"
    " maximum"
)


def _plain(text: str) -> str:
    """A text that the database takes, whatever bytes a file's name had."""
    return text.encode("utf-8", "replace").decode()


def _attempt(row: tuple[Any, ...]) -> Attempt:
    key, parts, worker, seconds, fault, scorecard, files, unscored, number, questions, *sums = row
    return Attempt(
        key=key,
        parts=json.loads(parts),
        worker=worker,
        seconds=seconds,
        fault=fault,
        scorecard=scorecard,
        files=json.loads(files),
        unscored=unscored,
        number=number,
        questions=None if questions is None else tuple(map(_question, json.loads(questions))),
        points=None if None in sums else Points(*map(Decimal, sums)),
    )


def _result(row: tuple[Any, ...]) -> Result:
    basis, attempt, deducted, earned, automatic, pending, maximum, late, scorecard, sha256 = row
    return Result(
        basis=basis,
        attempt=attempt,
        points=Points(*map(Decimal, (earned, automatic, pending, maximum))),
        deducted=Decimal(deducted),
        late=late,
        scorecard=scorecard,
        sha256=sha256,
    )


def _question_row(request: MarkRequest) -> list[str]:
    texts = (request.criterion, request.title, str(request.maximum), request.passage.place, request.passage.text)
    return list(map(_plain, texts))


def _question(row: list[str]) -> MarkRequest:
    criterion, title, maximum, place, text = row
    return MarkRequest(criterion, title, Decimal(maximum), Passage(place, text))


def _version(each: Submitted) -> dict[str, Any]:
    """Which version of a submission is graded, and since when it exists."""
    at = None if each.version_at is None else each.version_at.isoformat()
    return {"in_time": each.in_time, "commit": each.commit, "at": at, "by": each.version_by}


def _stored(row: tuple[Any, ...]) -> Stored:
    identifier, name, folder, students, group, problem, notes, submitted_at, extension_days, version = row
    about = json.loads(version)
    at = about.get("at")
    return Stored(
        id=identifier,
        name=name,
        folder=folder,
        students=tuple(json.loads(students)),
        group=group,
        problem=problem,
        notes=tuple(json.loads(notes)),
        submitted_at=dt.datetime.fromisoformat(submitted_at) if submitted_at else None,
        extension_days=extension_days,
        in_time=about.get("in_time", True),
        commit=about.get("commit", ""),
        version_at=dt.datetime.fromisoformat(at) if at else None,
        version_by=about.get("by", ""),
    )


@contextmanager
def open_store(folder: Path) -> Iterator[CohortStore]:
    """The store in a folder, made if there is none.

    :raises UsageError: it can't be used: damaged, or of another version. :raises GraderError: the disk is full.
    """
    path = folder / FILE
    try:
        with closing(sqlite3.connect(path, timeout=WAIT_S)) as connection:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute("PRAGMA foreign_keys = ON")
            version = int(connection.execute("PRAGMA user_version").fetchone()[0])
            if version not in range(VERSION + 1):
                raise UsageError(f"{path}: of another version of optgrade ({version}); name another --report-dir")
            if version < VERSION:
                _make(connection, version)
            yield CohortStore(connection)
    except sqlite3.Error as error:
        reason = plain_line(str(error))
        # A full disk shows as any of several errors.
        if shutil.disk_usage(folder).free < LEAST_FREE:
            raise GraderError(
                f"{path}: the disk is full ({reason}); free some of it, then type the same command again: what was "
                "graded is stored"
            ) from None
        raise UsageError(f"{path}: can't be used: {reason}") from None


@contextmanager
def open_finished(folder: Path) -> Iterator[CohortStore]:
    """The store in a folder, to be read: nothing in the folder is changed, be it a disk that can't be written to.

    :raises UsageError: there is none, or it can't be read.
    """
    path = folder / FILE
    if not path.is_file():
        raise UsageError(f"{folder}: no {FILE} in it: name the --report-dir of a class")
    try:
        with closing(_for_reading(path)) as connection:
            version = int(connection.execute("PRAGMA user_version").fetchone()[0])
            if version != VERSION:
                raise UsageError(
                    f"{path}: of another version of optgrade ({version}): type the class's own command again"
                )
            yield CohortStore(connection)
    except sqlite3.Error as error:
        raise UsageError(f"{path}: can't be read: {plain_line(str(error))}") from None


def _for_reading(path: Path) -> sqlite3.Connection:
    """A connection that makes no file, unless somebody writes to the store just now, or was killed while writing."""
    address = f"file:{quote(str(path.resolve()))}?mode=ro"
    in_use = path.with_name(f"{path.name}-wal").exists()
    return sqlite3.connect(address if in_use else f"{address}&immutable=1", uri=True, timeout=WAIT_S)


def _make(connection: sqlite3.Connection, version: int) -> None:
    """Makes the tables, or those that an older version has not: all of them or none."""
    added = ADDED if version else SCHEMA + ADDED
    connection.executescript(f"BEGIN; {added} PRAGMA user_version = {VERSION}; COMMIT;")
