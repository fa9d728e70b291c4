"""A folder of results by key: bounded in size, each whole or absent, each authenticated.

An entry is one JSON line that begins with an authentication code of the rest, made with a key that only this user can
read. An entry that was damaged, or written by somebody who can't read the key, such as code in a sandbox, is ignored.
A folder or a key that somebody else made or can change is not used at all: its owner would know the key.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import json
import os
import secrets
import stat
import tempfile
from pathlib import Path
from typing import Any

from graders.caching.codec import decode, encode
from graders.core.errors import UsageError

FOLDER_VARIABLE = "OPTGRADE_CACHE"
LIMIT_VARIABLE = "OPTGRADE_CACHE_MIB"
LIMIT_MIB = 2048
# If it is over the limit, this share is removed at once, the longest unused first.
CUT = 0.25
KEY_BYTES = 32
KEY_FILE = "key"


def default_folder() -> Path:
    """The folder of results: that of ``OPTGRADE_CACHE``, or one in the user's cache folder."""
    named = os.environ.get(FOLDER_VARIABLE)
    if named:
        return Path(named)
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "optgrade"


def private_folder(folder: Path) -> Path:
    """The folder, which need not exist yet.

    :raises UsageError: if another user owns it or may write to it, or may know its key.
    """
    found = _exposure(folder)
    if found is not None:
        raise UsageError(f"{folder}: {found}; remove it, or name another folder with {FOLDER_VARIABLE}")
    return folder


def _exposure(folder: Path) -> str | None:
    """What is wrong with the permissions of a cache folder or its key, if anything."""
    for path, kind, forbidden in ((folder, stat.S_ISDIR, 0o022), (folder / KEY_FILE, stat.S_ISREG, 0o077)):
        name = "this cache folder" if path == folder else "this cache folder's key"
        try:
            # A folder may be named by a link; the key is never one.
            found = path.stat() if path == folder else path.lstat()
        except OSError:
            continue
        if not kind(found.st_mode):
            return f"{name} is not a {'folder' if path == folder else 'file'}"
        if found.st_uid != os.geteuid():
            return f"{name} belongs to another user (uid {found.st_uid})"
        if found.st_mode & forbidden:
            verb = "write to" if path == folder else "read"
            return f"other users may {verb} {name}"
    return None


class Store:
    """Results by key, cached between gradings. What can't be read or written counts as absent."""

    def __init__(self, folder: Path, limit_bytes: int | None = None) -> None:
        """:param folder: of this user alone; made when something is first stored.

        :param limit_bytes: the most that it may hold; by default ``OPTGRADE_CACHE_MIB``, or 2 GiB.
        """
        self.folder = folder
        mib = os.environ.get(LIMIT_VARIABLE, "")
        self._limit = limit_bytes if limit_bytes is not None else (int(mib) if mib.isdigit() else LIMIT_MIB) << 20
        self._key: bytes | None = None
        self._written = 0

    def get(self, key: str, files: Path) -> Any:
        """The value under a key; None if there is none.

        :param files: a folder for copies of the files that belong to it.
        """
        path = self._path(key)
        try:
            code, _, line = path.read_bytes().partition(b" ")
            if not hmac.compare_digest(code, self._code(key, line)):
                raise ValueError("the entry's authentication code is wrong")
            value = decode(json.loads(line), _Files(self, files))
            os.utime(path)
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError, ImportError, AttributeError):
            with contextlib.suppress(OSError):
                path.unlink()
            return None
        return value

    def has(self, key: str) -> bool:
        """Whether there is an entry under a key; :meth:`get` may still find that it can't be used."""
        # Unlike Path.is_file, this is False if a folder can't be read.
        return os.path.isfile(self._path(key))  # noqa: PTH113

    def put(self, key: str, value: Any) -> None:
        """Stores a value. On a full or read-only disk nothing is stored, which costs time and nothing else."""
        with contextlib.suppress(OSError):
            line = json.dumps(encode(value, _Files(self, self.folder)), separators=(",", ":")).encode()
            self._write(self._path(key), self._code(key, line) + b" " + line)

    def trim(self) -> None:
        """Removes what was unused longest, if something was written and there is more than the limit."""
        if not self._written:
            return
        self._written = 0
        found = []
        for path in self.folder.glob("[0-9a-f][0-9a-f]/*"):
            with contextlib.suppress(OSError):
                status = path.stat()
                found.append((status.st_mtime_ns, status.st_size, path))
        total = sum(size for _, size, _ in found)
        if total > self._limit:
            for _, size, path in sorted(found):
                with contextlib.suppress(OSError):
                    path.unlink()
                total -= size
                if total <= self._limit * (1 - CUT):
                    break

    def put_file(self, path: Path) -> str:
        """Stores a file's bytes; their sha256."""
        data = path.read_bytes()
        found = hashlib.sha256(data).hexdigest()
        target = self._path(found, ".file")
        if target.exists():
            os.utime(target)
        else:
            self._write(target, data)
        return found

    def get_file(self, sha256: str, target: Path) -> Path:
        """Copies a stored file. :raises KeyError: if it is no longer there, or has different bytes."""
        source = self._path(sha256, ".file")
        try:
            data = source.read_bytes()
            os.utime(source)
        except OSError:
            raise KeyError(sha256) from None
        if hashlib.sha256(data).hexdigest() != sha256:
            source.unlink()
            raise KeyError(sha256)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
        target.chmod(0o444)
        return target

    def _path(self, key: str, ending: str = ".json") -> Path:
        return self.folder / key[:2] / (key[2:] + ending)

    def _code(self, key: str, line: bytes) -> bytes:
        return hmac.new(self._own_key(), key.encode() + b"\0" + line, hashlib.sha256).hexdigest().encode()

    def _own_key(self) -> bytes:
        """The key of this folder, made when it is first needed. :raises OSError: if it can't be read or made."""
        if self._key is None:
            path = self.folder / KEY_FILE
            if not path.exists():
                self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
                with contextlib.suppress(FileExistsError):
                    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
                    with open(descriptor, "wb") as file:
                        file.write(secrets.token_bytes(KEY_BYTES))
            # It may have been made by somebody else since the folder was looked at.
            exposure = _exposure(self.folder)
            if exposure is not None:
                raise OSError(exposure)
            key = path.read_bytes()
            if len(key) != KEY_BYTES:
                raise OSError(f"{path} is not a key of {KEY_BYTES} bytes")
            self._key = key
        return self._key

    def _write(self, path: Path, data: bytes) -> None:
        """Writes a file whole or not at all."""
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor, name = tempfile.mkstemp(dir=path.parent, prefix="new-")
        try:
            with open(descriptor, "wb") as file:
                file.write(data)
            os.replace(name, path)  # noqa: PTH105 - mkstemp gives a name
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(name)  # noqa: PTH108
            raise
        self._written += len(data)


class _Files:
    """The files of one value."""

    def __init__(self, store: Store, folder: Path) -> None:
        self._store = store
        self._folder = folder

    def put(self, path: Path) -> str:
        return self._store.put_file(path)

    def get(self, sha256: str, name: str) -> Path:
        # A name of the grader's own making; nothing that leads out of the folder.
        return self._store.get_file(sha256, self._folder / sha256[:16] / Path(name).name)
