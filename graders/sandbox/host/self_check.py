"""The self-check of a tier before it is taken: a run inside of it tries what must not be possible."""

from __future__ import annotations

import os
import socket
import tempfile
from contextlib import suppress
from pathlib import Path

from graders.core.errors import RunError, SandboxError
from graders.core.removal import remove
from graders.sandbox.host.code_copy import CodeCopy
from graders.sandbox.host.isolation import Isolation
from graders.sandbox.host.limits import Limits
from graders.sandbox.host.server import Server
from graders.sandbox.host.session import RunSpec

DRIVER = Path(__file__).resolve().parents[1] / "guest" / "self_check_driver.py"
LIMITS = Limits(wall_s=30, cpu_s=30)
LEAKS = {
    "read 0": "a file of the grader's could be read",
    "read 1": "a file of another run could be read",
    "write 0": "a file of the grader's could be written",
    "write 1": "a file of another run could be written",
    "connect": "a connection could be made",
    "socket": "a socket could be made",
    "signal": "the grader could be signalled",
    "environment": "the grader's environment could be read",
}
NEEDS = {
    "own 0": "a run can't write to its own working directory",
    "own 1": "a run can't write to its own copy of the code",
    "library": "a run can't import from Python's own library",
}


def probe(isolation: Isolation) -> str:
    """What is wrong with a tier on this machine, in one line; ``""`` if every attempt was stopped."""
    scratch = Path(tempfile.mkdtemp(prefix="optgrade-self-check-"))
    own = Path(tempfile.mkdtemp(prefix="optgrade-secret-"))
    try:
        return _probe(isolation, scratch, own)
    except SandboxError as error:
        return str(error)
    finally:
        remove(scratch)
        remove(own)


def _probe(isolation: Isolation, scratch: Path, own: Path) -> str:
    neighbour = scratch / "neighbour"
    neighbour.mkdir()
    for folder in (own, neighbour):
        secret = folder / "secret.txt"
        secret.write_text("nobody may read this")
        # Open to every user: it must be the lockdown that stops the run.
        secret.chmod(0o666)
        folder.chmod(0o777)
    workdir = scratch / "workdir"
    workdir.mkdir()
    with socket.create_server(("127.0.0.1", 0)) as listener, Server((), isolation, {}, scratch=scratch) as server:
        spec = RunSpec(
            name="self-check",
            driver=DRIVER,
            paths=(),
            workdir=workdir,
            limits=LIMITS,
            seed=0,
            environment={},
            code=CodeCopy(neighbour, scratch / "copy"),
        )
        session = server.open(spec)
        try:
            secrets = [str(own / "secret.txt"), str(neighbour / "secret.txt")]
            foreign = [str(own / "new.txt"), str(neighbour / "new.txt")]
            parameters = {"secrets": secrets, "foreign": foreign, "own": ["own.txt", str(scratch / "copy" / "own.txt")]}
            outcomes = session.call(
                "try_all", {**parameters, "port": listener.getsockname()[1], "pid": os.getpid()}
            ).facts
        except RunError as error:
            return f"a run could not be made: {error}"
        finally:
            record = session.end()
    # It promises nothing but that runs have what they need, and are not root.
    leaks = {} if isolation.tier == "bare" else LEAKS
    wrong = [what for name, what in leaks.items() if outcomes.get(name) == "done"]
    wrong += [f"{what} ({outcomes.get(name)})" for name, what in NEEDS.items() if outcomes.get(name) != "done"]
    user = outcomes.get("user")
    if user == 0 or (isolation.users is not None and user == os.geteuid()):
        wrong.append("the run's user is the grader's")
    if not record.left_running or _alive_in(workdir):
        wrong.append("a process outlived its run")
    return "; ".join(wrong)


def _alive_in(folder: Path) -> bool:
    """Whether a process still has its current directory there."""
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            with suppress(OSError):
                if Path(f"/proc/{entry}/cwd").readlink().is_relative_to(folder):
                    return True
    return False
