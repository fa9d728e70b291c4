"""One file of a submission is read by its plain name, whatever links, pipes and folders stand in the way."""

from __future__ import annotations

import os
import socket
import threading
from pathlib import Path
from typing import Any

import pytest

from graders.written.claims import files
from graders.written.claims.files import NotThere, read_inside

INSIDE, OUTSIDE = b"inside", b"outside"
READ, MIB = 100, 2**20


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A submission with a file in it and some below it, and a folder outside."""
    for folder, content in (("outside", OUTSIDE), ("root", INSIDE), ("root/a", INSIDE), ("root/a/b", INSIDE)):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "file.md").write_bytes(content)
    (tmp_path / "root" / "link.md").symlink_to(tmp_path / "outside" / "file.md")
    (tmp_path / "root" / "link").symlink_to(tmp_path / "outside")
    (tmp_path / "root" / "a" / "link").symlink_to(tmp_path / "outside")
    return tmp_path / "root"


@pytest.fixture(params=["folders", "paths"])
def system(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """A system that opens files relative to folders, and one that can't, nor has flags for links and pipes."""
    if request.param == "paths":
        monkeypatch.setattr(os, "supports_dir_fd", frozenset())
        for flag in ("O_NOFOLLOW", "O_NONBLOCK", "O_CLOEXEC"):
            monkeypatch.delattr(os, flag)
    return str(request.param)


def opening(monkeypatch: pytest.MonkeyPatch, before: Any = lambda path: None) -> list[str]:
    """The paths that are opened from now on, in the same way as without watching."""
    opened: list[str] = []
    real, relative = os.open, os.supports_dir_fd

    def watched(path: str | Path, *args: Any, **more: Any) -> int:
        before(path)
        descriptor = real(path, *args, **more)
        opened.append(str(path))
        return descriptor

    monkeypatch.setattr(os, "open", watched)
    monkeypatch.setattr(os, "supports_dir_fd", {*relative, watched} if real in relative else relative)
    return opened


def why(root: Path, path: str, most: int = READ) -> str:
    with pytest.raises(NotThere) as refused:
        read_inside(root, path, most)
    return str(refused.value)


@pytest.mark.usefixtures("system")
@pytest.mark.parametrize("path", ["file.md", "a/file.md", "a/b/file.md"])
def test_files_are_read_at_any_depth(root: Path, path: str) -> None:
    """Their bytes come back."""
    assert read_inside(root, path, READ) == INSIDE


@pytest.mark.usefixtures("system")
@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("link.md", "link.md is a link"),
        ("link/file.md", "link is a link"),
        ("a/link/file.md", "link is a link"),
        ("a/b", "it is a folder"),
        ("none.md", "there is no such file"),
        ("none/file.md", "there is no such file"),
        ("file.md/file.md", "there is no such file"),
        ("A/file.md", "there is no such file; there is a, and case counts"),
        ("a/FILE.md", "there is no such file; there is file.md, and case counts"),
        ("a/\ud800.md", "there is no such file"),
    ],
    ids=["link", "linked folder", "linked folder below", "folder", "no file", "no folder", "file as folder",
         "folder's case", "file's case", "no name in bytes"],
)  # fmt: skip
def test_what_is_not_read(root: Path, path: str, expected: str) -> None:
    """The reason is said in full."""
    assert why(root, path) == expected


@pytest.mark.parametrize("path", ["", "..", "../outside/file.md", "a/../../outside/file.md", "/etc/passwd", "a//file.md",
                                  "./file.md", "a/.", "a/\0/file.md"])  # fmt: skip
def test_nothing_is_opened_for_what_is_no_plain_name(root: Path, path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not even the submission's folder."""
    opened = opening(monkeypatch)
    assert why(root, path) == "there is no such file"
    assert opened == []


def test_a_folder_that_becomes_a_link_meanwhile_leads_nowhere(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file is looked for in the folder that was there when it was looked at."""

    def exchange(path: str | Path) -> None:
        if str(path).endswith("file.md"):
            (root / "a" / "b").rename(root / "a" / "moved")
            (root / "a" / "b").symlink_to(root.parent / "outside")

    opened = opening(monkeypatch, exchange)
    assert read_inside(root, "a/b/file.md", READ) == INSIDE
    assert opened == [str(root), "a", "b", "file.md"]


@pytest.mark.parametrize(("start", "path"), [("root", "pipe/file.md"), ("root/pipe", "file.md")])
def test_a_pipe_is_not_opened_as_a_folder(root: Path, start: str, path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """That would wait for whoever writes into it; here somebody does, so that a mistake fails at once."""
    os.mkfifo(root / "pipe")
    writer = os.open(root / "pipe", os.O_RDWR)
    opened = opening(monkeypatch)
    assert why(root.parent / start, path) == "there is no such file"
    os.close(writer)
    assert not [each for each in opened if each.endswith("pipe")]


def test_a_pipe_is_not_waited_for(root: Path) -> None:
    """Nobody writes into it; a mistake would wait until somebody does, here after some seconds."""
    os.mkfifo(root / "pipe")
    writers: list[int] = []
    later = threading.Timer(8, lambda: writers.append(os.open(root / "pipe", os.O_RDWR)))
    later.start()
    assert why(root, "pipe") == "it is not a regular file"
    later.cancel()
    assert writers == []


def test_a_socket_cannot_be_read(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is there, and no link; it can't be opened."""
    monkeypatch.chdir(root)
    with socket.socket(socket.AF_UNIX) as bound:
        bound.bind("socket")
        assert why(root, "socket") == "it can't be read"


def test_a_disk_that_fails_is_told(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the system's own word for what happened."""

    def failing(*_: object, **__: object) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(files, "open", failing, raising=False)
    assert why(root, "file.md") == "it can't be read (Input/output error)"


@pytest.mark.parametrize(
    ("size", "most", "expected"),
    [(MIB, MIB, ""), (MIB + 1, MIB, "it has 1 MiB; at most 1 MiB are read"),
     (3000 * MIB, 25 * MIB, "it has 3,000 MiB; at most 25 MiB are read")],
)  # fmt: skip
def test_sizes(root: Path, size: int, most: int, expected: str) -> None:
    """A file of just as many bytes is read whole."""
    with (root / "large").open("wb") as file:
        file.truncate(size)
    if expected:
        assert why(root, "large", most) == expected
    else:
        assert read_inside(root, "large", most) == bytes(size)


@pytest.mark.usefixtures("system")
@pytest.mark.parametrize("path", ["file.md", "a/b/file.md", "a/b/none.md", "a/link/file.md", "a/b", "none/file.md"])
def test_nothing_stays_open(root: Path, path: str) -> None:
    """Whether there is a file or not: the next descriptor is the same as before."""

    def following() -> int:
        descriptor = os.open(os.devnull, os.O_RDONLY)
        os.close(descriptor)
        return descriptor

    before = following()
    try:
        assert read_inside(root, path, READ) == INSIDE
    except NotThere:
        assert path not in ("file.md", "a/b/file.md")
    assert following() == before
