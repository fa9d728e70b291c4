"""Gradings one at a time, on the engine that grades classes."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from graders.cohort.engine.cluster import ClusterOptions
from graders.cohort.engine.driver import Driver, open_driver
from graders.cohort.engine.jobs import Job
from graders.cohort.engine.options import GradingOptions
from graders.cohort.engine.parcel import Content, digest_of
from graders.cohort.engine.task import GradingOutcome
from graders.core.errors import GraderError
from graders.framework.definition import PERSON
from graders.scoring import CriterionScore, Scorecard
from graders.submission import submission_name

# It ends with the process that started it.
BUSY = "import os; parent = os.getppid()\nwhile os.getppid() == parent: pass"


class _Listener:
    """Takes the outcome of the only grading that goes on."""

    def __init__(self) -> None:
        self.outcome = GradingOutcome(fault="it was not graded")

    def started(self, job: Job, worker: str) -> None:
        """Nothing is shown of it."""

    def say(self, line: str) -> None:
        """Prints it."""
        print(line, flush=True)

    def ended(self, job: Job, outcome: GradingOutcome) -> None:  # noqa: ARG002  the listener's interface
        """Takes it."""
        self.outcome = outcome


class Grader:
    """A worker that keeps its servers from one grading to the next."""

    def __init__(self, driver: Driver, listener: _Listener) -> None:
        """:param driver: with one worker, and this listener."""
        self._driver = driver
        self._listener = listener

    def graded(self, submission: Path, labs: Sequence[str], *, seed: int | None = None, select: str = "") -> Scorecard:
        """The scorecard of a submission. :param select: pytest's ``-k``. :param seed: None if it follows from the code.

        :raises GraderError: if there is none; the message says why.
        """
        content = Content(name=submission_name(submission), path=submission.resolve())
        options = GradingOptions(labs=tuple(labs), seed=seed, select=select, cache=False, parallel_runs=None)
        self._driver.run([Job(id=0, name=content.name, content=content, digest=digest_of(content), options=options)])
        try:
            return self._listener.outcome.scorecard()
        except GraderError as error:
            raise GraderError(f"no scorecard for {content.name}: {error}") from None


@contextlib.contextmanager
def running_grader(labs: Sequence[str]) -> Iterator[Grader]:
    """A grader for these labs, the embedded profile and the best isolation that this machine has."""
    listener = _Listener()
    with open_driver(ClusterOptions(workers=1), GradingOptions(labs=tuple(labs)), listener) as driver:
        driver.choose_workers()
        yield Grader(driver, listener)


def criteria_of(scorecard: Scorecard) -> list[CriterionScore]:
    """The criteria that tests decide and that were not left out by a selection."""
    return [score for score in scorecard.scores if score.marked_by != PERSON and score.checks]


@contextlib.contextmanager
def busy(cores: int) -> Iterator[None]:
    """Keeps so many cores busy with other processes."""
    started = [subprocess.Popen([sys.executable, "-c", BUSY]) for _ in range(cores)]
    try:
        yield
    finally:
        for process in started:
            process.kill()
        for process in started:
            process.wait()
