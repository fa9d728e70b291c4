"""What the tests of the sandbox share: a server that has imported numpy alone, and runs of a student's code in it."""

from __future__ import annotations

import textwrap
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from graders.core.errors import RunError
from graders.sandbox import Limits, RunRecord, RunSpec, Server, Session
from graders.sandbox.host.isolation import Bare

DRIVER = """
import importlib


def go(**parameters):
    answer = importlib.import_module("student").go(**parameters)
    return answer if isinstance(answer, tuple) else ({"answer": answer}, {})


OPERATIONS = {"go": go}
"""
MEBI = 1 << 20
GONE_S = 10.0
"""Most that a process may take to disappear where nobody waits for it."""


def alive(pid: int) -> bool:
    """Whether a process lives; one that ended and was not collected yet does not."""
    try:
        text = Path(f"/proc/{pid}/stat").read_bytes()
    except OSError:
        return False
    return text[text.rindex(b")") + 2 :].split()[0] not in (b"Z", b"X")


def processes_in(folder: Path) -> set[int]:
    """The processes whose working folder is at or below ``folder``."""
    found = set()
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with suppress(OSError):
                if (entry / "cwd").readlink().is_relative_to(folder) and alive(int(entry.name)):
                    found.add(int(entry.name))
    return found


@dataclass
class Run:
    """A run of some student's code: its files, the calls made to it and how it ended."""

    folder: Path
    server: Server
    limits: Limits
    environment: dict[str, str] = field(default_factory=dict)
    session: Session | None = None
    error: RunError | None = None
    record: RunRecord | None = None
    seconds: float = 0.0

    @property
    def workdir(self) -> Path:
        """The folder that the run may write to."""
        return self.folder / "workdir"

    @property
    def code(self) -> Path:
        """The student's folder."""
        return self.folder / "code"

    def open(self) -> Session:
        """Starts the run."""
        spec = RunSpec(
            name=self.folder.name,
            driver=self.folder / "driver.py",
            paths=(self.code,),
            workdir=self.workdir,
            limits=self.limits,
            seed=1,
            environment=self.environment,
        )
        self.session = self.server.open(spec)
        return self.session

    def go(self, arrays: Any = None, timeout_s: float | None = None, **parameters: Any) -> Any:
        """Calls the student's ``go``; the answer or, where there is none, the error that is kept as well."""
        session = self.session or self.open()
        started = time.monotonic()
        try:
            return session.call("go", parameters, arrays, timeout_s)
        except RunError as error:
            self.error = error
            return error
        finally:
            self.seconds = time.monotonic() - started

    def end(self) -> RunRecord:
        """Ends the run, once."""
        if self.record is None:
            assert self.session is not None
            self.record = self.session.end()
        return self.record

    def pids(self) -> set[int]:
        """The processes that the student's code told of, a line each in ``pids`` in the workdir."""
        text = (self.workdir / "pids").read_text() if (self.workdir / "pids").exists() else ""
        return {int(line) for line in text.split()}

    def left(self) -> set[int]:
        """Every process of this run that still lives."""
        return processes_in(self.workdir) | {pid for pid in self.pids() if alive(pid)}

    def gone(self) -> bool:
        """Whether every process of this run ends soon."""
        deadline = time.monotonic() + GONE_S
        while self.left() and time.monotonic() < deadline:
            time.sleep(0.02)
        return not self.left()


Open = Callable[..., Run]


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """A server that has imported numpy."""
    with Server(["numpy"], Bare(), {"OMP_NUM_THREADS": "1"}) as started:
        started.wait_ready()
        yield started


@pytest.fixture
def make(tmp_path: Path, server: Server) -> Iterator[Open]:
    """Makes runs of a student's code, given as text; whatever is left at the end of the test is ended."""
    runs: list[Run] = []

    def new(code: str, *, on: Server | None = None, environment: dict[str, str] | None = None, **limits: Any) -> Run:
        folder = tmp_path / f"run{len(runs)}"
        run = Run(folder, on or server, Limits(**{**SMALL, **limits}), environment or {})
        run.workdir.mkdir(parents=True)
        run.code.mkdir()
        (folder / "driver.py").write_text(DRIVER)
        (run.code / "student.py").write_text(textwrap.dedent(code))
        runs.append(run)
        return run

    yield new
    for run in runs:
        if run.session is not None:
            run.end()
        assert run.gone(), f"processes {run.left()} outlived their run"


@pytest.fixture
def run(make: Open) -> Open:
    """Runs a student's code once, calls its ``go`` once, and ends the run: nothing of it may live from then on."""

    def whole(code: str, **options: Any) -> Run:
        made = make(code, **options)
        made.go()
        made.end()
        assert not made.left()
        return made

    return whole


SMALL = {
    "wall_s": 20.0,
    "cpu_s": 20.0,
    "memory": 512 * MEBI,
    "file_size": 64 * MEBI,
    "processes": 16,
    "output": 4096,
}
