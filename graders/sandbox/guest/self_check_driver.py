"""What a tier is tried with: a run that does what no run may be able to do, and says what came of it."""

from __future__ import annotations

import importlib
import os
import socket
import time
from pathlib import Path
from typing import Any


def _tried(attempt: Any) -> str:
    """``"done"``, or the name of the error that kept it from being done."""
    try:
        attempt()
    except Exception as error:  # noqa: BLE001 - whatever stops it is right
        return type(error).__name__
    return "done"


def _connect(port: int) -> None:
    with socket.create_connection(("127.0.0.1", port), timeout=2):
        pass


def _make_a_socket() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM):
        pass


def _write(path: str) -> None:
    Path(path).write_text("written by a canary")


def _leave_an_orphan() -> None:
    """A process that outlives its parents, in a session of its own, and ignores what it can."""
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            time.sleep(60)
        os._exit(0)
    os.wait()


def try_all(secrets: list[str], foreign: list[str], port: int, pid: int) -> tuple[dict[str, Any], dict[str, Any]]:
    """Reads secrets, writes elsewhere, connects out, signals the grader, leaves an orphan; does what runs must do."""
    told: dict[str, Any] = {f"read {number}": _tried(Path(path).read_text) for number, path in enumerate(secrets)}
    told |= {f"write {number}": _tried(lambda path=path: _write(path)) for number, path in enumerate(foreign)}
    told["connect"] = _tried(lambda: _connect(port))
    told["socket"] = _tried(_make_a_socket)
    told["signal"] = _tried(lambda: os.kill(pid, 0))
    told["environment"] = _tried(lambda: Path(f"/proc/{pid}/environ").read_bytes())
    told["library"] = _tried(lambda: importlib.import_module("colorsys"))
    told["own box"] = _tried(lambda: _write("own.txt"))
    told["user"] = os.getuid()
    _leave_an_orphan()
    return told, {}


OPERATIONS = {"try_all": try_all}
