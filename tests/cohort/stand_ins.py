"""Gradings that take no TensorFlow: a worker imports this module and calls one of them."""

from __future__ import annotations

import json
import os
import signal
import tempfile
import time
import zlib
from functools import cache
from pathlib import Path
from typing import Any

from graders.cohort.engine.bench import Workbench
from graders.cohort.engine.parcel import deliver
from graders.cohort.engine.task import GradingOutcome, GradingTask
from graders.core.errors import OptgradeError

GRADED = Path(__file__).parents[1] / "data" / "gradings" / "reference.json"
BOOK = "GRADED_IN"


@cache
def _document() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(GRADED.read_text(encoding="utf-8"))
    return found


def scorecard(name: str) -> bytes:
    """A real scorecard under another name."""
    return json.dumps({**_document(), "submission": name}).encode()


def graded(task: GradingTask, bench: Workbench) -> GradingOutcome:
    """What a submission's own file asks for: ``sleep 2``, ``die``, ``die once``, ``fail``; else its scorecard at once."""
    with tempfile.TemporaryDirectory() as folder:
        path = deliver(task.parcel, Path(folder))
        file = path / "labs" / "work.py" if path.is_dir() else None
        word = file.read_text(encoding="utf-8").strip() if file and file.is_file() else ""
        name = path.name if path.is_dir() else path.stem
    _note(name)
    if word.startswith("sleep "):
        time.sleep(float(word.split()[1]))
    if word == "die" or (word == "die once" and _count(name) == 1):
        os.kill(os.getpid(), signal.SIGKILL)
    if word == "fail":
        raise OptgradeError("no scorecard was written: the disk is full")
    files = {"scorecard.json": scorecard(name), "report.html": f"<!DOCTYPE html><title>{name}</title>".encode()}
    if task.options.secret is not None:
        files["marks.toml"] = b""
    return GradingOutcome(files={each: zlib.compress(content, 1) for each, content in files.items()})


def _note(name: str) -> None:
    """Writes down that a grading began, where tests look."""
    book = os.environ.get(BOOK)
    if book:
        with open(book, "a", encoding="utf-8") as file:
            file.write(f"{name}\n")


def _count(name: str) -> int:
    return Path(os.environ[BOOK]).read_text(encoding="utf-8").splitlines().count(name)


def change_processor(feature: str | None) -> None:
    """On a worker: has it believe that its processor is another one."""
    from graders.cohort.engine import fingerprint

    real = getattr(fingerprint, "_real_instructions", fingerprint._instructions)
    fingerprint._real_instructions = real  # type: ignore[attr-defined]
    fingerprint._instructions = real if feature is None else lambda: iter([feature])  # type: ignore[assignment]
