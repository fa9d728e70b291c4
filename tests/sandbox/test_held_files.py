"""What a server prepares for its runs, and what their supervisors see of the files that they hold."""

from __future__ import annotations

import ctypes
import os
from pathlib import Path

import numpy as np
import pytest

from graders.sandbox.guest import huge_pages, run
from graders.sandbox.guest.held_files import HeldFilesWatch

KIBI = 1024
LARGEST = 1 << 30


@pytest.fixture
def watch(tmp_path: Path) -> HeldFilesWatch:
    """A watch over this process, and its files below the temporary folder."""
    return HeldFilesWatch(os.getpid(), [str(tmp_path)], LARGEST)


def nameless(path: Path, kibi: int) -> int:
    """A descriptor of a file without a name."""
    handle = os.open(path, os.O_CREAT | os.O_RDWR)
    os.write(handle, bytes(kibi * KIBI))
    os.fsync(handle)
    path.unlink()
    return handle


def mapped(handle: int) -> int:
    """Where the first page of a file is mapped."""
    libc = ctypes.CDLL(None)
    libc.mmap.restype = ctypes.c_size_t
    libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, *[ctypes.c_int] * 3, ctypes.c_long]
    return int(libc.mmap(None, 4096, 1, 2, handle, 0))


def unmap(place: int) -> None:
    """Removes a map."""
    assert ctypes.CDLL(None).munmap(ctypes.c_void_p(place), ctypes.c_size_t(4096)) == 0


def test_files_without_a_name_count_once(watch: HeldFilesWatch, tmp_path: Path) -> None:
    """However many descriptors a file has; and one with a name is counted by listing its folder."""
    (tmp_path / "named").write_bytes(bytes(64 * KIBI))
    before = watch.look([os.getpid()])
    handle = nameless(tmp_path / "gone", 100)
    handles = [handle, os.dup(handle), os.open(tmp_path / "named", os.O_RDONLY)]
    held = watch.look([os.getpid(), os.getpid()])
    assert held.nameless_bytes - before.nameless_bytes == 100 * KIBI
    assert held.count == 2 * (before.count + 3)
    for each in handles:
        os.close(each)
    assert watch.look([os.getpid()]) == before


def test_a_mapped_file_keeps_the_size_that_was_seen(watch: HeldFilesWatch, tmp_path: Path) -> None:
    """And has the largest that there may be if it was closed too soon; a file elsewhere is none of the run's."""
    handle = nameless(tmp_path / "seen", 100)
    place = mapped(handle)
    before = watch.look([os.getpid()])
    os.close(handle)
    assert watch.look([os.getpid()]).nameless_bytes == before.nameless_bytes
    unmap(place)
    after = watch.look([os.getpid()]).nameless_bytes
    assert before.nameless_bytes - after == 100 * KIBI
    handle = nameless(tmp_path / "unseen", 4)
    place = mapped(handle)
    os.close(handle)
    assert watch.look([os.getpid()]).nameless_bytes - after == LARGEST
    unmap(place)
    assert watch.look([os.getpid()]).nameless_bytes == after


def test_nothing_honest_hides(watch: HeldFilesWatch) -> None:
    """A process that has ended and was not collected yet, and one that does not exist."""
    child = os.fork()
    if not child:
        os._exit(0)
    os.waitid(os.P_PID, child, os.WEXITED | os.WNOWAIT)
    assert watch.look([os.getpid(), child, 2**22 + 1]).hiding == 0
    os.waitpid(child, 0)


def test_a_driver_is_compiled_once(tmp_path: Path) -> None:
    """And again once it has changed; it knows its own file."""
    path = tmp_path / "driver.py"
    path.write_text("OPERATIONS = {'file': __file__}\n")
    assert run.compile_driver(str(path)) is run.compile_driver(str(path))
    assert {"file": str(path)} == run.load_driver(str(path)).OPERATIONS
    path.write_text("OPERATIONS = {'other': 1}\n")
    assert run.load_driver(str(path)).OPERATIONS == {"other": 1}
    with pytest.raises(OSError):
        run.compile_driver(str(tmp_path / "none.py"))


def test_huge_pages_change_no_memory() -> None:
    """What is in memory stays as it is, whether the system has huge pages or not."""
    arrays = [np.arange(1 << 19) + number for number in range(4)]
    huge_pages.collapse()
    assert [int(array.sum()) for array in arrays] == [int((np.arange(1 << 19) + number).sum()) for number in range(4)]
