"""Taking a file out of a run's box: a bounded, read-only copy of a regular file, or a clear verdict."""

from __future__ import annotations

import hashlib
import os
import socket
import threading
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import pytest

from graders.core.errors import RunError
from graders.core.verdicts import Verdict
from graders.submission import Artifact, accept_artifact

HANG_S = 20.0
"""Most that an intake may take before it counts as hanging."""
MOST = 5000


def taken(source: Path, destination: Path, most: int = MOST) -> Artifact:
    """The artifact; an intake that hangs fails the test."""
    future: Future[Artifact] = Future()

    def work() -> None:
        try:
            future.set_result(accept_artifact(source, destination, most))
        except BaseException as error:
            future.set_exception(error)

    threading.Thread(target=work, daemon=True).start()
    return future.result(timeout=HANG_S)


def refused(source: Path, tmp_path: Path) -> RunError:
    """The error of an intake that is refused; nothing is copied then."""
    destination = tmp_path / "taken" / "copy"
    with pytest.raises(RunError) as caught:
        taken(source, destination)
    assert not destination.exists()
    assert "\n" not in str(caught.value)
    return caught.value


@pytest.mark.parametrize("size", [0, 1, MOST - 1, MOST])
def test_a_regular_file(tmp_path: Path, size: int) -> None:
    """A file up to the bound is copied whole, and its size and sha256 are those of its bytes."""
    data = os.urandom(size)
    (tmp_path / "model.tflite").write_bytes(data)
    artifact = taken(tmp_path / "model.tflite", tmp_path / "new" / "folder" / "copy.tflite")
    assert artifact.path == tmp_path / "new" / "folder" / "copy.tflite"
    assert artifact.path.read_bytes() == data
    assert artifact.size == size
    assert artifact.sha256 == hashlib.sha256(data).hexdigest()


def test_a_file_of_many_reads(tmp_path: Path) -> None:
    """A file larger than one read is copied whole."""
    data = os.urandom(3 << 20) + b"end"
    (tmp_path / "large").write_bytes(data)
    artifact = taken(tmp_path / "large", tmp_path / "copy", 4 << 20)
    assert artifact.path.read_bytes() == data
    assert artifact.size == len(data)


def test_the_copy_is_read_only_and_its_own(tmp_path: Path) -> None:
    """The copy can't be written and stays as it is when the box's file changes; the file itself stays as it was."""
    source = tmp_path / "model.tflite"
    source.write_bytes(b"first")
    source.chmod(0o777)
    artifact = taken(source, tmp_path / "copy")
    assert artifact.path.stat().st_mode & 0o777 == 0o444
    source.write_bytes(b"second")
    assert artifact.path.read_bytes() == b"first"
    assert artifact.path.stat().st_ino != source.stat().st_ino
    assert source.stat().st_mode & 0o777 == 0o777


def test_a_hard_link_is_copied(tmp_path: Path) -> None:
    """A second name of a file is a regular file: it is copied, not shared."""
    (tmp_path / "one").write_bytes(b"data")
    os.link(tmp_path / "one", tmp_path / "two")
    artifact = taken(tmp_path / "two", tmp_path / "copy")
    assert artifact.path.stat().st_nlink == 1


@pytest.mark.parametrize("name", ["absent.tflite", "no/such/folder.tflite"])
def test_missing(tmp_path: Path, name: str) -> None:
    """Where nothing was written the verdict is missing, and the file is named."""
    error = refused(tmp_path / name, tmp_path)
    assert error.verdict is Verdict.MISSING
    assert Path(name).name in str(error)


def make_socket(path: Path) -> None:
    """A unix socket's file; made from its own folder, as its path has little room."""
    before = Path.cwd()
    os.chdir(path.parent)
    try:
        with socket.socket(socket.AF_UNIX) as server:
            server.bind(path.name)
    finally:
        os.chdir(before)


ODD: dict[str, Callable[[Path], Any]] = {
    "a folder": Path.mkdir,
    "a link to a file": lambda path: path.symlink_to("real"),
    "a link to the grader's file": lambda path: path.symlink_to("/etc/passwd"),
    "a link to nothing": lambda path: path.symlink_to("nowhere"),
    "a link to itself": lambda path: path.symlink_to(path.name),
    "a FIFO": os.mkfifo,
    "a socket": make_socket,
}


