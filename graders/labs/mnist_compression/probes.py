"""The student's functions, called with new names, weights and digits, and a file of this grading's own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graders.core.errors import RunError
from graders.core.result import Result, measured
from graders.core.verdicts import Verdict
from graders.framework.context import LabContext
from graders.labs.mnist_compression.network import CLASSES, SHAPES, Layers, layers_of
from graders.measure.digits import Digits, draw
from graders.sandbox import Session

MODEL = Path(__file__).resolve().parents[3] / "fixtures" / "models" / "mnist" / "baseline.npz"
CONVERTED = MODEL.with_name("network.tflite")
CONVERT, EVALUATE, ARCHIVE = FUNCTIONS = ("convert_tflite", "evaluate_tflite_model", "get_gzipped_model_size")
TRIED = 200
# Bytes of the file to archive: random ones, followed by up to so many zeros.
ARCHIVED = (6_000, 30_000)
# How far the new model's weights are from the stored ones, as a share of their spread.
NOISE = 0.05
WRONG = (0.1, 0.4)
Facts = dict[str, Any]


@dataclass(frozen=True, eq=False)
class Tried:
    """What was passed to the functions, and what the run reported for each.

    ``names``: of the files that convert_tflite was to write, plain and quantised. ``weights``: of the model that it was
    given. ``own``: our own file, which evaluate_tflite_model was given: no model in the run's process has its weights.
    """

    names: tuple[str, str]
    weights: Layers
    own: Path
    digits: Digits
    content: NDArray[np.uint8]
    made: Result[Facts]
    converted: Result[Facts]
    quantised: Result[Facts]
    evaluated: Result[Facts]
    archived: Result[Facts]


def try_functions(context: LabContext, session: Session) -> Tried:
    """Calls each function once, in the run in which the notebook was executed."""
    random = np.random.Generator(np.random.PCG64([context.seed, 5]))
    own, plain, small = (f"{word}-{random.integers(16**6):06x}.tflite" for word in ("own", "fresh", "small"))
    weights = fresh_weights(random)
    drawn = draw(context.lab.data_paths[0], TRIED, int(random.integers(2**31)), ("x_test", "y_test"))
    file, digits = own_file(random, drawn)
    (context.work / "own").mkdir(exist_ok=True)
    (context.work / "own" / own).write_bytes(file)
    content = np.zeros(random.integers(*ARCHIVED) + random.integers(*ARCHIVED), np.uint8)
    content[: ARCHIVED[0]] = random.integers(0, 256, ARCHIVED[0])
    arrays = {f"w{place}": _as_keras(weights.arrays[name]) for place, name in enumerate(SHAPES)}
    shown: dict[str, NDArray[Any]] = {"images": digits.pixels, "labels": digits.labels}
    shown["content"] = np.frombuffer(file, np.uint8)
    return Tried(
        names=(plain, small),
        weights=weights,
        own=context.work / "own" / own,
        digits=digits,
        content=content,
        made=_called(lambda: session.call("fresh", {}, arrays).facts),
        converted=_called(lambda: session.call("convert", {"name": plain, "quantize": False}).facts),
        quantised=_called(lambda: session.call("convert", {"name": small, "quantize": True}).facts),
        evaluated=_called(lambda: session.call("evaluate", {"name": own}, shown).facts),
        archived=_called(lambda: session.call("gzipped", {"name": f"{own}.bin"}, {"content": content}).facts),
    )


def fresh_weights(random: np.random.Generator) -> Layers:
    """Weights of a trained network that nobody else has: stored ones with some noise."""
    arrays = {}
    for name, values in _stored().arrays.items():
        noise = random.standard_normal(values.shape) * NOISE * float(values.std())
        arrays[name] = (values + noise).astype(np.float32)
    return Layers(arrays)


def own_file(random: np.random.Generator, digits: Digits) -> tuple[bytes, Digits]:
    """A float32 file of a network that maps digits to other classes, and digits with these labels, some of them wrong.

    It is made here and not in the run: what the run knows of its weights is the file.
    """
    called = random.permutation(CLASSES)
    content = CONVERTED.read_bytes()
    stored, weights = _stored(), fresh_weights(random)
    for name, values in weights.arrays.items():
        before, now = stored.arrays[name], values[np.argsort(called)] if "dense" in name else values
        assert content.count(before.tobytes()) == 1
        content = content.replace(before.tobytes(), now.tobytes())
    return content, _mislabelled(Digits(digits.pixels, called[digits.labels]), random)


def _stored() -> Layers:
    with np.load(MODEL, allow_pickle=False) as stored:
        layers = layers_of(stored[name] for name in stored.files)
    assert isinstance(layers, Layers)
    return layers


def _mislabelled(digits: Digits, random: np.random.Generator) -> Digits:
    """Some labels made wrong, so that no accuracy can be predicted."""
    wrong = random.random(len(digits.labels)) < random.uniform(*WRONG)
    others = (digits.labels + random.integers(1, 10, len(digits.labels))) % 10
    return Digits(digits.pixels, np.where(wrong, others, digits.labels))


def _as_keras(values: NDArray[np.float32]) -> NDArray[np.float32]:
    if values.ndim == 1:
        return values
    return np.ascontiguousarray(np.transpose(values, (1, 2, 3, 0) if values.ndim == 4 else (1, 0)))


def _called(call: Callable[[], Facts]) -> Result[Facts]:
    """What a call returned; a function that is not written yet is missing, not wrong."""

    def with_verdict() -> Facts:
        try:
            return call()
        except RunError as error:
            if error.exception not in ("MissingFunction", "NotImplementedError"):
                raise
            message = error.message.split(": ", 1)[-1]
            prefix = "not written yet: " if error.exception == "NotImplementedError" else ""
            raise error.restated(prefix + message, Verdict.MISSING) from None

    return measured(with_verdict)
