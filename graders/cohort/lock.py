"""One run at a time in a cohort's folder."""

from __future__ import annotations

import datetime as dt
import json
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from graders.core.errors import UsageError
from graders.core.text import plain_line

FILE = "cohort.lock"


@contextmanager
def only_one(folder: Path) -> Iterator[None]:
    """Holds the folder for this process; the system lets go of it however the process ends.

    :raises UsageError: another process holds it.
    """
    try:
        import fcntl
    except ImportError:
        # Windows has none; the database itself refuses what would harm it.
        yield
        return
    with (folder / FILE).open("a+", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            file.seek(0)
            raise UsageError(f"--report-dir {folder}: {_holder(file.read())}; wait for it, or end it") from None
        file.seek(0)
        file.truncate()
        now = dt.datetime.now().astimezone().isoformat(timespec="seconds")
        file.write(json.dumps({"process": os.getpid(), "host": socket.gethostname(), "since": now}))
        file.flush()
        yield


def _holder(text: str) -> str:
    """Who holds the folder, as its file says."""
    try:
        found = json.loads(text)
        who = f"process {int(found['process'])} on {found['host']}, since {found['since']}"
    except (ValueError, KeyError, TypeError):
        return "another run of cohort uses this folder"
    return f"another run of cohort uses this folder ({plain_line(who, 120)})"
