"""Gradings that take no TensorFlow: a worker imports this module and calls one of them."""

from __future__ import annotations

import json
import os
import signal
import tempfile
import time
import zlib
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

from graders.cohort.engine.bench import Workbench
from graders.cohort.engine.parcel import deliver
from graders.cohort.engine.task import GradingOutcome, GradingTask
from graders.core.errors import OptgradeError
from graders.scoring import Scorecard

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
    """What a submission's own file asks for; else its scorecard at once.

    ``hold``: not before the gate is open. ``sleep 0.5``: after so many seconds. ``die once``: with its worker, the first
    time. ``end``: as if its process had died. ``fail``: with a fault.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = deliver(task.parcel, Path(folder))
        file = path / "labs" / "work.py" if path.is_dir() else None
        word = file.read_text(encoding="utf-8").strip() if file and file.is_file() else ""
        name = path.name if path.is_dir() else path.stem
    _note(name)
    while word == "hold" and not _gate().exists():
        time.sleep(0.02)
    if word.startswith("sleep "):
        time.sleep(float(word.removeprefix("sleep ")))
    if word == "die once" and _count(name) == 1:
        os.kill(os.getpid(), signal.SIGKILL)
    if word == "end":
        return GradingOutcome(fault="the process that graded it ended (exit code -9)", died=True)
    if word == "fail":
        raise OptgradeError("no scorecard was written: the disk is full")
    files = {"scorecard.json": scorecard(name), "report.html": f"<!DOCTYPE html><title>{name}</title>".encode()}
    if task.options.secret is not None:
        files["marks.toml"] = b""
    return GradingOutcome(files={each: zlib.compress(content, 1) for each, content in files.items()})


def _gate() -> Path:
    return gate_of(Path(os.environ[BOOK]))


def gate_of(book: Path) -> Path:
    """The file that lets everything go on that holds."""
    return book.with_name("gate")


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


ANSWER = "l03.question.1"
ANSWER_POINTS = Decimal(1)


def answered(task: GradingTask, bench: Workbench) -> GradingOutcome:
    """The reference's scorecard of one lab, with the word behind ``answer`` in its file as the answer to its only question."""
    with tempfile.TemporaryDirectory() as folder:
        path = deliver(task.parcel, Path(folder))
        word = (path / "labs" / "work.py").read_text(encoding="utf-8").strip().removeprefix("answer").strip()
    card = {**_answerable(), "submission": task.parcel.name}
    (lab,) = card["labs"]
    evidence = {"question 1": {"question": "Which is best?", "place": f"summaries/{task.parcel.name}.md", "passage": word}}
    criteria = [each | {"evidence": evidence} if each["id"] == ANSWER else each for each in lab["criteria"]]
    text = json.dumps({**card, "labs": [{**lab, "criteria": criteria}]})
    files = {"scorecard.json": text.encode(), "report.html": b"<!DOCTYPE html>", "marks.toml": b"unused"}
    return GradingOutcome(files={each: zlib.compress(content, 1) for each, content in files.items()})


def answered_points() -> Decimal:
    """What everybody has without the question."""
    return Decimal(str(_answerable()["points"]["earned"]))


def answer_of(card: Scorecard) -> str:
    """The word that was answered."""
    (score,) = [each for each in card.scores if each.id == ANSWER]
    return str(score.evidence["question 1"]["passage"])


@cache
def _answerable() -> dict[str, Any]:
    """The scorecard of one lab, of its questions only one, and without charts."""
    lab = next(each for each in _document()["labs"] if each["lab"] == "l03_pruning_clustering")
    criteria = [each for each in lab["criteria"] if each["marked_by"] != "person" or each["id"] == ANSWER]
    pending = float(ANSWER_POINTS)
    points = {**lab["points"], "pending": pending, "maximum": lab["points"]["automatic"] + pending}
    return {**_document(), "points": points, "labs": [{**lab, "points": points, "criteria": criteria, "figures": []}]}
