"""A submission that was submitted as a ZIP archive: unpacked without trusting anything that it says of itself."""

from __future__ import annotations

import lzma
import stat
import struct
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from graders.core.errors import SubmissionError
from graders.core.text import plain_line
from graders.submission import limits

# Of the list of entries, which is read before anything is known of them: each becomes an object of half a KiB or more.
MAX_DIRECTORY = 8 << 20
# The record at an archive's end, the longest comment that may stand behind it, and what marks an archive of 64 bits.
END, END_BYTES, MAX_COMMENT = b"PK\x05\x06", 22, 1 << 16
LOCATOR, LOCATOR_BYTES = b"PK\x06\x07", 20
MAX_NAME = 255
UTF8_NAME = 0x800
READ = 1 << 20
# These decoders give out at once what they make of what was read, up to 20,000 times as much.
WHOLE_READ, DECODED_WHOLE = 1 << 12, (zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)
# What zipfile and its decompressors raise over damaged data.
DAMAGED = (
    EOFError, OSError, ValueError, RuntimeError, NotImplementedError, MemoryError, zlib.error, lzma.LZMAError,
    struct.error,
)  # fmt: skip
# LZMA's decoder allocates what a member's data say it needs; no file that is accepted needs more than its own size.
MAX_DICTIONARY = limits.MAX_FILE
LOCAL_HEADER, LZMA_HEADER = 30, struct.Struct("<HHBI")
STORED = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)


@dataclass(frozen=True)
class Unpacked:
    """Where an archive was unpacked to, and what was left out, a line each."""

    folder: Path
    notes: tuple[str, ...]


def is_archive(path: Path) -> bool:
    """Whether a path is a ZIP archive, by its content."""
    return path.is_file() and zipfile.is_zipfile(path)


def unpack(archive: Path, into: Path) -> Unpacked:
    """Unpacks the regular files of a ZIP archive below ``into``, which must not exist yet.

    Names that lead out of it, links, devices, encrypted and too large files are left out and noted. Sizes are counted
    as data come, whatever the archive says of them.

    :raises SubmissionError: it is damaged, or holds too much in all; one line.
    """
    into.mkdir(parents=True)
    notes: list[str] = []
    try:
        require_short_directory(archive)
        with zipfile.ZipFile(archive) as opened:
            _unpack(opened, into, notes)
    except (zipfile.BadZipFile, *DAMAGED) as error:
        # A system error's text holds the path, which is one of this machine's.
        why = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise SubmissionError(f"the archive {plain_line(archive.name)} can't be unpacked: {plain_line(why)}") from None
    return Unpacked(into, tuple(notes))


def require_short_directory(archive: Path, most: int = MAX_DIRECTORY, *, large: bool = False) -> None:
    """Refuses an archive whose list of entries would fill the memory while it is read.

    :param large: whether it may be an archive of 64 bits.
    :raises SubmissionError: for such an archive.
    """
    with archive.open("rb") as file:
        size = file.seek(0, 2)
        file.seek(max(0, size - MAX_COMMENT - END_BYTES - LOCATOR_BYTES))
        tail = file.read()
    # Found as zipfile finds it: at the very end, or the last one before a comment.
    plain = tail[-END_BYTES:].startswith(END) and tail.endswith(b"\0\0")
    at = len(tail) - END_BYTES if plain else tail.rfind(END)
    if at < 0:
        return
    refused = tail[max(0, at - LOCATOR_BYTES) : at].startswith(LOCATOR) and not large
    length = int.from_bytes(tail[at + 12 : at + 16], "little")
    # An archive of 64 bits says its length elsewhere.
    elsewhere = large and length == 0xFFFFFFFF
    if refused or (length > most and not elsewhere):
        entries = f"{limits.MAX_ENTRIES:,} entries"
        raise SubmissionError(f"the archive's list of entries is too long; at most {entries} are accepted")


