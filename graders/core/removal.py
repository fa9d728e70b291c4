"""Removing folders that students' code wrote to: however deep they are, and whatever their modes."""

from __future__ import annotations

import fcntl
import itertools
import os
import shutil
import stat
import struct
from contextlib import suppress
from pathlib import Path

READABLE = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW
# Linux's: no attributes, such as the one that keeps even root from removing a file.
FS_IOC_SETFLAGS, NO_FLAGS = 0x40086602, struct.pack("l", 0)


def remove(folder: Path) -> None:
    """Removes a folder and all that is in it, as far as the system lets this user; nothing may write to it any more.

    What stops the quick way is removed without recursion: a folder within it is emptied into the top one, so that no
    path gets too long.
    """
    try:
        shutil.rmtree(folder)
        return
    except (OSError, RecursionError):
        pass
    try:
        top = os.open(folder, READABLE)
    except OSError:
        return
    try:
        numbers = itertools.count()
        while _one_round(top, numbers):
            pass
    finally:
        os.close(top)
    with suppress(OSError):
        folder.rmdir()


def _one_round(top: int, numbers: itertools.count[int]) -> bool:
    """Removes files and folders, whose contents it moves to the top; whether anything was removed."""
    done = False
    for name in os.listdir(top):
        with suppress(OSError):
            if stat.S_ISDIR(os.lstat(name, dir_fd=top).st_mode):
                _empty(top, name, numbers)
                os.rmdir(name, dir_fd=top)
            else:
                _unlink(top, name)
            done = True
    return done


def _unlink(top: int, name: str) -> None:
    try:
        os.unlink(name, dir_fd=top)
    except PermissionError:
        file = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=top)
        try:
            fcntl.ioctl(file, FS_IOC_SETFLAGS, NO_FLAGS)
        finally:
            os.close(file)
        os.unlink(name, dir_fd=top)


def _empty(top: int, name: str, numbers: itertools.count[int]) -> None:
    """Moves all that is in a folder up into the top one, under names that are not taken yet."""
    with suppress(OSError):
        os.chmod(name, 0o700, dir_fd=top)
    inner = os.open(name, READABLE, dir_fd=top)
    try:
        with suppress(OSError):
            fcntl.ioctl(inner, FS_IOC_SETFLAGS, NO_FLAGS)
        for each in os.listdir(inner):
            _let_move(inner, each)
            new = next(free for free in (f"moved-{number}" for number in numbers) if not _there(free, top))
            os.rename(each, new, src_dir_fd=inner, dst_dir_fd=top)
    finally:
        os.close(inner)


def _let_move(inner: int, name: str) -> None:
    """Undoes what stops a file or folder from being moved: its mode and its attributes."""
    with suppress(OSError):
        mode = os.lstat(name, dir_fd=inner).st_mode
        if not (stat.S_ISDIR(mode) or stat.S_ISREG(mode)):
            return
        if stat.S_ISDIR(mode):
            with suppress(OSError):
                os.chmod(name, 0o700, dir_fd=inner)
        file = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=inner)
        try:
            fcntl.ioctl(file, FS_IOC_SETFLAGS, NO_FLAGS)
            if stat.S_ISDIR(mode):
                os.fchmod(file, 0o700)
        finally:
            os.close(file)


def _there(name: str, top: int) -> bool:
    try:
        os.lstat(name, dir_fd=top)
    except FileNotFoundError:
        return False
    return True
