"""Small repositories, written in one go through ``git fast-import``."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

LAB = "dl_in_iot_course/l02_quantization"
CODE = f"{LAB}/quantization_experiments.py"
SUMMARY = "summaries/l02_quantization/summary.md"
LAB_PATHS = (LAB, "summaries/l02_quantization")
DAY = 86_400
START = 1_760_000_000
STUB = b"class FP32Model:\n    def prepare_model(self):\n        raise NotImplementedError\n"


@dataclass(frozen=True)
class Made:
    """A commit to make: ``files`` maps paths to contents, ``None`` deletes. ``parents`` are numbers of earlier ones,
    the one before where nothing is said."""

    subject: str
    files: Mapping[str, bytes | None] = field(default_factory=dict)
    author: str = "Ada Student <ada@example.org>"
    time: int | str | None = None
    parents: tuple[int, ...] | None = None


def git(folder: Path, *arguments: str) -> str:
    """One git command with nothing of this machine's configuration."""
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder), "GIT_CONFIG_NOSYSTEM": "1", "LC_ALL": "C"}
    for who in ("AUTHOR", "COMMITTER"):
        environment |= {f"GIT_{who}_NAME": "Ada Student", f"GIT_{who}_EMAIL": "ada@example.org"}
    command = ["git", "-c", "protocol.file.allow=always", "-C", str(folder), *arguments]
    return subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout


def make(folder: Path, commits: Sequence[Made], *, checkout: bool = False) -> Path:
    """A repository in ``folder`` with these commits on main, a day apart where no times are given."""
    folder.mkdir(parents=True, exist_ok=True)
    git(folder, "init", "-q", "-b", "main")
    stream = b"".join(_entry(number, commit) for number, commit in enumerate(commits, start=1))
    subprocess.run(["git", "-C", str(folder), "fast-import", "--quiet", "--date-format=raw-permissive"], input=stream,
                   check=True, capture_output=True)  # fmt: skip
    if checkout:
        git(folder, "reset", "-q", "--hard")
    return folder


def _entry(number: int, commit: Made) -> bytes:
    time = START + number * DAY if commit.time is None else commit.time
    message = commit.subject.encode()
    parents = (number - 1,) if commit.parents is None and number > 1 else commit.parents or ()
    lines = [
        b"commit refs/heads/main",
        f"mark :{number}".encode(),
        f"author {commit.author} {time} +0000".encode(),
        f"committer {commit.author} {time} +0000".encode(),
        b"data %d\n%s" % (len(message), message),
    ]
    lines += [f"{'merge' if place else 'from'} :{parent}".encode() for place, parent in enumerate(parents)]
    for path, content in commit.files.items():
        if content is None:
            lines.append(f"D {path}".encode())
        else:
            lines += [f"M 100644 inline {path}".encode(), b"data %d" % len(content), content]
    return b"\n".join(lines) + b"\n"


def code(step: int) -> bytes:
    """A student's file after ``step`` steps."""
    return STUB + b"".join(b"    # step %d\n" % number + b"    value = %d\n" % number * 20 for number in range(step))


TIDY = (
    Made("Convert the model to FP32 TFLite", {CODE: code(1)}),
    Made("Quantise to int8 with the calibration samples", {CODE: code(2)}),
    Made("Calibrate on one class alone", {CODE: code(3)}),
    Made("Summarise the measurements", {SUMMARY: b"# Summary\n"}),
)
"""A history that nothing is wrong with."""
