"""The ``.tflite`` files among a lab's evidence, found in it, so that a new lab need not name them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass

from graders.core.result import Result
from graders.measure.evaluation import Evaluation
from graders.measure.tflite import IDENTIFIER, Model
from graders.submission import Artifact

NAMES = ("evaluation", "quality")


@dataclass(frozen=True)
class ModelFile:
    """A file that a run wrote. ``accuracy``: a share of 1, None if the evidence has none of this file."""

    run: str
    name: str
    artifact: Artifact
    accuracy: float | None


def find_model_files(run: str, evidence: object) -> tuple[ModelFile, ...]:
    """The files in a run's evidence. One alone is named after the run, several by their own names.

    The accuracy of a file is that of the :class:`Evaluation` beside it that is called ``evaluation`` or ``quality``, or
    a number that is called ``accuracy``.
    """
    found = {artifact.path: (artifact, accuracy) for artifact, accuracy in _search(evidence, None)}
    return tuple(
        ModelFile(run, run if len(found) == 1 else path.name, artifact, accuracy)
        for path, (artifact, accuracy) in found.items()
    )


def _search(node: object, accuracy: float | None) -> Iterator[tuple[Artifact, float | None]]:
    if isinstance(node, Artifact):
        if _is_model(node):
            yield node, accuracy
    elif isinstance(node, Result):
        yield from _search(node.value, accuracy)
    elif isinstance(node, Mapping):
        for value in node.values():
            yield from _search(value, accuracy)
    elif isinstance(node, list | tuple):
        for value in node:
            yield from _search(value, accuracy)
    elif is_dataclass(node) and not isinstance(node, type | Model | Evaluation):
        values = {field.name: getattr(node, field.name) for field in fields(node)}
        own = _accuracy(values)
        for value in values.values():
            yield from _search(value, accuracy if own is None else own)


def _accuracy(values: Mapping[str, object]) -> float | None:
    for name in NAMES:
        value = values.get(name)
        measured = value.value if isinstance(value, Result) else value
        if isinstance(measured, Evaluation):
            return measured.accuracy
    number = values.get("accuracy")
    return float(number) if isinstance(number, float) and 0 <= number <= 1 else None


def _is_model(artifact: Artifact) -> bool:
    """Whether it begins as a ``.tflite`` file; a copy that is gone is none."""
    try:
        with artifact.path.open("rb") as file:
            return file.read(8)[4:] == IDENTIFIER
    except OSError:
        return False
