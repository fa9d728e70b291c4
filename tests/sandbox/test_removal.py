"""Removing what students' code left: deep folders, folders without rights, links, names of every kind."""

from __future__ import annotations

import fcntl
import os
import struct
from pathlib import Path

import pytest

from graders.core import removal
from graders.core.removal import remove


def test_a_deep_folder(tmp_path: Path) -> None:
    """Deeper than Python recurses, and than a path may be long."""
    folder = tmp_path / "workdir"
    folder.mkdir()
    here = os.open(folder, os.O_RDONLY)
    for _ in range(3000):
        os.mkdir("d", dir_fd=here)
        os.close(os.open("file", os.O_CREAT | os.O_WRONLY, dir_fd=here))
        inner = os.open("d", os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = inner
    os.close(here)
    remove(folder)
    assert not folder.exists()


def test_rights_and_names(tmp_path: Path) -> None:
    """Folders that can't be entered or written to, names that look like the ones it makes itself, FIFOs."""
    folder = tmp_path / "workdir"
    (folder / "locked" / "inner" / "deep").mkdir(parents=True)
    for name in ("moved-0", "moved-1", b"\xff\n".decode("utf-8", "surrogateescape"), "-rf", "locked/inner/moved-0"):
        (folder / name).write_text("x")
    os.mkfifo(folder / "locked" / "fifo")
    (folder / "locked" / "inner").chmod(0o500)
    (folder / "locked").chmod(0)
    remove(folder)
    assert not folder.exists()


def test_links_are_not_followed(tmp_path: Path) -> None:
    """What a link leads to stays; a folder that is a link is not looked into."""
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept" / "file").write_text("kept")
    folder = tmp_path / "workdir"
    folder.mkdir()
    (folder / "link").symlink_to(tmp_path / "kept")
    (folder / "loop").symlink_to("loop")
    (tmp_path / "way").symlink_to(tmp_path / "kept")
    remove(tmp_path / "way")
    remove(folder)
    assert not folder.exists()
    assert (tmp_path / "kept" / "file").read_text() == "kept"


def test_nothing_there(tmp_path: Path) -> None:
    """No folder, no error."""
    remove(tmp_path / "none")


def test_files_that_can_not_be_changed(tmp_path: Path) -> None:
    """As root, a run may have given files and folders the attribute that keeps everybody from removing them."""
    folder = tmp_path / "workdir"
    (folder / "inner" / "deep").mkdir(parents=True)
    (folder / "inner" / "deep" / "file").write_text("x")
    (folder / "file").write_text("x")
    for name in ("inner/deep/file", "inner/deep", "inner", "file"):
        handle = os.open(folder / name, os.O_RDONLY)
        try:
            fcntl.ioctl(handle, removal.FS_IOC_SETFLAGS, struct.pack("l", 0x10))
        except OSError:
            pytest.skip("this user, or this file system, has no such attribute")
        finally:
            os.close(handle)
    with pytest.raises(PermissionError):
        (folder / "file").unlink()
    remove(folder)
    assert not folder.exists()
