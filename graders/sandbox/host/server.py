"""The preloaded server, seen from the grader: started once, it forks a run within milliseconds."""

from __future__ import annotations

import array
import json
import os
import socket
import subprocess
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from graders.core.errors import SandboxError
from graders.core.load import stretched
from graders.sandbox.host.code_copy import NOTHING_COPIED, make_copy
from graders.sandbox.host.isolation import Isolation, Mounts, python, system_paths
from graders.sandbox.host.session import RunSpec, Session
from graders.sandbox.host.users import POOL

SERVER = Path(__file__).resolve().parents[1] / "guest" / "server.py"
START_S = 180.0
MAX_READY = 1 << 16
# Nothing of the grader's environment reaches student code but what is named here.
BASE_ENVIRONMENT = {
    "PATH": "/usr/local/bin:/usr/bin:/bin",
    "LANG": "C.UTF-8",
    "LC_ALL": "C.UTF-8",
    "PYTHONHASHSEED": "0",
    "PYTHONDONTWRITEBYTECODE": "1",
}


@dataclass(frozen=True)
class Ready:
    """What the server reports when its imports are done: versions by package, and how long they took."""

    versions: dict[str, str]
    seconds: float
    cpu_s: float


class Server:
    """A process that has imported ``preload`` and forks runs. Safe to use from several threads."""

    def __init__(
        self,
        preload: Sequence[str],
        isolation: Isolation,
        environment: Mapping[str, str],
        paths: Sequence[Path] = (),
        *,
        readable: Sequence[Path] = (),
        scratch: Path | None = None,
        late: bool = False,
    ) -> None:
        """Starts the process at once; the imports go on while the grader does other things.

        :param paths: folders of the grader's own that ``preload`` may be imported from as well.
        :param readable: what runs may have to read beside Python and the system; each run is given its part of it.
        :param scratch: the folder that holds every run's working directory, and all else that is made for runs.
        :param late: the process starts when it is first needed, or by :meth:`start`.
        """
        self.environment = {**BASE_ENVIRONMENT, **environment}
        self.isolation = isolation
        self._system = system_paths() if isolation.lockdown.hides_files else []
        if scratch is not None and isolation.users is not None:
            # Runs pass through it to their working directories, and can't list it.
            scratch.chmod(0o711)
        self._lock = threading.Lock()
        self._ready: Ready | SandboxError | None = None
        own = [str(path) for path in paths]
        self._config = json.dumps({"preload": list(preload), "paths": own, "lockdown": asdict(isolation.lockdown)})
        self._mounts = Mounts((*paths, *readable), scratch)
        self._control: socket.socket | None = None
        self._process: subprocess.Popen[bytes] | None = None
        if not late:
            self.start()

    def start(self) -> None:
        """Starts the process, unless it was started already.

        It ends with the thread that called this (PR_SET_PDEATHSIG goes by threads), which should be the main one.
        """
        with self._lock:
            if self._process is None:
                self._start()

    def _start(self) -> None:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._control = ours
        argv = [python(), "-I", str(SERVER), str(theirs.fileno()), self._config]
        self._process = subprocess.Popen(
            self.isolation.command(argv, self._mounts),
            pass_fds=[theirs.fileno()],
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd="/",
        )
        theirs.close()

    @property
    def ended(self) -> bool:
        """Whether the process was started and is of no use any more: it has ended, or its imports failed."""
        failed = isinstance(self._ready, SandboxError)
        return failed or (self._process is not None and self._process.poll() is not None)

    def wait_ready(self) -> Ready:
        """Waits for the imports. :raises SandboxError: if they failed or took too long."""
        self.start()
        with self._lock:
            if self._ready is None:
                try:
                    self._ready = self._read_ready()
                except SandboxError as error:
                    self._ready = error
            if isinstance(self._ready, SandboxError):
                raise self._ready
            return self._ready

    def _read_ready(self) -> Ready:
        assert self._control is not None
        assert self._process is not None
        limit = stretched(START_S)
        self._control.settimeout(limit)
        try:
            data = self._control.recv(MAX_READY)
        except TimeoutError:
            raise SandboxError(f"the sandbox's imports took over {limit:.0f} s") from None
        if not data:
            raise SandboxError(f"the sandbox ended while starting (exit code {self._process.wait()})")
        answer = json.loads(data)
        if "error" in answer:
            raise SandboxError(f"the sandbox can't import its libraries: {answer['error']}")
        return Ready(answer["versions"], answer["seconds"], answer["cpu_s"])

    def open(self, spec: RunSpec) -> Session:
        """Forks a run. :raises SandboxError: if its code can't be copied, or the server is gone."""
        self.wait_ready()
        user = POOL.acquire(self.isolation.users)
        try:
            return self._open(spec, user)
        except BaseException:
            POOL.release(user)
            raise

    def _open(self, spec: RunSpec, user: int | None) -> Session:
        copied = NOTHING_COPIED if spec.code is None else make_copy(spec.code, user)
        if user is not None:
            try:
                os.chown(spec.workdir, user, user)
                spec.workdir.chmod(0o700)
            except OSError as error:
                message = f"the working directory of run {spec.name} can't be prepared: {error.strerror}"
                raise SandboxError(message) from None
        channel, their_channel = socket.socketpair()
        status, their_status = socket.socketpair()
        out_read, out_write = os.pipe()
        err_read, err_write = os.pipe()
        request = {
            "driver": str(spec.driver),
            "paths": [str(path) for path in spec.import_paths],
            "writable": [str(path) for path in spec.writable],
            "workdir": str(spec.workdir),
            "limits": spec.limits.as_request(),
            "seed": spec.seed,
            "environment": {**self.environment, **spec.environment},
            "lockdown": asdict(self.isolation.lockdown),
            "user": user,
            "readable": [*self._system, *map(str, (spec.driver, *spec.paths, *spec.readable))],
        }
        descriptors = array.array("i", [their_status.fileno(), their_channel.fileno(), out_write, err_write])
        ancillary = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, descriptors.tobytes())]
        try:
            with self._lock:
                assert self._control is not None
                self._control.sendmsg([json.dumps(request).encode()], ancillary)
        except OSError as error:
            for endpoint in (channel, status):
                endpoint.close()
            for descriptor in (out_read, err_read):
                os.close(descriptor)
            raise SandboxError(f"the sandbox is gone: {error.strerror}") from None
        finally:
            their_channel.close()
            their_status.close()
            os.close(out_write)
            os.close(err_write)
        return Session(spec, channel, status, (out_read, err_read), copied, lambda: POOL.release(user))

    def close(self) -> None:
        """Ends the server and every run that it still has."""
        if self._process is None or self._control is None:
            return
        with suppress(OSError):
            # Wakes whoever waits for the imports in another thread, which closing alone does not.
            self._control.shutdown(socket.SHUT_RDWR)
        self._control.close()
        try:
            self._process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
