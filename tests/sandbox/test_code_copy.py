"""A run's own copy of its code: what is in it, its edits, its size, and its end."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from graders.core.errors import RunError, SandboxError
from graders.core.verdicts import Verdict
from graders.sandbox import CodeCopy, Edit, Limits, MakeFolder, RunSpec, Server, WriteFile
from graders.sandbox.host.code_copy import make_copy

Open = Callable[..., Any]
MEBI = 1 << 20


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A folder with some code."""
    folder = tmp_path / "code"
    (folder / "lab" / "deep").mkdir(parents=True)
    (folder / "empty").mkdir()
    (folder / "student.py").write_text("first\n")
    (folder / "lab" / "deep" / "more.py").write_bytes(b"\xef\xbb\xbfx\r\n")
    return folder


def contents(folder: Path) -> dict[str, bytes | None]:
    """Every file and folder below a folder."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() if path.is_file() else None
        for path in sorted(folder.rglob("*"))
    }


def copied(source: Path, *edits: Edit) -> Path:
    folder = source.parent / "copy"
    make_copy(CodeCopy(source, folder, edits), None)
    return folder


def test_a_copy_has_what_the_source_has(source: Path) -> None:
    """Files byte for byte and empty folders, and no name for the same file: writing to one changes the other never."""
    folder = copied(source)
    assert contents(folder) == contents(source)
    (folder / "student.py").write_text("changed\n")
    assert (source / "student.py").read_text() == "first\n"


def test_what_is_not_copied(source: Path) -> None:
    """Links, FIFOs, caches and history."""
    before = contents(source)
    (source / "link.py").symlink_to("/etc/hostname")
    (source / "to_folder").symlink_to("/etc")
    os.mkfifo(source / "fifo")
    for name in (".git", "__pycache__"):
        (source / name).mkdir()
        (source / name / "x").write_text("x")
    assert contents(copied(source)) == before


def test_edits(source: Path) -> None:
    """Folders are made, with those above; files are added and replaced; the source stays as it is."""
    before = contents(source)
    edits = (
        MakeFolder("lab/logs/today"),
        MakeFolder("empty"),
        WriteFile("student.py", b"second\n"),
        WriteFile("made/new.txt", b"new"),
    )
    found = contents(copied(source, *edits))
    assert contents(source) == before
    assert found == before | {
        "lab/logs": None,
        "lab/logs/today": None,
        "made": None,
        "made/new.txt": b"new",
        "student.py": b"second\n",
    }


@pytest.mark.parametrize(
    "edit",
    [
        WriteFile("../outside.py", b""),
        WriteFile("lab/../../outside.py", b""),
        WriteFile("/outside.py", b""),
        MakeFolder(""),
        MakeFolder("student.py"),
        WriteFile("student.py/x", b""),
        WriteFile("lab", b""),
    ],
)
def test_edits_that_can_not_be(source: Path, edit: Edit) -> None:
    """One that leads out of the copy, or whose place is taken by something else, is an error in one line."""
    with pytest.raises(SandboxError) as raised:
        copied(source, edit)
    assert "\n" not in str(raised.value)
    assert not (source.parent / "outside.py").exists()


def open_run(server: Server, folder: Path, code: str, limits: Limits) -> Any:
    for name in ("code", "workdir"):
        (folder / name).mkdir()
    (folder / "code" / "student.py").write_text(code)
    (folder / "code" / "ballast.bin").write_bytes(bytes(4 * MEBI))
    (folder / "driver.py").write_text("import student\nOPERATIONS = {'go': student.go}\n")
    spec = RunSpec(
        name="copy",
        driver=folder / "driver.py",
        paths=(),
        code=CodeCopy(folder / "code", folder / "copy"),
        workdir=folder / "workdir",
        limits=limits,
        seed=1,
        environment={},
    )
    return server.open(spec)


FILL = """
import pathlib, time
def go(size, count):
    here = pathlib.Path(__file__).parent
    for number in range(count):
        (here / str(number)).write_bytes(bytes(size))
    time.sleep(10 if size * count > 2**20 or count > 50 else 0.7)
    return {}, {}
"""


@pytest.mark.parametrize(
    ("size", "count", "told"), [(1000, 10, ""), (MEBI, 3, "more than the 2 MiB"), (0, 100, "more than the 50 files")]
)
def test_what_is_written_to_the_copy_counts(tmp_path: Path, server: Server, size: int, count: int, told: str) -> None:
    """What a run writes there counts as in its workdir does; what was there before does not."""
    limits = Limits(wall_s=20, cpu_s=20, disk=2 * MEBI, files=50)
    session = open_run(server, tmp_path, FILL, limits)
    stopped: RunError | None = None
    try:
        session.call("go", {"size": size, "count": count})
    except RunError as error:
        stopped = error
    assert session.end().error is stopped
    if told:
        assert stopped is not None
        assert stopped.verdict is Verdict.CRASHED
        assert told in stopped.message
    else:
        assert stopped is None
    assert not (tmp_path / "copy").exists()


RAISES = """
import os
def go():
    os.mkdir(os.path.join(os.path.dirname(__file__), "closed"))
    os.chmod(os.path.join(os.path.dirname(__file__), "closed"), 0)
    raise ValueError(f"in {__file__}")
"""


def test_errors_name_the_submissions_own_files(tmp_path: Path, server: Server) -> None:
    """Lines in errors have the file's path in the submission, and its text as it was; the copy goes, shut or not."""
    session = open_run(server, tmp_path, RAISES, Limits(wall_s=20, cpu_s=20))
    with pytest.raises(RunError) as raised:
        session.call("go")
    session.end()
    error = raised.value
    assert error.message == "ValueError: in student.py"
    assert [(line.file, line.line) for line in error.places] == [("student.py", 6)]
    assert error.places[0].code.startswith("raise ValueError")
    assert not (tmp_path / "copy").exists()
