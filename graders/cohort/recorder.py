"""Has each outcome stored before anybody is told of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from graders.cohort.engine.jobs import Job
from graders.cohort.engine.task import GradingOutcome
from graders.cohort.progress import Kind, Progress
from graders.cohort.reports import FOLDER, write_report
from graders.cohort.store import Attempt, CohortStore, Stored
from graders.core.errors import GraderError
from graders.core.text import plain_line
from graders.pipeline.output import SCORECARD_FILE
from graders.scoring import Scorecard, format_points


class Recorder:
    """Writes a submission's report, then its row, then shows that it is done."""

    def __init__(self, store: CohortStore, folder: Path) -> None:
        """:param folder: the cohort's."""
        self.count = 0
        self._store = store
        self._folder = folder
        self._pending: dict[int, tuple[Stored, Attempt]] = {}
        self._progress: Progress | None = None

    def begin(self, pending: Iterable[tuple[Stored, Attempt]], progress: Progress) -> None:
        """Takes what is to be graded, each with an attempt that has no result yet, and what shows it."""
        self._pending = {stored.id: (stored, attempt) for stored, attempt in pending}
        self._progress = progress

    def started(self, job: Job, worker: str) -> None:  # noqa: ARG002  the listener's interface
        """Shows that a worker grades it."""
        if self._progress is not None:
            self._progress.started(job.name)

    def say(self, line: str) -> None:
        """Shows a line; before there is anything to show it above, prints it."""
        if self._progress is not None:
            self._progress.say(line)
        else:
            print(line, flush=True)

    def ended(self, job: Job, outcome: GradingOutcome) -> None:
        """Stores the outcome, and shows it."""
        stored, attempt = self._pending.pop(job.id)
        attempt = replace(attempt, worker=outcome.worker, seconds=outcome.seconds)
        scorecard, fault = None, ""
        try:
            scorecard = outcome.scorecard()
        except GraderError as error:
            fault = str(error)
            attempt = replace(attempt, fault=fault)
        else:
            digests = write_report(self._folder / FOLDER / stored.folder, outcome.files)
            unscored = len(scorecard.unscored)
            attempt = replace(attempt, scorecard=outcome.files[SCORECARD_FILE], files=digests, unscored=unscored)
        self._store.add(stored.id, attempt, scorecard)
        self.count += 1
        if self._progress is not None:
            result = fault if scorecard is None else _result(scorecard)
            self._progress.ended(job.name, kind_of(stored, attempt), result, outcome.seconds)


def kind_of(stored: Stored, attempt: Attempt | None) -> Kind:
    """What kind of result a submission has."""
    if not stored.in_time:
        return "not in time"
    if stored.problem or attempt is None or attempt.scorecard is None:
        return "not graded"
    return "unscored" if attempt.unscored else "graded"


def reason_of(stored: Stored, attempt: Attempt | None) -> str:
    """Why a submission has no marks."""
    if stored.problem:
        return stored.problem
    if attempt is None:
        return "not graded yet"
    if attempt.scorecard is None:
        return f"unscored: {plain_line(attempt.fault)}"
    return f"{attempt.unscored} criteria could not be graded; its report says what to repair"


def _result(scorecard: Scorecard) -> str:
    """A scorecard in a few words."""
    points = scorecard.points
    text = f"{format_points(points.earned)} of {format_points(points.automatic)}"
    if scorecard.unscored:
        return f"{text}, {len(scorecard.unscored)} criteria unscored"
    return f"{text}, {format_points(points.pending)} pending" if scorecard.pending else text
