"""A submission on its way to a worker: its content's digest, and as much of it as a grading looks at in one archive.

A worker that sees the same files gets their path. In both cases it computes the digest again before it grades.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import os
import shutil
import stat
import tarfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from graders.core.errors import SubmissionError
from graders.submission import limits, submission_name
from graders.submission.discovery import SKIPPED

# The history is graded; what gradings skip need not travel.
LEFT_OUT = SKIPPED - {".git"}
MAX_BYTES = 1 << 30
READ = 1 << 20


@dataclass(frozen=True, kw_only=True)
class Content:
    """Where a submission's content is: a folder, an archive, or loose files by name. ``name``: what it is called."""

    name: str
    path: Path
    files: Mapping[str, Path] = field(default_factory=dict)

    @property
    def is_folder(self) -> bool:
        """Whether it is graded as a folder."""
        return bool(self.files) or self.path.is_dir()

    @property
    def in_place(self) -> bool:
        """Whether it can be graded where it is: it is called as its path is."""
        return not self.files and submission_name(self.path) == self.name

    def entries(self) -> Iterator[tuple[str, Path]]:
        """Everything in it that is no folder, and empty folders, by the path in it; links are not followed."""
        if self.files:
            yield from sorted(self.files.items())
        elif self.path.is_dir():
            yield from _below(self.path)
        else:
            yield self.path.name, self.path


@dataclass(frozen=True, kw_only=True)
class Parcel:
    """What travels. ``content``: where it is on a file system that the worker sees, None if ``data`` has it."""

    name: str
    digest: str
    content: Content | None = None
    is_folder: bool = False
    data: bytes = field(default=b"", repr=False)


def digest_of(content: Content) -> str:
    """The sha256 over names and contents. :raises SubmissionError: it can't be read."""
    total = hashlib.sha256(b"folder\0" if content.is_folder else b"archive\0")
    try:
        for name, path in content.entries():
            status = path.lstat()
            kind, own = _digest(path, status)
            shown = name.encode("utf-8", "surrogateescape") if content.is_folder else b""
            total.update(b"%b\0%b\0%b\n" % (shown, kind, own))
    except OSError as error:
        raise SubmissionError(f"{content.name}: can't be read: {error.strerror}") from None
    return total.hexdigest()


def pack(content: Content, digest: str) -> Parcel:
    """The submission with its content. :raises SubmissionError: it can't be read, or is too large to travel."""
    if not content.is_folder:
        data = content.path.read_bytes()
        if len(data) > MAX_BYTES:
            raise _too_large(content)
        return Parcel(name=content.name, digest=digest, data=data)
    packed = io.BytesIO()
    left = MAX_BYTES
    try:
        with (
            gzip.GzipFile(fileobj=packed, mode="wb", compresslevel=1, mtime=0) as zipped,
            tarfile.open(fileobj=zipped, mode="w", format=tarfile.PAX_FORMAT) as archive,
        ):
            for name, path in content.entries():
                entry = _entry(name, path)
                if entry is None:
                    continue
                left -= entry.size
                if left < 0:
                    raise _too_large(content)
                if entry.isreg():
                    with path.open("rb") as file:
                        archive.addfile(entry, file)
                else:
                    archive.addfile(entry)
    except OSError as error:
        raise SubmissionError(f"{content.name}: can't be read: {error.strerror}") from None
    return Parcel(name=content.name, digest=digest, is_folder=True, data=packed.getvalue())


def deliver(parcel: Parcel, work: Path) -> Path:
    """On a worker: the submission's path, below ``work`` unless it can be graded where it is.

    :raises SubmissionError: it is not what was to be graded, or could not be read.
    """
    if parcel.content is not None:
        if digest_of(parcel.content) != parcel.digest:
            raise SubmissionError("its files changed while the class was being graded: type the same command again")
        return parcel.content.path if parcel.content.in_place else _copied(parcel.content, work)
    if not parcel.is_folder:
        path = work / f"{parcel.name}.zip"
        path.write_bytes(parcel.data)
        found = Content(name=parcel.name, path=path)
    else:
        folder = work / parcel.name
        folder.mkdir()
        _unpack(parcel.data, folder)
        found = Content(name=parcel.name, path=folder)
    if digest_of(found) != parcel.digest:
        raise SubmissionError("it did not arrive as it was sent: type the same command again")
    return found.path


def _copied(content: Content, work: Path) -> Path:
    """A copy that is called as the submission is."""
    if not content.is_folder:
        return Path(shutil.copyfile(content.path, work / f"{content.name}.zip"))
    folder = work / content.name
    folder.mkdir()
    for name, path in content.entries():
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if path.is_symlink():
            target.symlink_to(path.readlink())
        elif path.is_dir():
            target.mkdir(exist_ok=True)
        elif path.is_file():
            shutil.copyfile(path, target)
    return folder


def _unpack(data: bytes, folder: Path) -> None:
    """Unpacks what :func:`pack` packed. Links are made last, so that none is followed."""
    links = []
    with tarfile.open(fileobj=io.BytesIO(data), mode="r:gz") as archive:
        for entry in archive:
            target = folder / entry.name
            if ".." in target.parts or target.is_absolute() != folder.is_absolute():
                raise SubmissionError("it did not arrive as it was sent: a path leads out of it")
            target.parent.mkdir(parents=True, exist_ok=True)
            if entry.issym():
                links.append((target, entry.linkname))
            elif entry.isdir():
                target.mkdir(exist_ok=True)
            elif entry.isreg():
                source = archive.extractfile(entry)
                assert source is not None, "it is a file"
                with target.open("wb") as file:
                    shutil.copyfileobj(source, file, READ)
    for target, leads_to in links:
        target.symlink_to(leads_to)


def _entry(name: str, path: Path) -> tarfile.TarInfo | None:
    """A file's entry without owner and times; None for what is neither a file, a link nor a folder."""
    status = path.lstat()
    entry = tarfile.TarInfo(name)
    entry.mode = 0o755 if status.st_mode & stat.S_IXUSR else 0o644
    if stat.S_ISLNK(status.st_mode):
        entry.type, entry.linkname = tarfile.SYMTYPE, os.fspath(path.readlink())
    elif stat.S_ISDIR(status.st_mode):
        entry.type = tarfile.DIRTYPE
    elif stat.S_ISREG(status.st_mode):
        entry.size = status.st_size
    else:
        return None
    return entry


def _below(folder: Path) -> Iterator[tuple[str, Path]]:
    waiting = [""]
    while waiting:
        inner = waiting.pop()
        with os.scandir(folder / inner) as found:
            entries = sorted(found, key=lambda entry: entry.name)
        if inner and not entries:
            yield inner, folder / inner
        for entry in entries:
            name = f"{inner}/{entry.name}" if inner else entry.name
            if not entry.is_dir(follow_symlinks=False):
                yield name, Path(entry.path)
            elif entry.name not in LEFT_OUT:
                waiting.append(name)


def _digest(path: Path, status: os.stat_result) -> tuple[bytes, bytes]:
    """What something that is no folder is, and a digest of its content."""
    if stat.S_ISLNK(status.st_mode):
        return b"link", os.fsencode(path.readlink())
    if stat.S_ISDIR(status.st_mode):
        return b"folder", b""
    if not stat.S_ISREG(status.st_mode):
        return b"other", b""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while data := file.read(READ):
            digest.update(data)
    return b"file", digest.digest()


def _too_large(content: Content) -> SubmissionError:
    most = MAX_BYTES / limits.MEBI
    return SubmissionError(f"{content.name}: more than {most:,.0f} MiB, too large to send to a worker")
