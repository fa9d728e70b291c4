"""Starts the server where its runs' users can reach what they need: ``python -I opened.py PLACES COMMAND...``.

As root, Python or the repository may lie in a folder that only root can enter, such as its own home. In a mount
namespace of its own, an empty folder that all can enter takes its place, and only what is needed is bound in it.
"""

from __future__ import annotations

import ctypes
import json
import os
import sys
from pathlib import Path

CLONE_NEWNS = 0x00020000
MS_RDONLY, MS_NOSUID, MS_NODEV, MS_REMOUNT, MS_BIND, MS_REC, MS_PRIVATE = 1, 2, 4, 32, 4096, 16384, 1 << 18

_libc = ctypes.CDLL(None, use_errno=True)


def _check(result: int, what: str) -> None:
    if result != 0:
        raise OSError(ctypes.get_errno(), f"{what}: {os.strerror(ctypes.get_errno())}")


def _mount(source: str, target: str, kind: str | None, flags: int, data: str | None = None) -> None:
    encoded = [None if each is None else os.fsencode(each) for each in (source, target, kind)]
    _check(_libc.mount(*encoded, ctypes.c_ulong(flags), None if data is None else data.encode()), f"mounting {target}")


def open_up(closed: str, needed: list[str]) -> None:
    """Replaces a folder that is closed to others by one that holds only what is needed, outer paths first."""
    handles = {path: os.open(path, os.O_PATH) for path in needed}
    _mount("tmpfs", closed, "tmpfs", MS_NOSUID | MS_NODEV, "mode=0755")
    for path, handle in handles.items():
        target, source = Path(path), f"/proc/self/fd/{handle}"
        if Path(source).is_dir():
            target.mkdir(parents=True)
        else:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.touch()
        _mount(source, path, None, MS_BIND | MS_REC)
        os.close(handle)
    _mount("tmpfs", closed, None, MS_REMOUNT | MS_RDONLY | MS_NOSUID | MS_NODEV)


def main() -> None:
    """The command line."""
    os.umask(0o022)
    _check(_libc.unshare(CLONE_NEWNS), "a mount namespace")
    _mount("none", "/", None, MS_REC | MS_PRIVATE)
    for closed, needed in json.loads(sys.argv[1]):
        open_up(closed, needed)
    os.execv(sys.argv[2], sys.argv[2:])  # noqa: S606 - the server, in place of this process


if __name__ == "__main__":
    main()
