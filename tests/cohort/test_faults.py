"""What may go wrong around a class: a full disk, a worker that no longer answers, folders that were left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import dask
import psutil
import pytest
from distributed import LocalCluster

from graders.cohort.engine.scratch import PREFIX, scratch_folder
from graders.core.errors import GraderError
from tests.cohort import stand_ins

from .classes import submission
from .test_deadlines_and_marks import Class, scheduler  # noqa: F401  a fixture
from .test_engine import book, run, shelf, wait_for  # noqa: F401  fixtures

pytestmark = pytest.mark.process


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 600 KiB."""
    folder = tmp_path / "out"
    folder.mkdir()
    mount = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=600k", "tmpfs", str(folder)], capture_output=True, text=True, check=False
    )
    if mount.returncode:
        pytest.skip(f"mounts are refused here: {mount.stderr.strip()}")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def test_a_full_disk_is_one_line_and_nothing_is_lost(small_disk: Path, tmp_path: Path, scheduler: str) -> None:  # noqa: F811
    class_ = Class(tmp_path, scheduler)
    for number in range(40):
        submission(tmp_path / "class" / f"student{number:02}", f"answer {number}")
    with pytest.raises(GraderError, match="type the same command again: ") as raised:
        class_.grade()
    assert "\n" not in str(raised.value)
    assert "full" in str(raised.value) or "No space left on device" in str(raised.value)
    subprocess.run(["mount", "-o", "remount,size=60m", str(small_disk)], check=True)
    again = class_.grade()
    assert again.kinds == {"graded": 45}
    assert 0 < again.graded_now < 45, "what had been stored is not graded again"
    assert len([*small_disk.glob("reports/*/scorecard.json")]) == 45
    assert not [*small_disk.rglob("*.partial")]


@pytest.mark.e2e
def test_a_worker_that_no_longer_answers_is_replaced(tmp_path: Path, book: Path) -> None:  # noqa: F811
    """Stopped in the middle of a grading, by whatever it was: the submission is graded by another process."""
    submission(tmp_path / "class" / "alice", "hold")
    with dask.config.set({"distributed.scheduler.worker-ttl": "20 s"}), LocalCluster(
        n_workers=1, threads_per_worker=1, host="127.0.0.1", memory_limit=0, dashboard_address="127.0.0.1:0", silence_logs=50
    ) as cluster:
        process = subprocess.Popen(
            [sys.executable, "-c", STOPPER, str(next(iter(cluster.workers.values())).pid), str(book), str(stand_ins.gate_of(book))]
        )
        assert run(tmp_path, cluster.scheduler_address).kinds == {"graded": 1}
        assert process.wait(60) == 0
    assert book.read_text(encoding="utf-8").splitlines() == ["alice", "alice"]


# Stops a worker once it grades, then opens the gate: only another process can go through it.
STOPPER = """
import os, pathlib, signal, sys, time
worker, book, gate = int(sys.argv[1]), *map(pathlib.Path, sys.argv[2:])
while not book.read_text():
    time.sleep(0.05)
os.kill(worker, signal.SIGSTOP)
gate.touch()
"""

HOLDER = """
import sys, time
from graders.cohort.engine.scratch import scratch_folder
with scratch_folder() as folder:
    (folder / "inner").mkdir()
    print(folder, flush=True)
    time.sleep(600)
"""


def test_folders_of_killed_commands_go(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """One that is in use stays; one whose process was killed goes, and one that a failed machine left at the next start."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    left = tmp_path / f"{PREFIX}left"
    (left / "inner").mkdir(parents=True)
    (left / ".owner").write_text("1", encoding="ascii")
    other = tmp_path / f"{PREFIX}other"
    other.mkdir()
    with subprocess.Popen([sys.executable, "-c", HOLDER], stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        held = Path(holder.stdout.readline().strip())
        assert not left.exists()
        assert other.exists(), "without a record of whose it is, it stays"
        with scratch_folder() as own:
            assert held.is_dir()
            assert own.stat().st_mode & 0o777 == 0o711
        assert held.is_dir()
        assert not own.exists()
        holder.send_signal(signal.SIGKILL)
        holder.wait()
    wait_for(lambda: not held.exists())
    assert not [each for each in psutil.Process(os.getpid()).children() if each.name() == "sh"]
