"""Reading a student's files as text.

Which file is read may be a student's word, as in a traceback: nothing outside the submission is opened.
"""

from __future__ import annotations

import os
import re
import stat
from pathlib import Path, PurePosixPath

# More than any student writes; what a longer file holds behind that is not looked for.
MOST_BYTES = 1 << 20
_LINE_END = re.compile(r"\r\n?|\n")


def read_source(root: Path, file: str) -> str | None:
    """The text of a file below ``root``; None if there is none, or if it is anything but a file of the submission's."""
    path = PurePosixPath(file)
    if path.is_absolute() or ".." in path.parts:
        return None
    try:
        found = (root / path).resolve()
        if not found.is_relative_to(root.resolve()):
            return None
        descriptor = os.open(found, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        with open(descriptor, "rb") as opened:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                return None
            return opened.read(MOST_BYTES).decode("utf-8-sig", "replace")
    except (OSError, ValueError, RuntimeError):
        return None


def source_lines(text: str) -> list[str]:
    """The lines of a file as editors and Python count them."""
    return _LINE_END.split(text)
