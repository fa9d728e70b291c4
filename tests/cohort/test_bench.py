"""A worker's grading process: it answers, it may die, and it ends with the worker."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from graders.cohort.engine.bench import Workbench
from graders.cohort.engine.grading import grade_task
from graders.cohort.engine.options import GradingOptions
from graders.cohort.engine.parcel import Content, Parcel, digest_of
from graders.cohort.engine.task import GradingOutcome, GradingTask

pytestmark = pytest.mark.process


@pytest.fixture
def bench() -> Iterator[Workbench]:
    bench = Workbench()
    yield bench
    bench.close()


def grade(folder: Path, bench: Workbench, limit: float = 600) -> GradingOutcome:
    """A grading that can't begin: no TensorFlow is needed to say so."""
    folder.mkdir(exist_ok=True)
    content = Content(name="ada", path=folder)
    parcel = Parcel(name="ada", digest=digest_of(content), content=content)
    return grade_task(GradingTask(parcel=parcel, options=GradingOptions(labs=("nolab",), submission_limit=limit)), bench)


def test_it_answers_dies_and_answers_again(tmp_path: Path, bench: Workbench) -> None:
    first = grade(tmp_path / "ada", bench)
    assert first.fault.startswith("UsageError: --lab nolab: no such lab")
    assert bench._process is not None
    process = bench._process
    assert grade(tmp_path / "ada", bench) == first
    assert bench._process is process, "it is kept"
    os.kill(process.pid, signal.SIGKILL)
    died = grade(tmp_path / "ada", bench)
    assert died.died
    assert died.fault == "the process that graded it ended (exit code -9)"
    assert grade(tmp_path / "ada", bench) == first


def test_it_is_stopped_at_the_limit_of_time(tmp_path: Path, bench: Workbench) -> None:
    """A process that does not answer, as if it had hung in the middle of a grading."""
    first = grade(tmp_path / "ada", bench)
    assert bench._process is not None
    os.kill(bench._process.pid, signal.SIGSTOP)
    stopped = grade(tmp_path / "ada", bench, limit=0.5)
    assert (stopped.fault, stopped.died) == ("grading it took more than 0 s and was stopped", False)
    assert grade(tmp_path / "ada", bench) == first


WORKER = """
import sys, time
from graders.cohort.engine.bench import Workbench
bench = Workbench()
bench._process = bench._start()
print(bench._process.pid, flush=True)
time.sleep(60)
"""


def test_it_ends_with_its_worker() -> None:
    with subprocess.Popen([sys.executable, "-c", WORKER], stdout=subprocess.PIPE, text=True) as worker:
        assert worker.stdout is not None
        child = psutil.Process(int(worker.stdout.readline()))
        assert child.is_running()
        worker.kill()
    until = time.monotonic() + 60
    while child.is_running() and child.status() != psutil.STATUS_ZOMBIE:
        assert time.monotonic() < until, "it goes on without a worker"
        time.sleep(0.05)
