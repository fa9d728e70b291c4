"""The preloaded server: imports the heavy libraries once, then forks a supervised process for every run.

Started as ``python -I server.py FD CONFIG``. On the control socket FD (SOCK_SEQPACKET) the grader sends one JSON
request per run with four descriptors: the supervisor's status socket, the run's channel, its stdout and its stderr.
The server does nothing with the libraries but import them: one TensorFlow operation here would hang every child.
"""

from __future__ import annotations

import array
import contextlib
import gc
import importlib
import json
import os
import select
import signal
import socket
import sys
import time
import types
from importlib import metadata
from pathlib import Path

HERE = Path(__file__).resolve().parent
MAX_REQUEST = 1 << 18
DESCRIPTORS = 4


def stand_alone() -> None:
    """Makes the modules of this folder importable by their full names, and nothing else of optgrade."""
    sys.path[:] = [folder for folder in sys.path if folder != str(HERE.parents[2])]
    for name, place in (("graders", []), ("graders.sandbox", []), ("graders.sandbox.guest", [str(HERE)])):
        package = types.ModuleType(name)
        package.__path__ = place
        sys.modules[name] = package


if __name__ == "__main__":
    # A server with folders of the grader's own to import from is a scorer's: it runs no student code.
    own_paths = json.loads(sys.argv[2])["paths"]
    if own_paths:
        sys.path[:0] = own_paths
    else:
        stand_alone()

from graders.sandbox.guest import frameworks, huge_pages, lockdown, processes, run, supervisor  # noqa: E402 - only now can they be found


def preload(modules: list[str]) -> dict[str, str]:
    """Imports the modules; the versions of those that are packages. :raises ImportError: where one is missing."""
    versions = {}
    for name in modules:
        importlib.import_module(name)
        try:
            versions[name] = metadata.version(name.split(".")[0].replace("_", "-"))
        except metadata.PackageNotFoundError:
            versions[name] = "unknown"
    if {"tensorflow", "tf_keras"} <= set(modules):
        frameworks.load_names()
    return versions


def read_request(control: socket.socket) -> tuple[dict[str, object], list[int]] | None:
    """The next request and its descriptors; None when the grader is gone."""
    space = socket.CMSG_SPACE(DESCRIPTORS * array.array("i").itemsize)
    data, ancillary, _, _ = control.recvmsg(MAX_REQUEST, space)
    if not data:
        return None
    descriptors = array.array("i")
    for level, kind, payload in ancillary:
        if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
            descriptors.frombytes(payload)
    return json.loads(data), list(descriptors)


def reap(supervisors: set[int]) -> None:
    """Collects ended children; kills what a dead supervisor left behind, which the kernel hands to this process."""
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG | os.WUNTRACED)
        except ChildProcessError:
            return
        if pid == 0:
            return
        if pid in supervisors and os.WIFSTOPPED(status):
            # Only its run can have stopped it, and nobody watches that run now.
            os.kill(pid, signal.SIGKILL)
        elif pid in supervisors:
            supervisors.discard(pid)
            if status != 0:
                for stray in set(processes.children(os.getpid())) - supervisors:
                    processes.kill_tree([stray])


def serve(control: socket.socket, preloaded: dict[str, str]) -> None:
    """Forks a supervisor for each request until the grader closes the control socket."""
    supervisors: set[int] = set()
    wake_read, wake_write = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
    signal.set_wakeup_fd(wake_write, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    while True:
        ready, _, _ = select.select([control.fileno(), wake_read], [], [])
        if wake_read in ready:
            os.read(wake_read, 4096)
            reap(supervisors)
        if control.fileno() not in ready:
            continue
        request = read_request(control)
        if request is None:
            break
        spec, descriptors = request
        with contextlib.suppress(OSError, SyntaxError, ValueError):
            # What is wrong with it, its run reports.
            run.compile_driver(str(spec["driver"]))
        pid = os.fork()
        if pid == 0:
            signal.set_wakeup_fd(-1)
            for descriptor in (control.fileno(), wake_read, wake_write):
                os.close(descriptor)
            supervisor.main(spec, descriptors, list(preloaded))
        supervisors.add(pid)
        for descriptor in descriptors:
            os.close(descriptor)
    for pid in supervisors:
        processes.kill_tree([pid])


def main() -> None:
    """The command line: the control socket's number, then the configuration as JSON."""
    control = socket.socket(fileno=int(sys.argv[1]))
    config = json.loads(sys.argv[2])
    # Not die_with_parent: that is about the grader's thread, which may end earlier. The control socket ends with it.
    processes.become_subreaper()
    started = time.perf_counter()
    try:
        versions = preload(config["preload"])
        lockdown.prepare(config.get("lockdown", {}))
    except Exception as error:  # noqa: BLE001 - a broken library is reported whole, whatever it raises
        control.send(json.dumps({"error": f"{type(error).__name__}: {error}"}).encode())
        return
    gc.collect()
    gc.freeze()
    huge_pages.collapse()
    ready = {"versions": versions, "seconds": time.perf_counter() - started, "cpu_s": time.process_time()}
    control.send(json.dumps(ready).encode())
    serve(control, versions)


if __name__ == "__main__":
    main()
