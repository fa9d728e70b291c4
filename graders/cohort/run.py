"""A whole class: what was submitted, what of it is graded already, the rest through the workers, and the page."""

from __future__ import annotations

import datetime as dt
import json
import secrets
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from decimal import Decimal
from pathlib import Path

from graders.caching.fingerprints import digest_of as digest_of_data
from graders.cohort.against import Comparison, compare_with, open_earlier
from graders.cohort.class_marks import keep_marks, take_marks
from graders.cohort.deadlines.policy import read_policy
from graders.cohort.deadlines.versions import FOLDER as VERSIONS
from graders.cohort.deadlines.versions import versions_at, versions_now
from graders.cohort.engine.cluster import ClusterOptions
from graders.cohort.engine.jobs import Job
from graders.cohort.engine.options import GradingOptions
from graders.cohort.engine.parcel import Content, digest_of
from graders.cohort.engine.task import Grading
from graders.cohort.intake import Submitted, collect, read_roster
from graders.cohort.leaderboard import ChosenNames
from graders.cohort.lock import only_one
from graders.cohort.pages import Pages
from graders.cohort.progress import show_progress
from graders.cohort.recorder import Recorder, kind_of, reason_of
from graders.cohort.reports import FOLDER, folder_names, is_current, remove_current, write_current, write_matches
from graders.cohort.results import Settlement
from graders.cohort.similarity import Compared
from graders.cohort.store import Attempt, CohortStore, Stored, open_store
from graders.core.errors import GraderError, SubmissionError, UsageError
from graders.core.text import plain_line

UNPACKED = "unpacked"
MATCHES = "match.csv"
STORED = "what was graded is stored"
FINGERPRINT = "fingerprint"


@dataclass(frozen=True, kw_only=True)
class CohortRequest:
    """What the command line asks for."""

    sources: tuple[Path, ...]
    folder: Path
    roster: Path | None = None
    grading: GradingOptions
    cluster: ClusterOptions
    restart: bool = False
    similarity: bool = True
    leaderboard: ChosenNames | None = None
    at: dt.datetime | None = None
    policy: Path | None = None
    marks: Path | None = None
    against: Path | None = None


@dataclass
class CohortResult:
    """How it ended: the class's submissions by kind of result, a line for each that has no marks, and what changed."""

    kinds: Counter[str] = field(default_factory=Counter)
    graded_now: int = 0
    interrupted: bool = False
    without_marks: list[str] = field(default_factory=list)
    comparison: Comparison | None = None


@dataclass(frozen=True, kw_only=True)
class _Ready:
    """A submission that can be graded, and what its result depends on."""

    stored: Stored
    content: Content
    digest: str

    @property
    def job(self) -> Job:
        """It as the driver takes it."""
        return Job(id=self.stored.id, name=self.stored.name, content=self.content, digest=self.digest)


def grade_class(request: CohortRequest, grading: Grading | None = None) -> CohortResult:
    """Grades what is missing, and writes the class's page.

    :param grading: what grades a submission on a worker, the real grading if it is not given.
    :raises UsageError: something that the request names can't be used.
    :raises GraderError: there is no worker any more, or the disk is full; what was graded is stored.
    """
    _require_own_folder(request)
    try:
        request.folder.mkdir(parents=True, exist_ok=True)
        with only_one(request.folder), open_store(request.folder) as store:
            return _Run(request, store, grading).go()
    except OSError as error:
        # What a program can't do with its files: nothing of it is the students', and nothing is lost.
        where = plain_line(str(error.filename or request.folder), 300)
        reason = error.strerror or str(error)
        raise GraderError(f"{where}: {reason}; once that is repaired, type the same command again: {STORED}") from None


def _require_own_folder(request: CohortRequest) -> None:
    """:raises UsageError: reports would be written among the submissions, or over something else."""
    folder = request.folder.resolve()
    for source in request.sources:
        if source.is_dir() and source.resolve() in (folder, *folder.parents):
            raise UsageError(f"--report-dir {request.folder} lies in {source}, among the submissions: name another one")
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"--report-dir {request.folder}: not a folder")
    if request.against is not None:
        if request.against.resolve() == folder:
            raise UsageError(f"--against {request.against}: that is the --report-dir; give the new grading another one")
        with open_earlier(request.against):
            pass


