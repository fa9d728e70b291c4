"""A class's submissions in one archive, unpacked once: what is wrong with one of them costs no other.

Each entry of the archive's top folder is somebody's, and gets the limits of a submission of its own.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import time
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from graders.core.errors import SubmissionError, UsageError
from graders.core.text import plain_line
from graders.submission import limits
from graders.submission.archives import (
    DAMAGED,
    copy_member,
    member_name,
    member_parts,
    refusal,
    require_short_directory,
)

MAX_DIRECTORY = 512 << 20
RECORD = "unpacked.json"
# What systems put into archives beside what was zipped.
IGNORED = frozenset({"__MACOSX", ".DS_Store", "Thumbs.db", "desktop.ini"})


@dataclass(frozen=True)
class UnpackedClass:
    """Where an archive was unpacked to. ``problems`` and ``notes``: what is wrong, and more, by a submission's path."""

    folder: Path
    problems: Mapping[str, str] = field(default_factory=dict)
    notes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass
class _Share:
    """One submission's part of the archive, so far."""

    files: int = 0
    left: int = limits.MAX_TOTAL
    problem: str = ""
    notes: list[str] = field(default_factory=list)


def unpack_class(archive: Path, below: Path) -> UnpackedClass:
    """Unpacks an archive to a folder below ``below``, or finds what it was unpacked to before.

    :raises UsageError: it can't be read at all.
    """
    status = archive.stat()
    identity = json.dumps([str(archive.resolve()), status.st_size, status.st_mtime_ns])
    target = below / hashlib.sha256(identity.encode()).hexdigest()[:16]
    found = _recorded(target)
    if found is not None:
        return found
    partial = target.with_suffix(".partial")
    shutil.rmtree(partial, ignore_errors=True)
    (partial / "files").mkdir(parents=True)
    shares = _unpack(archive, partial / "files")
    record = {
        "problems": {name: share.problem for name, share in shares.items() if share.problem},
        "notes": {name: share.notes for name, share in shares.items() if share.notes},
    }
    (partial / RECORD).write_text(json.dumps(record), encoding="utf-8")
    partial.rename(target)
    unpacked = _recorded(target)
    assert unpacked is not None, "it was just written"
    return unpacked


def _recorded(target: Path) -> UnpackedClass | None:
    try:
        record = json.loads((target / RECORD).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    notes = {name: tuple(lines) for name, lines in record["notes"].items()}
    return UnpackedClass(target / "files", record["problems"], notes)


def _unpack(archive: Path, into: Path) -> dict[str, _Share]:
    shares: dict[str, _Share] = {}
    try:
        require_short_directory(archive, MAX_DIRECTORY, large=True)
        with zipfile.ZipFile(archive) as opened:
            members = [(member, member_parts(member_name(member))) for member in opened.infolist()]
            members = [(member, parts) for member, parts in members if parts and not IGNORED.intersection(parts)]
            depth = 1 if len({parts[0] for _, parts in members}) > 1 else 2
            for member, parts in members:
                share = shares.setdefault("/".join(parts[:depth]), _Share())
                _member(opened, member, parts, into, share)
    except (zipfile.BadZipFile, SubmissionError, *DAMAGED) as error:
        raise UsageError(f"{archive}: the archive can't be unpacked: {plain_line(str(error))}") from None
    return shares


def _member(
    opened: zipfile.ZipFile, member: zipfile.ZipInfo, parts: tuple[str, ...], into: Path, share: _Share
) -> None:
    """Unpacks one member; what is wrong with it is its submission's problem, or a note of it."""
    why = refusal(opened, member, parts)
    if why:
        share.notes.append(f"{plain_line('/'.join(parts), 120)}: {why}; skipped")
        return
    target = into.joinpath(*parts)
    try:
        if member.is_dir():
            target.mkdir(parents=True, exist_ok=True)
            return
        share.files += 1
        if share.files > limits.MAX_ENTRIES:
            share.problem = f"more than {limits.MAX_ENTRIES:,} files, which is the limit"
            return
        target.parent.mkdir(parents=True, exist_ok=True)
        size = copy_member(opened, member, target, min(limits.MAX_TOTAL, share.left))
    except (zipfile.BadZipFile, *DAMAGED) as error:
        share.problem = f"{plain_line(parts[-1], 80)} is damaged in the archive ({plain_line(str(error), 120)})"
        return
    if size is None:
        share.problem = f"more than {limits.MAX_TOTAL / limits.MEBI:,.0f} MiB, which is the limit"
        return
    share.left -= size
    _set_time(target, member)


def _set_time(target: Path, member: zipfile.ZipInfo) -> None:
    """Gives a file the time that the archive has for it, which may be nonsense."""
    try:
        when = time.mktime((*member.date_time, 0, 0, -1))
        os.utime(target, (when, when))
    except (ValueError, OverflowError, OSError):
        return
