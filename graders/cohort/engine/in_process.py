"""Grading as ``pytest graders`` does, in this process, with servers that other gradings use as well."""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from graders.cohort.engine.options import GradingOptions
from graders.core.errors import GraderError
from graders.core.paths import REPOSITORY
from graders.core.text import plain_line
from graders.framework.definition import PERSON
from graders.pipeline.servers import ServerPool
from graders.scoring import CriterionScore, Scorecard
from graders.scoring.points import NOT_SELECTED
from graders.scoring.scorecard import FILE

QUIET = ("-p", "no:cacheprovider", "-p", "no:faulthandler", "-q")


class ServerLender:
    """A pytest plugin that lends servers to the grading."""

    def __init__(self, servers: ServerPool) -> None:
        """:param servers: they stay the caller's, who closes them."""
        self._servers = servers

    def pytest_optgrade_servers(self) -> ServerPool:
        """The servers."""
        return self._servers


@dataclass(frozen=True)
class Graded:
    """The result of a grading: its exit code, its scorecard, its HTML report, and the terminal's output."""

    exit_code: int
    scorecard: Scorecard
    report: str
    terminal: str = ""

    @property
    def criteria(self) -> dict[str, CriterionScore]:
        """The criteria that tests decide, by id, without deselected ones."""
        return decided(self.scorecard)


def decided(scorecard: Scorecard) -> dict[str, CriterionScore]:
    """The criteria of a scorecard that tests decide, by id, without deselected ones."""
    return {
        score.id: score
        for score in scorecard.scores
        if score.marked_by != PERSON and (score.reason is None or score.reason.cause != NOT_SELECTED.cause)
    }


def grade(submission: Path, options: GradingOptions, servers: ServerPool, report: Path) -> Graded:
    """Grades a submission. The working folder must be the repository's.

    :raises FileNotFoundError: if the grading wrote no scorecard.
    """
    import pytest

    argv = ["graders", f"--submission={submission}", f"--report-dir={report}", *QUIET, *options.arguments()]
    code = int(pytest.main(argv, plugins=[ServerLender(servers)]))
    scorecard = Scorecard.loads((report / FILE).read_text(encoding="utf-8"))
    return Graded(code, scorecard, (report / "report.html").read_text(encoding="utf-8"))


def grade_quietly(submission: Path, options: GradingOptions, servers: ServerPool, report: Path) -> Graded:
    """As :func:`grade`, from any working folder; the terminal's output goes to the result.

    :raises GraderError: the grading wrote no scorecard; the last line of its output says why.
    """
    here = Path.cwd()
    os.chdir(REPOSITORY)
    try:
        with tempfile.TemporaryFile() as file:
            with _output_to(file.fileno()):
                try:
                    graded = grade(submission, options, servers, report)
                except FileNotFoundError:
                    graded = None
            file.seek(0)
            terminal = file.read().decode("utf-8", "replace")
    finally:
        os.chdir(here)
    if graded is None:
        lines = [line for line in terminal.splitlines() if line.strip()] or ["it printed nothing"]
        raise GraderError(f"no scorecard was written: {plain_line(lines[-1])}")
    return Graded(graded.exit_code, graded.scorecard, graded.report, terminal)


@contextmanager
def _output_to(target: int) -> Iterator[None]:
    """Sends what this process writes to another descriptor for a while."""
    sys.stdout.flush()
    sys.stderr.flush()
    saved = [os.dup(number) for number in (1, 2)]
    for number in (1, 2):
        os.dup2(target, number)
    try:
        yield
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        for number, copy in zip((1, 2), saved, strict=True):
            os.dup2(copy, number)
            os.close(copy)


def paths_in(scorecard: Scorecard, folders: Sequence[Path]) -> list[str]:
    """Paths of this machine in a scorecard: of these folders, of the grader's working folder, of its repository."""
    text = json.dumps(scorecard.to_json())
    known = (*map(str, folders), f"{tempfile.gettempdir()}/optgrade-", str(REPOSITORY))
    return [path for path in known if path in text]
