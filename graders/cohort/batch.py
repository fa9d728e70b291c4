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
from typing import Any

from graders import profiles
from graders.core.errors import GraderError
from graders.core.paths import REFERENCE, REPOSITORY
from graders.core.text import plain_line
from graders.framework.definition import PERSON
from graders.framework.lab_plugin import LabPlugin
from graders.pipeline.config import GradingConfig
from graders.pipeline.servers import ServerPool
from graders.sandbox import Isolation
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


def embedded_config(labs: Sequence[LabPlugin[Any]], isolation: Isolation) -> GradingConfig:
    """What servers are started for that grade one submission after the other on the embedded profile."""
    return GradingConfig(
        submission=REFERENCE, labs=tuple(labs), profile=profiles.choose("embedded", None, None), isolation=isolation
    )


@dataclass(frozen=True, kw_only=True)
class GradingRequest:
    """What is to be graded, and how. ``select``: as pytest's ``-k``; empty for everything."""

    submission: Path
    labs: tuple[str, ...] = ()
    select: str = ""
    seed: int | None = None
    wall_limit: float | None = None
    cache: bool = True
    workers: int | None = None
    more: tuple[str, ...] = ()

    def arguments(self, report: Path) -> list[str]:
        """Pytest's command line."""
        argv = ["graders", f"--submission={self.submission}", f"--report-dir={report}", *QUIET]
        argv += [f"--lab={lab}" for lab in self.labs]
        argv += ["-k", self.select] if self.select else []
        argv += [f"--seed={self.seed}"] if self.seed is not None else []
        argv += [f"--wall-limit={self.wall_limit}"] if self.wall_limit is not None else []
        argv += [f"--workers={self.workers}"] if self.workers is not None else []
        return [*argv, *([] if self.cache else ["--no-cache"]), *self.more]


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
        return {
            score.id: score
            for score in self.scorecard.scores
            if score.marked_by != PERSON and (score.reason is None or score.reason.cause != NOT_SELECTED.cause)
        }


def grade(request: GradingRequest, servers: ServerPool, report: Path) -> Graded:
    """Grades a submission. The working folder must be the repository's.

    :raises FileNotFoundError: if the grading wrote no scorecard.
    """
    import pytest

    code = int(pytest.main(request.arguments(report), plugins=[ServerLender(servers)]))
    scorecard = Scorecard.loads((report / FILE).read_text(encoding="utf-8"))
    return Graded(code, scorecard, (report / "report.html").read_text(encoding="utf-8"))


def grade_quietly(request: GradingRequest, servers: ServerPool, report: Path) -> Graded:
    """As :func:`grade`, from any working folder; the terminal's output goes to the result.

    :raises GraderError: the grading wrote no scorecard; the last line of its output says why.
    """
    here = Path.cwd()
    os.chdir(REPOSITORY)
    try:
        with tempfile.TemporaryFile() as file:
            with _output_to(file.fileno()):
                try:
                    graded = grade(request, servers, report)
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
