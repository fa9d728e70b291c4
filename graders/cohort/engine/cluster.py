"""The workers: processes of this machine, or a cluster that runs already."""

from __future__ import annotations

import importlib.util
import json
import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from graders.cohort.engine.scratch import scratch_folder
from graders.core.errors import GraderError, UsageError
from graders.core.text import plain_line

if TYPE_CHECKING:
    from distributed import Client

START_S = 120
LOOPBACK = ("127.0.0.1", "localhost", "::1")
LOGGERS = ("client", "utils", "core", "comm", "batched")
SETTINGS = {
    # Records of every step of every task, which would grow with the class.
    "distributed.admin.low-level-log-length": 100,
    "distributed.scheduler.transition-log-length": 100,
    "distributed.scheduler.events-log-length": 100,
    "distributed.admin.log-length": 100,
    # Runs have limits of their own, and a worker's memory is not theirs.
    "distributed.worker.memory.terminate": False,
    "distributed.worker.memory.pause": False,
    "distributed.worker.memory.spill": False,
    "distributed.worker.memory.target": False,
    "distributed.worker.profile.enabled": False,
    # What is done many times a second in each process, for figures and balances that nobody here asks for.
    "distributed.admin.tick.interval": "1 s",
    "distributed.admin.tick.limit": "60 s",
    "distributed.admin.system-monitor.interval": "10 s",
    "distributed.scheduler.work-stealing": False,
    # After that, a worker that does not answer is started again.
    "distributed.scheduler.worker-ttl": "90 s",
}


@dataclass(frozen=True, kw_only=True)
class ClusterOptions:
    """Where workers are: processes of this machine, unless one of the two others is given.

    ``open_network``: whether a scheduler on another machine may be without TLS.
    """

    workers: int
    scheduler: str = ""
    scheduler_file: Path | None = None
    shared_files: bool = False
    open_network: bool = False

    @property
    def local(self) -> bool:
        """Whether workers are processes of this machine."""
        return not self.scheduler and self.scheduler_file is None


@dataclass(frozen=True)
class Cluster:
    """A client with its workers. ``scratch``: where those of this machine keep temporary files."""

    client: Client
    scratch: Path | None
    dashboard: str = ""


@contextmanager
def open_cluster(options: ClusterOptions, secret: bool) -> Iterator[Cluster]:
    """The workers, for a while.

    :param secret: whether a secret will travel, which no open connection may carry.
    :raises UsageError: there is no scheduler at the address, or the connection to it is open.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        # As a whole submission is.
        warnings.filterwarnings("ignore", message="Sending large graph")
        with _local(options.workers) if options.local else _remote(options, secret) as cluster:
            yield cluster


@contextmanager
def _local(workers: int) -> Iterator[Cluster]:
    """Processes of this machine. Others who use it can't connect to them: only this process has the keys."""
    import dask
    from distributed import Client, LocalCluster
    from distributed.security import Security

    dashboard = importlib.util.find_spec("bokeh") is not None
    with (
        scratch_folder() as scratch,
        dask.config.set(SETTINGS),
        LocalCluster(
            n_workers=workers,
            threads_per_worker=1,
            processes=True,
            host="127.0.0.1",
            protocol="tls",
            security=Security.temporary(),
            # None would be its usual port, on every network of the machine.
            dashboard_address="127.0.0.1:0",
            silence_logs=logging.CRITICAL,
            memory_limit=0,
            local_directory=str(scratch),
        ) as cluster,
        Client(cluster, set_as_default=False) as client,
    ):
        yield Cluster(client, scratch, cluster.dashboard_link if dashboard else "")


@contextmanager
def _remote(options: ClusterOptions, secret: bool) -> Iterator[Cluster]:
    from distributed import Client

    _require_encryption(_address(options), secret, options.open_network)
    shown = options.scheduler or str(options.scheduler_file)
    arguments = {"scheduler_file": shown} if options.scheduler_file else {"address": shown}
    try:
        client = Client(**arguments, timeout=START_S / 4, set_as_default=False)
    except (OSError, ValueError, TimeoutError, ImportError) as error:
        option = "--scheduler-file" if options.scheduler_file else "--scheduler"
        reason = plain_line(str(error)) or type(error).__name__
        raise UsageError(f"{option} {shown}: no scheduler answers there: {reason}") from None
    with _quiet(), client:
        # Whatever was given, this is where it leads.
        _require_encryption(str(client.scheduler.address) if client.scheduler else "", secret, options.open_network)
        yield Cluster(client, None, client.dashboard_link or "" if importlib.util.find_spec("bokeh") else "")


@contextmanager
def _quiet() -> Iterator[None]:
    """Without dask's own messages about connections, for a while: the driver says what is wrong in one line."""
    loggers = [logging.getLogger(f"distributed.{name}") for name in LOGGERS]
    before = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        for logger, level in zip(loggers, before, strict=True):
            logger.setLevel(level)


def _address(options: ClusterOptions) -> str:
    """The scheduler's address as it was given. :raises UsageError: the file with it can't be read."""
    if options.scheduler_file is None:
        return options.scheduler
    try:
        found = json.loads(options.scheduler_file.read_text(encoding="utf-8"))
        return str(found["address"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        reason = plain_line(getattr(error, "strerror", "") or "not what a scheduler writes")
        raise UsageError(f"--scheduler-file {options.scheduler_file}: can't be read: {reason}") from None


def is_encrypted(address: str) -> bool:
    """Whether nobody can listen to a connection with this address: it has TLS, or stays on this machine."""
    found = urlsplit(address if "://" in address else f"tcp://{address}")
    return found.scheme == "tls" or found.hostname in LOOPBACK


def _require_encryption(address: str, secret: bool, allowed: bool) -> None:
    """:raises UsageError: others in the network could read what travels, or send workers code of their own."""
    if is_encrypted(address) or (allowed and not secret):
        return
    if allowed:
        why = "a secret would travel over an open connection; use a scheduler with TLS, or --seed"
    else:
        why = "without TLS, whoever is in this network can read submissions and run code on workers; use a scheduler "
        why += "with TLS (dask's settings distributed.comm.tls), or --open-network if you trust everybody in it"
    raise UsageError(f"{plain_line(address)}: {why}")


def scheduler_gone(reason: str) -> GraderError:
    """The error for a scheduler that can't be reached any more."""
    return GraderError(
        f"the scheduler does not answer any more ({plain_line(reason)}); what was graded is stored: start it again, "
        "then type the same command again to go on"
    )


def stalled(seconds: float) -> GraderError:
    """The error for a cluster without a usable worker."""
    return GraderError(
        f"no usable worker for {seconds:.0f} s; what was graded is stored: type the same command again to go on"
    )
