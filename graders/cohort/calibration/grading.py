"""Grading a folder again and again, as ``pytest graders`` does it, in one process with servers that are lent."""

from __future__ import annotations

import contextlib
import io
import json
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from graders import profiles, sandbox
from graders.cohort import LENT_SERVERS
from graders.errors import GraderError
from graders.grade import REPOSITORY, Options, Servers, start_servers
from graders.labs.catalogue import LabEntry
from graders.labs.definition import PERSON

# It ends by itself with whoever started it.
BUSY = "import os; parent = os.getppid()\nwhile os.getppid() == parent: pass"


class Lender:
    """A pytest plugin that hands servers which run already to the grading."""

    def __init__(self, servers: Servers) -> None:
        """:param servers: stay whoever started them's to close."""
        self._servers = servers

    def pytest_addoption(self, pluginmanager: pytest.PytestPluginManager) -> None:
        """The first hook of all: registers the servers."""
        pluginmanager.register(self._servers, LENT_SERVERS)


@contextlib.contextmanager
def lent_servers(labs: Sequence[LabEntry]) -> Iterator[Servers]:
    """Servers for the embedded profile and the best isolation that this machine has."""
    options = Options(
        submission=REPOSITORY / "reference",
        labs=tuple(labs),
        profile=profiles.choose("embedded", None, None),
        isolation=sandbox.choose("auto"),
    )
    servers = start_servers(options)
    try:
        yield servers
    finally:
        servers.close()


def graded(
    submission: Path, labs: Sequence[str], out: Path, servers: Servers, *, seed: int | None = None, select: str = ""
) -> Mapping[str, Any]:
    """The scorecard of a submission. :param select: pytest's ``-k``. :param seed: None where it follows from the code.

    :raises GraderError: where there is none, with the end of pytest's output.
    """
    argv = [f"--rootdir={REPOSITORY}", "-c", str(REPOSITORY / "pyproject.toml"), str(REPOSITORY / "graders")]
    argv += [f"--submission={submission}", f"--report-dir={out}", *(f"--lab={name}" for name in labs)]
    argv += [] if seed is None else [f"--seed={seed}"]
    argv += [*(["-k", select] if select else []), "-p", "no:cacheprovider", "-p", "no:faulthandler", "-q"]
    card = out / "scorecard.json"
    card.unlink(missing_ok=True)
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
        code = pytest.main(argv, plugins=[Lender(servers)])
    if not card.is_file():
        raise GraderError(f"no scorecard for {submission.name}: pytest ended with {code}: {printed.getvalue()[-500:]}")
    found: Mapping[str, Any] = json.loads(card.read_text(encoding="utf-8"))
    return found


def criteria_of(scorecard: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The criteria that tests decide and that were not left out by a selection."""
    found = [criterion for lab in scorecard["labs"] for criterion in lab["criteria"]]
    return [each for each in found if each["marked_by"] != PERSON and each["checks"]]


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
