"""What gradings of one profile and seed share within a process: measurements that depend on no submission."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from typing import Any, Generic, TypeVar

from graders.core.removal import remove

T = TypeVar("T")
MOST_CACHES = 4


class Lazy(Generic[T]):
    """A value that several threads want and one of them makes."""

    def __init__(self, make: Callable[[], T]) -> None:
        """:param make: called at most once."""
        self._make = make
        self._lock = threading.Lock()
        self._future: Future[T] | None = None

    @property
    def requested(self) -> bool:
        """Whether anybody has wanted the value yet."""
        return self._future is not None

    def get(self) -> T:
        """The value, or the error that making it raised."""
        with self._lock:
            mine = self._future is None
            if self._future is None:
                self._future = Future()
        if mine:
            try:
                self._future.set_result(self._make())
            except BaseException as error:  # noqa: BLE001 - raised in every thread that waits
                self._future.set_exception(error)
        return self._future.result()


class SharedCache:
    """Values by name, and a folder for their files. Nothing of a submission's goes in here."""

    def __init__(self, folder: Path) -> None:
        """:param folder: of the grader's own; made when it is first needed."""
        self._folder = folder
        self._lock = threading.Lock()
        self._values: dict[str, Lazy[Any]] = {}
        self.users = 0

    @property
    def folder(self) -> Path:
        """The folder for the files of cached values."""
        self._folder.mkdir(parents=True, exist_ok=True)
        return self._folder

    def once(self, name: str, make: Callable[[], T]) -> T:
        """The value of that name, made at most once; an error is not cached, so the next call tries again."""
        with self._lock:
            holder = self._values.setdefault(name, Lazy(make))
        try:
            value: T = holder.get()
        except BaseException:
            with self._lock:
                if self._values.get(name) is holder:
                    del self._values[name]
            raise
        return value

    def clear(self) -> None:
        """Removes the files."""
        remove(self._folder)


class SharedCachePool:
    """The shared caches of several profiles and seeds: those in use and the last few, so a long cohort stays small."""

    def __init__(self, folder: Path) -> None:
        """:param folder: of the grader's own, for all files."""
        self._folder = folder
        self._lock = threading.Lock()
        self._caches: dict[str, SharedCache] = {}

    def acquire(self, key: str) -> SharedCache:
        """The cache of this key, in use until :meth:`release`."""
        with self._lock:
            cache = self._caches.pop(key, None) or SharedCache(
                self._folder / hashlib.sha256(key.encode()).hexdigest()[:16]
            )
            self._caches[key] = cache
            cache.users += 1
            return cache

    def release(self, cache: SharedCache) -> None:
        """Ends the use; if there are too many caches, those longest unused are cleared."""
        with self._lock:
            cache.users -= 1
            for key, old in list(self._caches.items()):
                if len(self._caches) > MOST_CACHES and old.users == 0:
                    del self._caches[key]
                    old.clear()