def _unpack(opened: zipfile.ZipFile, into: Path, notes: list[str]) -> None:
    members = opened.infolist()
    if len(members) > limits.MAX_ENTRIES:
        most = f"{limits.MAX_ENTRIES:,}"
        raise SubmissionError(f"the archive has {len(members):,} entries; at most {most} are accepted")
    left = limits.MAX_TOTAL
    folders: set[tuple[str, ...]] = set()
    for member in members:
        name = member_name(member)
        shown = plain_line(name, 120)
        parts = member_parts(name)
        why = refusal(opened, member, parts)
        if why:
            notes.append(f"{shown}: {why}; skipped")
            continue
        target = into.joinpath(*parts)
        folders.update(parts[:depth] for depth in range(1, len(parts) + member.is_dir()))
        if len(folders) > limits.MAX_FOLDERS:
            raise SubmissionError(f"the archive has more than {limits.MAX_FOLDERS:,} folders, which is the limit")
        if member.is_dir():
            target.mkdir(parents=True, exist_ok=True)
            continue
        if target.exists():
            notes.append(f"{shown}: duplicate; the first one was used")
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        size = copy_member(opened, member, target, min(limits.MAX_FILE, left))
        if size is None:
            if left < limits.MAX_FILE:
                most = f"{limits.MAX_TOTAL / limits.MEBI:,.0f} MiB"
                raise SubmissionError(f"the archive has more than {most}, which is the limit")
            notes.append(f"{shown}: more than {limits.MAX_FILE / limits.MEBI:.0f} MiB; skipped")
            continue
        left -= size


def member_name(member: zipfile.ZipInfo) -> str:
    """A member's name. Several systems write UTF-8 and do not say so; bytes that are valid UTF-8 are hardly else."""
    if member.flag_bits & UTF8_NAME:
        return member.filename
    try:
        return member.filename.encode("cp437").decode("utf-8")
    except UnicodeError:
        return member.filename


def member_parts(name: str) -> tuple[str, ...]:
    """A member's path; archives made on Windows may have backslashes."""
    return PurePosixPath(name.replace("\\", "/")).parts


def refusal(opened: zipfile.ZipFile, member: zipfile.ZipInfo, parts: tuple[str, ...]) -> str:
    """Why a member is not taken; ``""`` if it is."""
    return _refused(member, parts) or _greedy(opened, member)


def _refused(member: zipfile.ZipInfo, parts: tuple[str, ...]) -> str:
    """Why a member is not taken; ``""`` if it is."""
    kind = stat.S_IFMT(member.external_attr >> 16)
    if not parts or parts[0] == "/" or ".." in parts or ":" in parts[0] or "\0" in member.filename:
        return "its path leads out of the archive"
    if len(parts) > limits.MAX_DEPTH or any(len(part.encode("utf-8", "replace")) > MAX_NAME for part in parts):
        return "its path is too long"
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        return "a link or a device"
    if member.flag_bits & 0x1:
        return "encrypted"
    if member.compress_type not in STORED:
        return "an unsupported compression method"
    return ""


def _greedy(opened: zipfile.ZipFile, member: zipfile.ZipInfo) -> str:
    """Why a member's compression would take too much memory; ``""`` if it does not."""
    if member.compress_type != zipfile.ZIP_LZMA or opened.filename is None:
        return ""
    with open(opened.filename, "rb") as file:
        file.seek(member.header_offset)
        name, extra = struct.unpack("<HH", file.read(LOCAL_HEADER)[26:])
        file.seek(name + extra, 1)
        dictionary = LZMA_HEADER.unpack(file.read(LZMA_HEADER.size))[-1]
    return "compressed in a way that takes too much memory" if dictionary > MAX_DICTIONARY else ""


def copy_member(opened: zipfile.ZipFile, member: zipfile.ZipInfo, target: Path, most: int) -> int | None:
    """Writes a member's data; None, and nothing is left of it, where they are more than ``most``."""
    size = 0
    # Never more than the archive says is read of a member, so what is too much is not decoded first.
    if member.file_size > most:
        return None
    step = WHOLE_READ if member.compress_type in DECODED_WHOLE else READ
    with opened.open(member) as source, target.open("wb") as file:
        while data := source.read(step):
            size += len(data)
            if size > most:
                break
            file.write(data)
    if size > most:
        target.unlink()
        return None
    return size
