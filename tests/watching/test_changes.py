"""Looking at a folder: what counts as a change, and when it has come to rest."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from graders.watching.changes import MOST_WAIT_S, QUIET_S, Watcher, changed, look


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A submission with one file."""
    (tmp_path / "ada" / "lab").mkdir(parents=True)
    (tmp_path / "ada" / "lab" / "work.py").write_text("a = 1\n")
    return tmp_path / "ada"


def atomically(path: Path, text: str) -> None:
    """Saves as editors do: another file takes the place of the old one."""
    other = path.with_name(f"{path.name}.tmp")
    other.write_text(text)
    os.utime(other, ns=(path.stat().st_atime_ns, path.stat().st_mtime_ns))
    other.replace(path)


CHANGES: dict[str, tuple[Callable[[Path], object], list[str]]] = {
    "written": (lambda at: (at / "lab" / "work.py").write_text("a = 12\n"), ["lab/work.py"]),
    "replaced, as long and as old": (lambda at: atomically(at / "lab" / "work.py", "a = 2\n"), ["lab/work.py"]),
    "deleted": (lambda at: (at / "lab" / "work.py").unlink(), ["lab/work.py"]),
    "another file": (lambda at: (at / "summary.md").write_text("x"), ["summary.md"]),
    "a link in place of a file": (lambda at: (at / "link").symlink_to("/etc/hostname"), ["link"]),
    "a file of an editor": (lambda at: (at / "lab" / ".work.py.swp").write_text("x"), []),
    "a backup": (lambda at: (at / "lab" / "work.py~").write_text("x"), []),
    "a hidden folder": (lambda at: (at / ".ipynb_checkpoints").mkdir(), []),
    "a file of the reports": (lambda at: (at / "report" / "report.html").write_text("x"), []),
    "compiled": (lambda at: ((at / "__pycache__").mkdir(), (at / "__pycache__" / "a.pyc").write_text("x")), []),
}


@pytest.mark.parametrize("name", CHANGES)
def test_what_counts(name: str, folder: Path) -> None:
    """Files of the submission count, however they are saved; those of editors and of the reports do not."""
    change, expected = CHANGES[name]
    (folder / "report").mkdir()
    before = look(folder, folder / "report")
    change(folder)
    assert changed(before, look(folder, folder / "report")) == expected


def test_commits_count(folder: Path) -> None:
    """A commit changes what the history is graded by; the rest of a repository's own files is not looked at."""
    (folder / ".git" / "logs").mkdir(parents=True)
    before = look(folder)
    (folder / ".git" / "index").write_text("x")
    assert changed(before, look(folder)) == []
    (folder / ".git" / "logs" / "HEAD").write_text("x")
    assert changed(before, look(folder)) == [".git/logs/HEAD"]


def test_nothing_there(tmp_path: Path) -> None:
    """A folder that is gone has no files; one that can't be listed, a loop of links and a file are no errors."""
    assert look(tmp_path / "gone") == {}
    (tmp_path / "loop").symlink_to(tmp_path)
    assert list(look(tmp_path)) == [f"{tmp_path.name}/", "loop"]
    (tmp_path / "ada.zip").write_bytes(b"PK")
    assert list(look(tmp_path / "ada.zip")) == ["ada.zip"]


class Clock:
    """Time that passes only while somebody sleeps; a change is made at some of its moments."""

    def __init__(self, changes: dict[float, Callable[[], object]]) -> None:
        self.now, self._changes = 0.0, changes

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds
        for moment in [each for each in self._changes if each <= self.now]:
            self._changes.pop(moment)()


def test_many_files_at_once_are_one_change(folder: Path) -> None:
    """Files that are saved one after the other within moments are waited for, the last one included."""
    moments = {1 + number * QUIET_S * 0.9: number for number in range(5)}
    saves = {at: (lambda number=number: (folder / f"{number}.py").write_text("x")) for at, number in moments.items()}
    clock = Clock(dict(saves))
    watcher = Watcher(folder, clock=clock, sleep=clock.sleep)
    before = watcher.look()
    after = watcher.wait(before)
    assert changed(before, after) == [f"{number}.py" for number in range(5)]
    assert clock.now < 5


def test_a_file_that_never_rests_is_not_waited_for(folder: Path) -> None:
    """A program that writes on and on, such as a log, holds up a grading for some seconds and no longer."""
    writes = {
        number / 10: (lambda number=number: (folder / "log.txt").write_text("x" * number)) for number in range(9999)
    }
    clock = Clock(dict(writes))
    watcher = Watcher(folder, clock=clock, sleep=clock.sleep)
    watcher.wait(watcher.look())
    assert clock.now < MOST_WAIT_S + 2


def test_nothing_changes_nothing_returns(folder: Path) -> None:
    """As long as nothing is saved it only sleeps, longer where a look takes long."""

    class Enough(Exception):
        pass

    sleeps: list[float] = []

    def sleep(seconds: float) -> None:
        sleeps.append(seconds)
        if len(sleeps) == 3:
            raise Enough

    ticks = iter(range(0, 1000, 1))
    watcher = Watcher(folder, clock=lambda: next(ticks) / 10, sleep=sleep)
    with pytest.raises(Enough):
        watcher.wait(watcher.look())
    assert sleeps == pytest.approx([2.0] * 3)
