"""The folder for temporary files of workers on this machine, which goes however the command ends."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PREFIX = "optgrade-cohort-"
OWNER = ".owner"
KEEPER_S = 5
# Waits until the command has ended, then removes what it left; workers may take some seconds to end, too.
KEEPER = (
    'cat >/dev/null; n=0; while [ -d "$1" ] && [ $n -lt 120 ]; do rm -rf -- "$1" 2>/dev/null; n=$((n+1)); sleep 1; done'
)


@contextmanager
def scratch_folder() -> Iterator[Path]:
    """A new folder. Those that were left when the machine failed are removed first."""
    _remove_left()
    folder = Path(tempfile.mkdtemp(prefix=PREFIX))
    # Runs pass through it to their working directories, and can't list it.
    folder.chmod(0o711)
    with _owned(folder), _keeper(folder):
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def owner_of(folder: Path) -> int | None:
    """The process that uses such a folder, or did; None if that is not known."""
    with contextlib.suppress(OSError, ValueError):
        return int((folder / OWNER).read_text(encoding="ascii"))
    return None


@contextmanager
def _owned(folder: Path) -> Iterator[None]:
    """Has this process hold the folder; the system lets go of it however the process ends."""
    with (folder / OWNER).open("w", encoding="ascii") as file:
        os.fchmod(file.fileno(), 0o600)
        _lock(file.fileno())
        file.write(str(os.getpid()))
        file.flush()
        yield


@contextmanager
def _keeper(folder: Path) -> Iterator[None]:
    """A process that removes the folder once this one has ended, killed or not."""
    shell = shutil.which("sh")
    if shell is None:
        yield
        return
    keeper = subprocess.Popen(
        [shell, "-c", KEEPER, "sh", str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd="/",
        start_new_session=True,
    )
    try:
        yield
    finally:
        # The end of its input; the folder is gone, unless something is still writing there.
        with contextlib.suppress(OSError, subprocess.TimeoutExpired):
            keeper.communicate(timeout=KEEPER_S)


def _remove_left() -> None:
    """Removes folders of this user's that no process holds any more."""
    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        with contextlib.suppress(OSError):
            if folder.is_symlink() or folder.stat().st_uid != os.getuid():
                continue
            with (folder / OWNER).open("r+", encoding="ascii") as file:
                _lock(file.fileno())
                shutil.rmtree(folder, ignore_errors=True)


def _lock(descriptor: int) -> None:
    """:raises OSError: another process holds it."""
    with contextlib.suppress(ImportError):
        import fcntl

        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
