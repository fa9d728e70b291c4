"""The seed that everything hidden is drawn from: from the submission's own files, and a secret if there is one."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from pathlib import Path

from graders.core.errors import UsageError

ENVIRONMENT = "OPTGRADE_SECRET"
LEAST_BYTES, MOST_BYTES = 16, 4096
# Every number of JSON's readers is exact up to 2**53; nobody tries so many seeds, which 2**28 would not be safe from.
OPEN_DIGITS, SECRET_DIGITS = 7, 13


def seed_of(digest: str, secret: bytes | None) -> int:
    """The seed of what is graded.

    Without a secret it follows from the files alone, and whoever has them can compute it: so can the code among them.
    With one it is the beginning of HMAC-SHA256(secret, digest), which reveals neither the secret nor another
    submission's seed.

    :param digest: the hexadecimal SHA-256 of all files that runs can read: else what one grading reveals of its hidden
        values could come back in a data file beside the same code.
    """
    if secret is None:
        return int(digest[:OPEN_DIGITS], 16)
    return int(hmac.new(secret, digest.encode("ascii"), hashlib.sha256).hexdigest()[:SECRET_DIGITS], 16)


def find_secret(file: Path | None, environment: Mapping[str, str]) -> bytes | None:
    """The secret of a file, else of the environment variable ``OPTGRADE_SECRET``, else None. White space around it
    does not count, so that a file may end with a line end.

    :raises UsageError: the file can't be read, or the secret is too short to be one. The secret is never shown.
    """
    if file is None:
        found, source = environment.get(ENVIRONMENT, "").encode("utf-8", "surrogateescape"), ENVIRONMENT
        if not found.strip():
            return None
    else:
        found, source = _read(file), f"--secret-file {file}"
    found = found.strip()
    if not LEAST_BYTES <= len(found) <= MOST_BYTES:
        size = f"{len(found)} bytes" if len(found) < LEAST_BYTES else f"more than {MOST_BYTES:,} bytes"
        raise UsageError(
            f"{source} has {size}; expected {LEAST_BYTES} to {MOST_BYTES:,}, for example from: openssl rand -hex 32"
        )
    return found


def _read(file: Path) -> bytes:
    try:
        with file.open("rb") as opened:
            return opened.read(MOST_BYTES + 1024)
    except OSError as error:
        raise UsageError(f"--secret-file {file} can't be read: {error.strerror}") from None
