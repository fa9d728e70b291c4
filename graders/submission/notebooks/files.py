"""Opening a submission's file: a regular one of bounded size, no link followed."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from graders.core.errors import SubmissionError
from graders.core.text import SHORT, plain_line

MAX_FILE = 32 << 20


def read_bytes(path: Path, most: int = MAX_FILE) -> bytes:
    """The bytes of a notebook's file.

    :raises SubmissionError: there is none, it is a link or no regular file, or it has more than ``most`` bytes.
    """
    name = plain_line(path.name, SHORT)
    try:
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))
    except (FileNotFoundError, NotADirectoryError):
        raise SubmissionError(f"no such notebook: {name}") from None
    except (OSError, ValueError) as error:
        why = "it is a link; submit the file itself" if path.is_symlink() else f"it can't be opened ({_why(error)})"
        raise SubmissionError(f"{name}: expected a notebook, but {why}") from None
    try:
        mode = os.fstat(descriptor).st_mode
        if not stat.S_ISREG(mode):
            what = "a folder" if stat.S_ISDIR(mode) else "not a regular file"
            raise SubmissionError(f"{name}: expected a notebook, but it is {what}; submit the .ipynb file")
        with open(descriptor, "rb", closefd=False) as file:
            data = file.read(most + 1)
    except OSError as error:
        raise SubmissionError(f"{name}: the notebook can't be read ({_why(error)})") from None
    finally:
        os.close(descriptor)
    if len(data) > most:
        raise SubmissionError(
            f"{name} has more than {most >> 20} MiB, which is the most that is read; clear the outputs that print or "
            "draw whole data sets, and save it again"
        )
    return data


def _why(error: Exception) -> str:
    return (error.strerror or "not a path") if isinstance(error, OSError) else "not a path"
