"""What a file costs on a microcontroller, seen from the grader: one sandboxed process for each file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

from graders.core.errors import OptgradeError
from graders.measure.device import micro
from graders.measure.device.results import Agreement, Arena, DeviceCost, FileCost
from graders.measure.scorer.client import Scorer
from graders.measure.scorer.measurement import Measurement
from graders.measure.tflite.facts import typed
from graders.submission import Artifact

T = TypeVar("T")
DRIVER = Path(__file__).with_name("worker.py")
# A file of a lab's takes a tenth of a second, a few seconds on a machine with twenty processes for each core.
PATIENCE_S = 15.0
MOST_TEXT = 200
NAME = "TensorFlow Lite Micro"
NOT_INSTALLED = f"{NAME} is not installed"


def measure(scorer: Scorer, artifact: Artifact) -> DeviceCost:
    """The cost of a file. Whatever goes wrong is a reason in it: nobody's points depend on this."""
    try:
        with scorer.measure(artifact.path, DRIVER) as measurement:
            return _measured(measurement, artifact)
    except (OptgradeError, ValueError, KeyError) as error:
        return unknown(artifact, " ".join(str(error).split())[:MOST_TEXT])


def unknown(artifact: Artifact, reason: str) -> DeviceCost:
    """The cost of a file that could not be measured."""
    return DeviceCost(artifact.size, None, None, reason, None, reason, conclusive=False)


def _measured(measurement: Measurement, artifact: Artifact) -> DeviceCost:
    parameters: dict[str, Any] = {"path": str(measurement.path), "max_bytes": artifact.size}
    facts = measurement.call("read", timeout_s=PATIENCE_S, **parameters).facts
    file = typed(FileCost, facts["file"], "file")
    if file.missing_kernels:
        lacking = f"{NAME} has no kernel for {', '.join(file.missing_kernels)}"
        return DeviceCost(artifact.size, file, None, lacking, None, lacking, refused=True)
    if not micro.installed():
        return DeviceCost(artifact.size, file, None, NOT_INSTALLED, None, NOT_INSTALLED)
    tried = _try(measurement, "arena", "refused", Arena, parameters)
    if tried.value is None:
        return DeviceCost(artifact.size, file, None, tried.reason, None, tried.reason, tried.answered, tried.answered)
    compared = _try(measurement, "agreement", "untried", Agreement, parameters)
    return DeviceCost(
        artifact.size, file, tried.value, "", compared.value, compared.reason, conclusive=compared.answered
    )


@dataclass(frozen=True)
class _Tried(Generic[T]):
    """What an operation of the runtime's gave, or why it gave nothing; ``answered``: it said so itself."""

    value: T | None
    reason: str
    answered: bool


def _try(
    measurement: Measurement, operation: str, otherwise: str, kind: type[T], parameters: dict[str, Any]
) -> _Tried[T]:
    try:
        facts = measurement.call(operation, timeout_s=PATIENCE_S, **parameters).facts
        if operation in facts:
            return _Tried(typed(kind, facts[operation], operation), "", answered=True)
        return _Tried(None, f"{NAME}: {str(facts[otherwise])[:MOST_TEXT]}", answered=True)
    except OptgradeError as error:
        return _Tried(None, f"{NAME} failed on this file: {str(error)[:MOST_TEXT]}", answered=False)
    except (KeyError, ValueError):
        return _Tried(None, f"{NAME} gave an answer that can't be used", answered=False)
