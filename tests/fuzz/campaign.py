"""Fuzzing for some minutes: a process for each target, watched; where it dies or hangs, that is noted and it begins again."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from tests.fuzz.findings import Finding, Findings
from tests.fuzz.state import State
from tests.fuzz.target import MIB, ROOT, Target, load
from tests.fuzz.worker import LARGEST, digest

WATCH_S = 0.2
HANG_S = 600.0
"""The most that one input may take of anybody's clock, though it uses no processor time: a busy machine gives it none."""
START_S = 1800.0
"""The most that the fuzzer may take to begin, and between two inputs."""


@dataclass(frozen=True)
class Outcome:
    """What came of a target: its figures, and each kind of crash."""

    target: str
    seconds: float
    executions: int
    slowest_s: float
    peak: int
    findings: Sequence[Finding]


def best_engine() -> str:
    """``coverage`` if atheris is installed."""
    return "coverage" if importlib.util.find_spec("atheris") is not None else "mutations"


def fuzz(name: str, seconds: float, folder: Path, engine: str, count: int | None = None) -> Outcome:
    """Fuzzes one target.

    :param seconds: without what a process takes to begin. :param folder: for its corpus and what is found.
    :param count: so many inputs at most.
    """
    target = load(name)
    folder.mkdir(parents=True, exist_ok=True)
    state = State(folder / "state", LARGEST)
    spent, done = 0.0, False
    while spent < seconds and not done:
        took, done = _one_worker(target, folder, engine, count, seconds - spent, state)
        spent += took
    state.refresh()
    found = Findings(folder / "crashes", target.suffix).all()
    return Outcome(name, spent, state.executions, state.slowest_s, state.peak, found)


def _one_worker(
    target: Target, folder: Path, engine: str, count: int | None, seconds: float, state: State
) -> tuple[float, bool]:
    """Runs one process until it ends or its time is over; how long it ran inputs, and whether that was all."""
    memory = Path("/dev/shm")
    scratch = Path(tempfile.mkdtemp(prefix="optgrade-fuzz-", dir=memory if os.access(memory, os.W_OK) else None))
    words = [sys.executable, "-m", "tests.fuzz.worker", target.name, engine, str(folder)]
    words += [str(count)] if count is not None else []
    environment = {**os.environ, "OPTGRADE_FUZZ_SCRATCH": str(scratch), "PYTHONHASHSEED": "0"}
    try:
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen(
                words, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
            )
            try:
                took, why = _watched(process, target, seconds, state)
            finally:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                process.wait()
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    state.refresh()
    if why is None or (why == "" and process.returncode == 0):
        return took, True
    findings = Findings(folder / "crashes", target.suffix)
    if not state.began:
        said = (folder / "log").read_text(errors="replace")[-2000:]
        findings.add(b"", f"{said}\nthe fuzzer itself ended with code {process.returncode} between two inputs")
        return took, True
    fault = (folder / "fault").read_text(errors="replace")
    findings.add(state.current, f"{fault}\n{why or f'ended by {-process.returncode}'}")
    with (folder / "skipped").open("a") as file:
        file.write(f"{digest(state.current)}\n")
    state.end()
    return took, False


def _watched(process: subprocess.Popen[bytes], target: Target, seconds: float, state: State) -> tuple[float, str | None]:
    """Waits. How long inputs were run; and None: its time is over, "": it ended, else what it was ended for."""
    state.refresh()
    first = seen = (state.executions, state.began)
    cpu, since, started = 0.0, time.monotonic(), 0.0
    while process.poll() is None:
        time.sleep(WATCH_S)
        now = time.monotonic()
        state.refresh()
        started = started or (now if (state.executions, state.began) != first else 0.0)
        if started and now - started > seconds:
            return now - started, None
        if (state.executions, state.began) != seen:
            seen, cpu, since = (state.executions, state.began), _cpu_s(process.pid), now
        elif now - since > (HANG_S if state.began else START_S):
            return now - (started or now), _stopped(process, f"took more than {HANG_S:.0f} s")
        elif state.began and _cpu_s(process.pid) - cpu > target.cpu_s + 1:
            return now - (started or now), _stopped(process, f"took more than {target.cpu_s:g} s of processor time")
    ended = time.monotonic()
    return ended - (started or ended), ""


def _stopped(process: subprocess.Popen[bytes], why: str) -> str:
    """Ends a process so that it says where it was."""
    process.send_signal(signal.SIGABRT)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(5)
    return why


def _cpu_s(pid: int) -> float:
    with contextlib.suppress(OSError, IndexError):
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return sum(int(each) for each in fields[11:15]) / os.sysconf("SC_CLK_TCK")
    return 0.0


def fuzz_all(names: Sequence[str], seconds: float, folder: Path, engine: str, jobs: int) -> list[Outcome]:
    """Fuzzes several targets, so many at a time."""
    with ThreadPoolExecutor(jobs) as pool:
        return list(pool.map(lambda name: fuzz(name, seconds, folder / name, engine), names))


def table(outcomes: Sequence[Outcome]) -> str:
    """The figures as Markdown."""
    rows = [("target", "minutes", "executions", "crashes", "slowest input, s", "peak memory, MiB")]
    rows += [
        (each.target, f"{each.seconds / 60:.1f}", f"{each.executions:,}", str(len(each.findings)), f"{each.slowest_s:.2f}",
         f"{each.peak / MIB:.0f}")
        for each in outcomes
    ]  # fmt: skip
    lines = [f"| {' | '.join(row)} |" for row in rows]
    return "\n".join([lines[0], "|---|---:|---:|---:|---:|---:|", *lines[1:]])
