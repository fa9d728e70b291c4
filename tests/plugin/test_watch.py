"""``--watch``: another quick look whenever something is saved, on the same servers, and a clean end on Ctrl-C."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from graders.core.paths import REPOSITORY
from tests.plugin.small_lab import FILE, RIGHT, WRONG, make_lab, make_submission

INTERRUPTED, USAGE = 2, 4
WAITING = "Watching for changes"
PATIENCE_S = 120.0


class Watched:
    """A call of ``pytest graders … --watch`` in a session of its own, as a terminal gives it, and what it has printed."""

    def __init__(self, folder: Path, submission: Path, *more: str) -> None:
        self.scratch, self.submission = folder / "scratch", submission
        self.scratch.mkdir()
        command = [
            sys.executable,
            "-u",
            "-m",
            "pytest",
            "-p",
            "no:cacheprovider",
            "graders",
            "--lab=small_lab",
            "--watch",
        ]
        command += [f"--labs={folder / 'labs' / 'small_lab'}", f"--submission={submission}"]
        command += [f"--report-dir={folder / 'report'}", *more]
        self.process = subprocess.Popen(
            command,
            cwd=REPOSITORY,
            env={**os.environ, "TMPDIR": str(self.scratch), "PYTHONPATH": str(REPOSITORY)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
            # Where tests are run in the background, Ctrl-C is ignored, and children inherit that.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )
        self.lines: list[str] = []
        self._seen = 0
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        self.lines.extend(line.rstrip("\n") for line in iter(self.process.stdout.readline, ""))

    def until(self, text: str) -> list[str]:
        """What it prints up to a line that begins so, from where the last call ended."""
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            for number in range(self._seen, len(self.lines)):
                if self.lines[number].strip().startswith(text):
                    found, self._seen = self.lines[self._seen : number + 1], number + 1
                    return found
            assert self.process.poll() is None, "\n".join(self.lines)
            time.sleep(0.05)
        raise AssertionError(f"no line begins with {text!r}:\n" + "\n".join(self.lines))

    def save(self, code: str) -> list[str]:
        """Saves the student's file as editors do; what is printed of the grading that follows."""
        path = self.submission / FILE
        path.parent.mkdir(parents=True, exist_ok=True)
        other = path.with_suffix(".tmp")
        other.write_text(code, encoding="utf-8")
        other.replace(path)
        return self.until(WAITING)

    def children(self) -> list[psutil.Process]:
        """The processes below it, at any depth."""
        return psutil.Process(self.process.pid).children(recursive=True)

    def press_ctrl_c(self) -> tuple[int, list[psutil.Process]]:
        """Interrupts it and all in its session; its exit code, and the processes of it that are left."""
        children = self.children()
        os.killpg(self.process.pid, signal.SIGINT)
        code = self.process.wait(PATIENCE_S)
        self._reader.join(10)
        _, alive = psutil.wait_procs(children, timeout=10)
        return code, alive

    def close(self) -> None:
        """Waits for its end."""
        self.process.wait()
        self._reader.join(10)
        assert self.process.stdout is not None
        self.process.stdout.close()


@pytest.fixture
def watch(tmp_path: Path) -> Iterator[Callable[..., Watched]]:
    """Watches a submission that has this code."""
    begun: list[Watched] = []

    def begin(code: str, *more: str) -> Watched:
        make_lab(tmp_path)
        begun.append(Watched(tmp_path, make_submission(tmp_path, code), *more))
        return begun[-1]

    yield begin
    for each in begun:
        if each.process.poll() is None:
            each.process.kill()
        each.close()


def test_saved_files(watch: Callable[..., Watched]) -> None:
    """A loss, the repair, and a file that no run depends on: what changed is said, on servers that stay the same."""
    watched = watch(RIGHT)
    first = watched.until(WAITING)
    assert any("earned so far: Any value is doubled" in line for line in first)
    servers = {child.pid for child in watched.children()}
    assert servers
    lost = watched.save(WRONG)
    assert "small_lab/double.py: grading again" in lost
    assert "✗ small.values: now lost, was earned" in lost
    assert not any("small.shown" in line for line in lost)
    assert "✓ small.values: now earned, was lost" in watched.save(RIGHT)
    (watched.submission / "notes.txt").write_text("x")
    same = watched.until(WAITING)
    assert "nothing came out differently" in same
    assert {child.pid for child in watched.children()} == servers


