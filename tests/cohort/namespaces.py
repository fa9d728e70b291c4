"""Machines of a network in one: network namespaces that are joined by a switch, and connected to nothing else."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from graders.core.paths import REPOSITORY

PREFIX = "10.77.0."
PORT = 8786


def _ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, capture_output=True, text=True)


@dataclass
class Host:
    """A namespace with an address of its own."""

    name: str
    address: str

    def start(
        self, command: Sequence[object], log: Path, environment: Mapping[str, str] | None = None
    ) -> subprocess.Popen[bytes]:
        """Starts a command in it, in a session of its own; what it prints goes to a file."""
        with log.open("ab") as file:
            return subprocess.Popen(
                ["ip", "netns", "exec", self.name, *map(str, command)],
                cwd=REPOSITORY,
                env={**os.environ, "PYTHONPATH": str(REPOSITORY), **(environment or {})},
                stdin=subprocess.DEVNULL, stdout=file, stderr=subprocess.STDOUT, start_new_session=True,
            )  # fmt: skip


@dataclass
class Network:
    """Some hosts; the first one has the switch. What was started in them ends with the network."""

    hosts: list[Host] = field(default_factory=list)
    started: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def python(
        self, host: Host, *words: object, log: Path, environment: Mapping[str, str] | None = None, python: object = sys.executable
    ) -> subprocess.Popen[bytes]:  # fmt: skip
        """Starts Python in a host."""
        process = host.start([python, *words], log, environment)
        self.started.append(process)
        return process

    def scheduler(self, log: Path, *words: object) -> subprocess.Popen[bytes]:
        """Starts a scheduler in the first host, and waits until it listens."""
        before = log.stat().st_size if log.exists() else 0
        host = self.hosts[0]
        process = self.python(
            host, "-m", "dask", "scheduler", "--host", host.address, "--port", PORT, "--no-dashboard", "--no-jupyter", *words, log=log
        )  # fmt: skip
        wait_for(lambda: b"Scheduler at" in log.read_bytes()[before:])
        return process

    def worker(self, host: Host, address: str, folder: Path, *words: object, **more: object) -> subprocess.Popen[bytes]:
        """Starts a worker of one process; its files are in ``folder/<host>``."""
        own = folder / host.name
        own.mkdir(parents=True, exist_ok=True)
        environment = {"TMPDIR": str(own), "HOME": str(own), **more.pop("environment", {})}  # type: ignore[dict-item]
        return self.python(
            host, "-m", "dask", "worker", address, "--host", host.address, "--nthreads", 1, "--no-nanny", "--no-dashboard",
            "--local-directory", own, "--memory-limit", 0, "--death-timeout", 120, *words,
            log=own / "worker.log", environment=environment, **more,  # type: ignore[arg-type]
        )  # fmt: skip

    def stop(self) -> None:
        """Ends everything in it that was started."""
        for process in self.started:
            kill(process)


def kill(process: subprocess.Popen[bytes]) -> None:
    """Ends a process and its session at once."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, 9)
    process.wait()


@contextmanager
def network(count: int) -> Iterator[Network]:
    """So many hosts; skips the test, with the reason, where namespaces are refused."""
    found = Network()
    switch = ""
    try:
        for number in range(count):
            host = Host(f"optgrade-{os.getpid()}-{number}", f"{PREFIX}{number + 1}")
            _ip("netns", "add", host.name)
            found.hosts.append(host)
            switch = switch or host.name
            inside = ("-n", host.name)
            _ip(*inside, "link", "set", "lo", "up")
            if number == 0:
                _ip(*inside, "link", "add", "switch", "type", "bridge")
                _ip(*inside, "addr", "add", f"{host.address}/24", "dev", "switch")
                _ip(*inside, "link", "set", "switch", "up")
            else:
                _ip("-n", switch, "link", "add", f"port{number}", "type", "veth", "peer", "name", "eth0", "netns", host.name)
                _ip("-n", switch, "link", "set", f"port{number}", "master", "switch", "up")
                _ip(*inside, "addr", "add", f"{host.address}/24", "dev", "eth0")
                _ip(*inside, "link", "set", "eth0", "up")
    except (OSError, subprocess.CalledProcessError) as error:
        _remove(found)
        pytest.skip(f"network namespaces are refused here: {str(getattr(error, 'stderr', '') or error).strip()}")
    try:
        yield found
    finally:
        found.stop()
        _remove(found)


def _remove(found: Network) -> None:
    for host in found.hosts:
        subprocess.run(["ip", "netns", "del", host.name], check=False, capture_output=True)


def wait_for(what: object, seconds: float = 120) -> None:
    """Waits until something is so."""
    until = time.monotonic() + seconds
    while not what():  # type: ignore[operator]
        assert time.monotonic() < until, "it never happened"
        time.sleep(0.05)
