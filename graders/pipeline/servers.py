"""The two preloaded servers of a grading, and what gradings in one process share."""

from __future__ import annotations

import os
import tempfile
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from graders.caching.shared import SharedCachePool
from graders.core.removal import remove
from graders.framework.context import RUNNER_ENVIRONMENT
from graders.measure.scorer.client import start_server
from graders.pipeline.config import GradingConfig
from graders.sandbox import Server

READABLE = 0o022


@dataclass(frozen=True)
class ServerPool:
    """One server for students' code, one for measuring its artifacts, and the measurements that gradings share.

    ``scratch``: the folder below which everything that servers are to see must be made.
    """

    runner: Server
    scorers: Server
    scratch: Path
    caches: SharedCachePool
    _cleanup: ExitStack = field(default_factory=ExitStack, repr=False, compare=False)

    def start(self) -> None:
        """Starts both servers, unless they run already; their imports go on in the background."""
        self.runner.start()
        self.scorers.start()

    @property
    def ended(self) -> bool:
        """Whether one of them was started and is no longer there, so that it can execute nothing."""
        return self.runner.ended or self.scorers.ended

    def stop(self) -> None:
        """Ends both servers, and with them every run."""
        self.runner.close()
        self.scorers.close()

    def close(self) -> None:
        """Ends both servers and removes everything below ``scratch``."""
        self.stop()
        self._cleanup.close()


def prepare_servers(config: GradingConfig) -> ServerPool:
    """The servers for a grading's labs, each to be started when it is first needed."""
    cleanup = ExitStack()
    if config.isolation.users is not None:
        cleanup.enter_context(readable_files())
    scratch = Path(tempfile.mkdtemp(prefix="optgrade-"))
    cleanup.callback(remove, scratch)
    # Of a lab without any run, nothing is imported.
    needed = [plugin.lab for plugin in config.labs if config.runs_of(plugin)]
    preload = list(dict.fromkeys(module for lab in needed for module in lab.preload))
    isolation, profile = config.isolation, config.profile
    readable = _readable_paths(config)
    runner = Server(preload, isolation, RUNNER_ENVIRONMENT, readable=readable, scratch=scratch, late=True)
    scorers = start_server(isolation, (profile.dataset_root, profile.model_path), scratch, late=True)
    return ServerPool(runner, scorers, scratch, SharedCachePool(scratch / "shared"), cleanup)


def start_servers(config: GradingConfig) -> ServerPool:
    """As :func:`prepare_servers`, and starts both."""
    servers = prepare_servers(config)
    servers.start()
    return servers


def _readable_paths(config: GradingConfig) -> list[Path]:
    """What runs may have to read; the reference's code has runs of its own, and students' code can't read it."""
    profile, labs = config.profile, [plugin.lab for plugin in config.labs]
    paths = [*profile.data, profile.model_path, *dict.fromkeys(file for lab in labs for file in lab.driver_files)]
    references = dict.fromkeys(lab.reference for lab in labs if lab.reference.is_dir())
    return [*paths, *(path for lab in labs for path in lab.data_paths), *references]


@contextmanager
def work_folder(servers: ServerPool) -> Iterator[Path]:
    """A folder for one grading, which runs can pass through and not list; removed at the end."""
    folder = Path(tempfile.mkdtemp(prefix="grading-", dir=servers.scratch))
    folder.chmod(0o711)
    try:
        yield folder
    finally:
        remove(folder)


class _Umask:
    """The process's umask while anybody needs another one; the last to leave restores it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._users = 0
        self._saved = READABLE

    def __enter__(self) -> None:
        with self._lock:
            if self._users == 0:
                self._saved = os.umask(READABLE)
            self._users += 1

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._users -= 1
            if self._users == 0:
                os.umask(self._saved)


_UMASK = _Umask()


@contextmanager
def readable_files() -> Iterator[None]:
    """Makes what is written for runs readable for the user that they get, whatever the umask of this process is.

    A umask is the whole process's, and several pools may be open at a time, in any order.
    """
    with _UMASK:
        yield
