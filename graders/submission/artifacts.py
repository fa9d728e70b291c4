"""Taking an artifact in: only regular files of bounded size, copied before anything looks at them."""

from __future__ import annotations

import hashlib
import os
import stat
from dataclasses import dataclass
from pathlib import Path

from graders.core.errors import RunError, bad_file
from graders.core.verdicts import Verdict

READ = 1 << 20


@dataclass(frozen=True)
class Artifact:
    """A file that a run wrote, copied out of its working directory: the copy's path, bytes and sha256."""

    path: Path
    size: int
    sha256: str


def accept_artifact(source: Path, destination: Path, max_bytes: int, expected: str = "a .tflite file") -> Artifact:
    """Copies one file out of a run's directory, after the end of all its processes.

    :param expected: what the file should be, in words.

    :raises RunError: ``missing`` where there is no such file, ``failed`` where it is none that can be taken.
    """
    try:
        descriptor = os.open(source, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except FileNotFoundError:
        raise RunError(Verdict.MISSING, f"no file {source.name} was written") from None
    except OSError as error:
        what = "a link" if source.is_symlink() else f"not a regular file ({error.strerror})"
        raise bad_file(f"{source.name} is {what}; expected {expected}") from None
    try:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode):
            kind = "a folder" if stat.S_ISDIR(found.st_mode) else "not a regular file"
            raise bad_file(f"{source.name} is {kind}; expected {expected}")
        if found.st_size > max_bytes:
            raise _too_large(source.name, f"{found.st_size:,}", max_bytes)
        artifact = _copy(descriptor, destination, max_bytes)
        if artifact is None:
            raise _too_large(source.name, f"more than {max_bytes:,}", max_bytes)
        return artifact
    finally:
        os.close(descriptor)


def _too_large(name: str, size: str, max_bytes: int) -> RunError:
    return bad_file(f"{name} has {size} bytes; at most {max_bytes:,} are accepted")


def _copy(descriptor: int, destination: Path, max_bytes: int) -> Artifact | None:
    """The copy; None, and nothing is left of it, if the file had more bytes than it claimed."""
    destination.parent.mkdir(parents=True, exist_ok=True)
    # An earlier copy may be written to by nobody, root apart.
    destination.unlink(missing_ok=True)
    digest = hashlib.sha256()
    size = 0
    with destination.open("wb") as target:
        while size <= max_bytes:
            data = os.read(descriptor, READ)
            if not data:
                break
            size += len(data)
            digest.update(data)
            target.write(data)
    if size > max_bytes:
        destination.unlink()
        return None
    destination.chmod(0o444)
    return Artifact(destination, size, digest.hexdigest())
