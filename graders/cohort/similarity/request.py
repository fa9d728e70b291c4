"""Has a class compared in a process of its own: it gives its memory back, and takes no other down if it fails."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from graders.cohort.engine.parcel import Content
from graders.core.errors import GraderError
from graders.core.paths import REPOSITORY
from graders.core.text import plain_line

MODULE = "graders.cohort.similarity"
LEAST_S, EACH_S = 300, 3


@dataclass(frozen=True)
class Compared:
    """One submission: where it is, and what the page calls it."""

    content: Content
    shown: str


@dataclass(frozen=True)
class Found:
    """How many pairs are more alike than two who worked alone, how many are alike, and how many groups share files."""

    copied: int
    alike: int
    files: int


def compare_class(store: Path, submissions: Sequence[Compared], page: Path) -> Found:
    """Writes the page. :raises GraderError: the comparison failed; the message says why."""
    request = {
        # The process has another working folder.
        "store": str(store.resolve()),
        "page": str(page.resolve()),
        "submissions": [
            {
                "name": each.content.name,
                "path": str(each.content.path.resolve()),
                "files": {name: str(path.resolve()) for name, path in each.content.files.items()},
                "shown": each.shown,
            }
            for each in submissions
        ],
    }
    try:
        done = subprocess.run(
            [sys.executable, "-m", MODULE],
            input=json.dumps(request).encode(),
            capture_output=True,
            cwd=REPOSITORY,
            timeout=LEAST_S + EACH_S * len(submissions),
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise GraderError("it took too long") from None
    if done.returncode:
        last = done.stderr.decode("utf-8", "replace").strip().splitlines()[-1:] or [f"exit code {done.returncode}"]
        raise GraderError(plain_line(last[0]))
    return Found(**json.loads(done.stdout))
