"""Running git on objects that a student controls.

git is only ever pointed at a private folder of ours (``mirror``), never at the submission's own ``.git``: no
configuration, hook, attribute, replacement, alternate, graft or promised remote of the student's is in its reach, so
there is nothing for it to run or to fetch. What remains are the objects themselves, which may be huge or broken: time,
output and memory are bounded.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Thread
from typing import IO

from graders.core.text import plain_line

TIME_S = 10.0
MAX_OUTPUT = 16 << 20
MAX_ERRORS = 8 << 10
MAX_MEMORY = 1 << 30
READ = 1 << 16

SETTINGS = (
    "core.hooksPath=/dev/null",
    "core.fsmonitor=",
    "core.attributesFile=/dev/null",
    "core.commitGraph=false",
    "core.multiPackIndex=false",
    "core.packedGitWindowSize=16m",
    "core.packedGitLimit=256m",
    "core.quotePath=false",
    "diff.external=",
    "gc.auto=0",
    "i18n.logOutputEncoding=UTF-8",
    "log.mailmap=false",
    "log.showSignature=false",
    "protocol.allow=never",
    "safe.directory=*",
)


class GitFailed(Exception):
    """A git command failed; the message says why, in one line."""


@dataclass(frozen=True)
class GitOutput:
    """What git wrote; ``complete`` is false where it was stopped at the limit of output."""

    data: bytes
    complete: bool


def run_git(
    mirror: Path, arguments: Sequence[str], text: bytes = b"", max_output: int = MAX_OUTPUT, seconds: float = TIME_S
) -> GitOutput:
    """The output of one git command on the objects of ``mirror``, with ``text`` as its input.

    :raises GitFailed: no git here, an error of git's, or more than so many seconds.
    """
    git = shutil.which("git")
    if git is None:
        raise GitFailed("git is not installed on this machine")
    given = mirror / "input"
    given.write_bytes(text)
    settings = [part for setting in SETTINGS for part in ("-c", setting)]
    command = [git, f"--git-dir={mirror}", "--no-pager", "--no-optional-locks", "--no-replace-objects"]
    with given.open("rb") as source:
        process = subprocess.Popen(
            [*command, "--literal-pathspecs", *settings, *arguments],
            cwd=mirror,
            env=_environment(mirror),
            stdin=source,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            close_fds=True,
        )
    with process:
        _limit_memory(process.pid)
        try:
            output, errors, complete = _collect(process, max_output, seconds)
        finally:
            process.kill()
        code = process.wait()
    if complete and code != 0:
        raise GitFailed(_first_line(errors) or f"git ended with code {code}")
    return GitOutput(output, complete)


def _environment(mirror: Path) -> dict[str, str]:
    """Nothing is inherited that could point git elsewhere."""
    fixed = {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": str(mirror),
        "XDG_CONFIG_HOME": str(mirror),
        "LC_ALL": "C",
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_SYSTEM": os.devnull,
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_ATTR_NOSYSTEM": "1",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_NO_LAZY_FETCH": "1",
        "GIT_NO_REPLACE_OBJECTS": "1",
        "GIT_ALLOW_PROTOCOL": "",
    }
    system = {name: os.environ[name] for name in ("SYSTEMROOT",) if name in os.environ}
    return fixed | system


def _limit_memory(pid: int) -> None:
    """A hostile tree or delta may unfold to any size; git then ends with an error of its own."""
    if sys.platform == "linux":
        import resource

        with contextlib.suppress(OSError, ValueError):
            resource.prlimit(pid, resource.RLIMIT_DATA, (MAX_MEMORY, MAX_MEMORY))


def _collect(process: subprocess.Popen[bytes], max_output: int, seconds: float) -> tuple[bytes, bytes, bool]:
    """Output, errors, and whether the output is whole. :raises GitFailed: out of time."""
    assert process.stdout is not None
    assert process.stderr is not None
    output, errors = bytearray(), bytearray()
    readers = (
        Thread(target=_drain, args=(process.stdout, output, max_output, process), daemon=True),
        Thread(target=_drain, args=(process.stderr, errors, MAX_ERRORS, process), daemon=True),
    )
    for reader in readers:
        reader.start()
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        raise GitFailed(f"git took more than {seconds:.0f} s") from None
    for reader in readers:
        reader.join(1.0)
    return bytes(output[:max_output]), bytes(errors), len(output) <= max_output


def _drain(stream: IO[bytes], into: bytearray, most: int, process: subprocess.Popen[bytes]) -> None:
    """Reads up to a bit more than ``most`` bytes, then ends the process."""
    with contextlib.suppress(OSError, ValueError):
        while data := os.read(stream.fileno(), READ):
            into += data
            if len(into) > most:
                process.kill()
                return


def _first_line(errors: bytes) -> str:
    lines = [plain_line(line, 160) for line in errors.decode("utf-8", "replace").splitlines()]
    fatal = [line for line in lines if line.startswith(("fatal:", "error:"))]
    return next(iter(fatal or lines), "").removeprefix("fatal: ").removeprefix("error: ")