class _Run:
    """One call of the command."""

    def __init__(self, request: CohortRequest, store: CohortStore, grading: Grading | None) -> None:
        self._request = request
        self._store = store
        self._grading = grading
        self._policy = read_policy(request.policy) if request.policy is not None else None
        self._result = CohortResult()

    def go(self) -> CohortResult:
        if self._request.marks is not None:
            folder, file = self._request.folder, self._request.marks
            for line in take_marks(self._store, folder, file, self._maxima(), self._salt()):
                _say(line)
        if self._request.restart:
            self._store.restart()
        ready = self._take_in()
        try:
            self._grade(ready)
        except KeyboardInterrupt:
            self._result.interrupted = True
        self._finish(ready)
        return self._result

    def _take_in(self) -> list[_Ready]:
        """Reads what was submitted, and has the store know it."""
        request = self._request
        roster = read_roster(request.roster) if request.roster else None
        lab_files = [plugin.lab.student_file for plugin in request.grading.plugins()]
        intake = collect(request.sources, roster, lab_files, request.folder / UNPACKED)
        for note in intake.notes:
            _say(note)
        contents: dict[str, tuple[Content, str]] = {}
        submissions = [_with_digest(each, contents) for each in self._versions(intake.submissions)]
        self._store.register(submissions, folder_names([each.name for each in submissions], self._store.folders()))
        return [
            _Ready(stored=stored, content=contents[stored.name][0], digest=contents[stored.name][1])
            for stored in self._store.submissions()
            if stored.name in contents
        ]

    def _versions(self, submissions: Sequence[Submitted]) -> Sequence[Submitted]:
        """The versions that are graded, and since when each exists if that costs points."""
        if self._request.at is not None:
            found = versions_at(submissions, self._request.at, self._request.folder / VERSIONS)
        elif self._policy is not None:
            found = versions_now(submissions)
        else:
            return submissions
        for each in found:
            for note in each.notes:
                _say(f"{plain_line(each.name, 60)}: {note}")
        return found

    def _maxima(self) -> dict[str, Decimal]:
        """What each criterion is worth."""
        labs = [plugin.lab for plugin in self._request.grading.plugins()]
        return {criterion.id: Decimal(str(criterion.points)) for lab in labs for criterion in lab.criteria}

    def _grade(self, ready: Sequence[_Ready]) -> None:
        """Grades what has no finished attempt of what its result depends on."""
        if not ready:
            return
        if self._request.cluster.local:
            from graders.cohort.engine.worker import worker_fingerprint

            # Workers of this machine depend on the same: if nothing is left, none has to be started.
            left = self._left(ready, worker_fingerprint(self._request.grading))
            if not left:
                self._announce(ready, left)
                return
            workers = min(self._request.cluster.workers, len(left))
            self._through_workers(ready, ClusterOptions(workers=workers))
        else:
            self._through_workers(ready, self._request.cluster)

    def _left(self, ready: Sequence[_Ready], parts: Mapping[str, str]) -> list[tuple[_Ready, Attempt]]:
        """What is to be graded, with an attempt that has no result yet."""
        shared = {**parts, **self._request.grading.identity(self._salt())}
        every = {}
        for each in ready:
            own = {**shared, "submission": each.digest}
            every[each.stored.id] = Attempt(key=digest_of_data([each.stored.name, own]), parts=own)
        self._store.want({number: attempt.key for number, attempt in every.items()})
        pairs = [(each, every[each.stored.id]) for each in ready]
        return [(each, new) for each, new in pairs if self._store.finished(each.stored.id, new.key) is None]

    def _announce(self, ready: Sequence[_Ready], left: Sequence[tuple[_Ready, Attempt]]) -> None:
        every = len(self._store.submissions())
        unusable = f", {every - len(ready)} can't be graded" if every > len(ready) else ""
        _say(f"{every} submissions: {len(ready) - len(left)} graded already, {len(left)} to grade{unusable}")
        for line in self._reasons(left):
            _say(line)

    def _reasons(self, left: Sequence[tuple[_Ready, Attempt]]) -> Iterator[str]:
        """Why something is graded again, by kind."""
        kinds: Counter[str] = Counter()
        for each, new in left:
            before = self._store.parts_before(each.stored.id)
            if before is not None:
                kinds.update(name for name, value in new.parts.items() if before.get(name) != value)
        for name, count in kinds.most_common():
            yield f"  {count} are graded again, since another {name} was used before"

    def _salt(self) -> bytes:
        """Bytes of the cohort's own, without which its record of a secret is of no use."""
        found = self._store.salt
        if found is None:
            found = secrets.token_bytes(32)
            self._store.set_salt(found)
        return found

    def _through_workers(self, ready: Sequence[_Ready], options: ClusterOptions) -> None:
        """Grades on workers what is left by their fingerprint."""
        from graders.cohort.engine.driver import open_driver

        recorder = Recorder(self._store, self._request.folder)
        with open_driver(options, self._request.grading, recorder, self._grading) as driver:
            expected = driver.choose_workers(self._fingerprint())
            left = self._left(ready, expected)
            self._store.set_fact(FINGERPRINT, json.dumps(dict(expected)))
            self._announce(ready, left)
            if driver.cluster.dashboard:
                _say(f"dashboard: {driver.cluster.dashboard}")
            with show_progress(len(left)) as progress:
                recorder.begin(((each.stored, new) for each, new in left), progress)
                try:
                    driver.run([each.job for each, _ in left])
                finally:
                    self._result.graded_now = recorder.count

    def _fingerprint(self) -> dict[str, str] | None:
        """That of the workers that graded before; it is preferred among those that as many workers have."""
        found = self._store.fact(FINGERPRINT)
        return dict(json.loads(found)) if found else None

    def _finish(self, ready: Sequence[_Ready]) -> None:
        """Works out what counts, makes again what is gone of the reports, and writes the class's page and marks."""
        settlement = Settlement(self._store.marks(), self._policy, self._salt())
        results = [self._settle(stored, settlement) for stored in self._store.submissions()]
        students = [(each.name, each.group, each.students) for each in self._store.submissions()]
        if self._request.roster is not None:
            write_matches(self._request.folder / MATCHES, students)
        for folder in self._store.absent():
            remove_current(self._request.folder / FOLDER / folder)
        for line in keep_marks(self._store, self._request.folder, self._request.marks, settlement.salt):
            _say(line)
        self._write_pages(ready, results)

    def _write_pages(self, ready: Sequence[_Ready], results: Sequence[object]) -> None:
        """Writes what the class's pages lack."""
        pages = Pages(self._store, self._request.folder, results)
        similarity = None
        if self._request.similarity and not self._result.interrupted:
            class_ = [Compared(each.content, ", ".join(each.stored.students) or each.stored.name) for each in ready]
            similarity = pages.compare(class_, [each.digest for each in ready])
        else:
            pages.remove_similarity()
        pages.write_class(similarity, self._policy.text if self._policy is not None else "")
        pages.write_leaderboard(self._request.leaderboard)
        if self._request.against is not None:
            self._result.comparison = compare_with(self._request.against, self._store)
        pages.write_changes(self._result.comparison)

    def _settle(self, stored: Stored, settlement: Settlement) -> object:
        """Counts a submission, and has its folder hold what counts; all that the page shows of it follows from this."""
        attempt = self._store.latest(stored.id)
        kind = kind_of(stored, attempt)
        self._result.kinds[kind] += 1
        if kind != "graded":
            self._result.without_marks.append(f"{plain_line(stored.name, 60)}: {reason_of(stored, attempt)}")
        result = settlement.settle(self._store, stored, attempt)
        folder = self._request.folder / FOLDER / stored.folder
        if result is None:
            remove_current(folder)
        elif not is_current(folder, result.sha256):
            write_current(folder, self._store.scorecard(stored.id) or b"")
        return [asdict(stored), attempt and [attempt.key, attempt.number], result and result.basis]


def _with_digest(each: Submitted, contents: dict[str, tuple[Content, str]]) -> Submitted:
    """A submission whose content was read, or with the problem that it can't be."""
    if each.problem or each.path is None:
        return each
    content = Content(name=each.name, path=each.path.resolve(), files=dict(each.files))
    try:
        contents[each.name] = content, digest_of(content)
    except SubmissionError as error:
        return replace(each, problem=str(error))
    return each


def _say(line: str) -> None:
    print(line, flush=True)