@pytest.mark.parametrize("make", list(ODD.values()), ids=list(ODD))
def test_what_is_no_regular_file(tmp_path: Path, make: Callable[[Path], Any]) -> None:
    """Folders, links, FIFOs and sockets are refused at once and never opened through."""
    (tmp_path / "real").write_bytes(b"data")
    make(tmp_path / "model.tflite")
    error = refused(tmp_path / "model.tflite", tmp_path)
    assert error.verdict is Verdict.FAILED
    assert "model.tflite" in str(error)


@pytest.mark.parametrize("device", ["/dev/zero", "/dev/null", "/dev/tty"])
def test_devices(tmp_path: Path, device: str) -> None:
    """A device is refused before a byte of it is read."""
    assert refused(Path(device), tmp_path).verdict is Verdict.FAILED


def test_a_fifo_with_a_writer(tmp_path: Path) -> None:
    """A FIFO that somebody writes to is no file either."""
    os.mkfifo(tmp_path / "pipe")
    reader = os.open(tmp_path / "pipe", os.O_RDONLY | os.O_NONBLOCK)
    writer = os.open(tmp_path / "pipe", os.O_WRONLY | os.O_NONBLOCK)
    try:
        os.write(writer, b"data")
        assert refused(tmp_path / "pipe", tmp_path).verdict is Verdict.FAILED
        assert os.read(reader, 10) == b"data", "somebody read from the pipe"
    finally:
        os.close(reader)
        os.close(writer)


def test_a_file_in_the_place_of_a_folder(tmp_path: Path) -> None:
    """Where the path leads through a file, the verdict is the student's."""
    (tmp_path / "box").write_bytes(b"x")
    assert refused(tmp_path / "box" / "model.tflite", tmp_path).verdict in (Verdict.FAILED, Verdict.MISSING)


def test_too_large(tmp_path: Path) -> None:
    """A file over the bound is refused, and both sizes are told so that they differ."""
    (tmp_path / "model.tflite").write_bytes(bytes(MOST + 1))
    error = refused(tmp_path / "model.tflite", tmp_path)
    assert error.verdict is Verdict.FAILED
    assert "5,001" in str(error)
    assert "5,000" in str(error)


def test_sparse(tmp_path: Path) -> None:
    """A file that is huge in name only is refused by its size, and one within the bound is copied as zeros."""
    for name, size in (("huge", 1 << 40), ("small", 4096)):
        with (tmp_path / name).open("wb") as file:
            file.truncate(size)
    assert refused(tmp_path / "huge", tmp_path).verdict is Verdict.FAILED
    assert taken(tmp_path / "small", tmp_path / "copy").path.read_bytes() == bytes(4096)


def test_a_file_that_has_more_than_it_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that grows, or whose size is told wrong, is not taken beyond the bound, and no part of it is."""
    (tmp_path / "model.tflite").write_bytes(bytes(MOST + 1))
    real = os.fstat

    def understating(descriptor: int) -> Any:
        fields = list(real(descriptor))
        fields[6] = 10
        return os.stat_result(fields)

    monkeypatch.setattr(os, "fstat", understating)
    error = refused(tmp_path / "model.tflite", tmp_path)
    assert error.verdict is Verdict.FAILED
    assert "more than 5,000 bytes" in str(error)


def test_a_file_that_can_not_be_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that may not be read is the student's failure, told with the system's reason."""
    (tmp_path / "model.tflite").write_bytes(b"x")

    def refusing(*_: Any, **__: Any) -> int:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "open", refusing)
    error = refused(tmp_path / "model.tflite", tmp_path)
    assert error.verdict is Verdict.FAILED
    assert "Permission denied" in str(error)


def test_a_file_is_taken_in_again(tmp_path: Path) -> None:
    """An earlier copy, which can't be written to without root's rights, makes way and stays what it was."""
    source, copy = tmp_path / "a.tflite", tmp_path / "taken" / "a.tflite"
    source.write_bytes(b"first")
    accept_artifact(source, copy, 100)
    os.link(copy, tmp_path / "kept")
    source.write_bytes(b"second")
    assert accept_artifact(source, copy, 100).path.read_bytes() == b"second"
    assert (tmp_path / "kept").read_bytes() == b"first"
