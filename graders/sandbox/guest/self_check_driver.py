"""The driver of the self-check: tries what no run may be able to do, and reports how each attempt ended."""

from __future__ import annotations

import importlib
import os
import socket
import time
from pathlib import Path
from typing import Any


def _attempt(attempt: Any) -> str:
    """``"done"``, or the name of the error that stopped the attempt."""
    try:
        attempt()
    except Exception as error:  # noqa: BLE001 - any error will do
        return type(error).__name__
    return "done"


def _connect(port: int) -> None:
    with socket.create_connection(("127.0.0.1", port), timeout=2):
        pass


def _make_a_socket() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM):
        pass


def _write(path: str) -> None:
    Path(path).write_text("written by the self-check")


def _leave_an_orphan() -> None:
    """A process that outlives its parents, in a session of its own, and ignores what it can."""
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            time.sleep(60)
        os._exit(0)
    os.wait()


def try_all(
    secrets: list[str], foreign: list[str], own: list[str], port: int, pid: int
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Reads secrets, writes elsewhere, connects out, signals the grader, leaves an orphan; does what runs must do."""
    outcomes: dict[str, Any] = {f"read {number}": _attempt(Path(path).read_text) for number, path in enumerate(secrets)}
    outcomes |= {f"write {number}": _attempt(lambda path=path: _write(path)) for number, path in enumerate(foreign)}
    outcomes["connect"] = _attempt(lambda: _connect(port))
    outcomes["socket"] = _attempt(_make_a_socket)
    outcomes["signal"] = _attempt(lambda: os.kill(pid, 0))
    outcomes["environment"] = _attempt(lambda: Path(f"/proc/{pid}/environ").read_bytes())
    outcomes["library"] = _attempt(lambda: importlib.import_module("colorsys"))
    outcomes |= {f"own {number}": _attempt(lambda path=path: _write(path)) for number, path in enumerate(own)}
    outcomes["user"] = os.getuid()
    _leave_an_orphan()
    return outcomes, {}


OPERATIONS = {"try_all": try_all}
