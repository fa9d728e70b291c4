"""Grading a folder repeatedly, as ``pytest graders`` does it, in one process with running servers."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from graders import sandbox
from graders.cohort.batch import GradingRequest, embedded_config, grade_quietly
from graders.core.errors import GraderError
from graders.framework.definition import PERSON
from graders.framework.lab_plugin import LabPlugin
from graders.pipeline.servers import ServerPool, start_servers
from graders.scoring import CriterionScore, Scorecard

# It ends with the process that started it.
BUSY = "import os; parent = os.getppid()\nwhile os.getppid() == parent: pass"


@contextlib.contextmanager
def running_servers(labs: Sequence[LabPlugin[Any]]) -> Iterator[ServerPool]:
    """Servers for the embedded profile and the best isolation that this machine has."""
    servers = start_servers(embedded_config(labs, sandbox.choose("auto")))
    try:
        yield servers
    finally:
        servers.close()


def graded(
    submission: Path, labs: Sequence[str], out: Path, servers: ServerPool, *, seed: int | None = None, select: str = ""
) -> Scorecard:
    """The scorecard of a submission. :param select: pytest's ``-k``. :param seed: None if it follows from the code.

    :raises GraderError: if there is none, with the end of pytest's output.
    """
    request = GradingRequest(submission=submission, labs=tuple(labs), seed=seed, select=select, cache=False)
    try:
        return grade_quietly(request, servers, out).scorecard
    except FileNotFoundError as error:
        raise GraderError(f"no scorecard for {submission.name}: {error}") from None


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