def test_many_files_saved_at_once(watch: Callable[..., Watched]) -> None:
    """They make one grading."""
    watched = watch(RIGHT)
    watched.until(WAITING)
    for number in range(20):
        (watched.submission / f"note-{number}.txt").write_text("x")
    watched.save(WRONG)
    begun = [line for line in watched.lines if line.endswith("grading again")]
    assert begun == ["note-0.txt, note-1.txt, note-10.txt and 18 more: grading again"]


def test_broken_and_deleted(watch: Callable[..., Watched]) -> None:
    """A file that is no Python, one that is gone, the whole folder gone, a second copy of the work: it goes on."""
    watched = watch(RIGHT)
    watched.until(WAITING)
    broken = watched.save("def double(values:\n")
    assert "✗ small.shown: now exception, was earned" in broken
    assert any("SyntaxError" in line for line in broken)
    (watched.submission / FILE).unlink()
    assert "✗ small.shown: now not submitted, was exception" in watched.until(WAITING)
    shutil.rmtree(watched.submission)
    assert any("no such path" in line for line in watched.until(WAITING))
    assert "✓ small.shown: now earned, was not submitted" in watched.save(RIGHT)
    shutil.copytree(watched.submission / "small_lab", watched.submission / "copy" / "small_lab")
    assert "nothing came out differently" in watched.until(WAITING)
    code, left = watched.press_ctrl_c()
    assert (code, left) == (INTERRUPTED, [])


def test_ctrl_c_while_it_waits(watch: Callable[..., Watched]) -> None:
    """It ends with the code of an interruption, without a traceback, and leaves neither processes nor folders."""
    watched = watch(RIGHT)
    watched.until(WAITING)
    code, left = watched.press_ctrl_c()
    assert (code, left) == (INTERRUPTED, [])
    assert watched.lines[-1] == "Watching has ended."
    assert "Traceback" not in "\n".join(watched.lines)
    assert [path.name for path in watched.scratch.iterdir() if path.name.startswith("optgrade-")] == []


@pytest.mark.parametrize("first", [True, False], ids=["the first grading", "a later one"])
def test_ctrl_c_in_the_middle_of_a_grading(first: bool, watch: Callable[..., Watched], tmp_path: Path) -> None:
    """A run that is going on is ended, and with it everything else; the interrupted grading leaves no scorecard."""
    hangs = "import time\n\n\ndef double(values):\n    time.sleep(50)\n    return 2 * values\n"
    watched = watch(hangs if first else RIGHT)
    if first:
        watched.until("small_lab:")
    else:
        watched.until(WAITING)
        (watched.submission / FILE).write_text(hangs)
        watched.until("small_lab/double.py: grading again")
    time.sleep(2)
    code, left = watched.press_ctrl_c()
    assert (code, left) == (INTERRUPTED, [])
    assert not (tmp_path / "report" / "scorecard.json").exists()
    assert [path.name for path in watched.scratch.iterdir() if path.name.startswith("optgrade-")] == []


def test_servers_that_died_are_replaced(watch: Callable[..., Watched]) -> None:
    """If a server is killed, such as for want of memory, the next grading has new ones."""
    watched = watch(RIGHT)
    watched.until(WAITING)
    for child in watched.children():
        child.kill()
    assert "✗ small.values: now lost, was earned" in watched.save(WRONG)


def test_usage_errors_come_at_once(watch: Callable[..., Watched]) -> None:
    """What a quick look refuses, watching refuses before it begins."""
    watched = watch(RIGHT, "--fail-under=1")
    assert watched.process.wait(PATIENCE_S) == USAGE
