"""The driver of a process that finds out what a file costs on a microcontroller, one operation after the other.

The first operation reads the file; the others run it in TensorFlow Lite Micro, which may crash on a hostile one. By
then, what is known has been answered already.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np

from graders.measure.device import micro
from graders.measure.device.kernels import missing_kernels
from graders.measure.device.results import Agreement, FileCost
from graders.measure.scorer.operations.answers import Answer, Array, Unmeasurable
from graders.measure.scorer.operations.interpreter import open_interpreter, resize, run
from graders.measure.tflite import MalformedModel, Model
from graders.measure.tflite.cost import cost
from graders.measure.tflite.facts import plain
from graders.measure.tflite.reader import read_model

MEBI = 1 << 20
# The arena is larger than any board's, so that what does not fit is measured too: all activations side by side.
LEAST_ARENA, MOST_ARENA = 4 * MEBI, 512 * MEBI
# Reference kernels make some hundred million MACs a second: inputs are tried for about a tenth of that.
INPUTS, MACS_TRIED, MOST_MACS = 4, 12_000_000, 40_000_000
INPUT_TYPES = frozenset({"float32", "int8", "uint8", "int16"})


def read(path: str, max_bytes: int) -> Answer:
    """What the file says."""
    model = _model(path, max_bytes)
    return {"file": plain(FileCost(cost(model), missing_kernels(model)))}, {}


def arena(path: str, max_bytes: int) -> Answer:
    """The arena, or why there is none."""
    try:
        return {"arena": plain(micro.arena(_opened(path, _model(path, max_bytes))))}, {}
    except micro.Refused as error:
        return {"refused": str(error)}, {}


def agreement(path: str, max_bytes: int) -> Answer:
    """How far its outputs are from LiteRT's, or why they were not compared."""
    model = _model(path, max_bytes)
    macs = cost(model).macs
    if macs > MOST_MACS:
        return {"untried": f"an inference of {macs:,} MACs takes its reference kernels too long"}, {}
    try:
        interpreter = _opened(path, model)
        inputs = list(_inputs(Path(path).read_bytes(), interpreter, max(1, min(INPUTS, MACS_TRIED // max(macs, 1)))))
        ours = np.stack([_outputs(interpreter, each) for each in inputs])
        theirs = [_lite_outputs(path, inputs, delegates=delegates) for delegates in (False, True)]
    except (micro.Refused, micro.LoggedError, Unmeasurable) as error:
        return {"untried": " ".join(str(error).split())[:200]}, {}
    if any(each.shape != ours.shape or each.dtype != ours.dtype for each in theirs):
        return {"untried": "the runtimes' outputs have other shapes"}, {}
    found = [_difference(ours, each) for each in theirs]
    unit = "share" if ours.dtype.kind == "f" else "codes"
    return {"agreement": plain(Agreement(len(inputs), unit, found[0], found[1]))}, {}


@lru_cache(maxsize=1)
def _model(path: str, max_bytes: int) -> Model:
    try:
        return read_model(Path(path).read_bytes(), max_bytes=max_bytes)
    except MalformedModel as error:
        raise Unmeasurable(f"no valid .tflite file: {error}") from None


def _opened(path: str, model: Model) -> Any:
    tensors = [each for graph in model.subgraphs for each in graph.tensors]
    activations = sum(8 * each.elements for each in tensors if not each.constant)
    variables = sum(each.code == "VAR_HANDLE" for graph in model.subgraphs for each in graph.operators)
    size = min(max(LEAST_ARENA, 2 * activations + 1024 * len(tensors)), MOST_ARENA)
    return micro.open_file(Path(path).read_bytes(), size, variables)


def _inputs(data: bytes, interpreter: Any, count: int) -> Iterator[Array]:
    """Random inputs that follow from the file's bytes: over all codes of a quantised input, in -1..1 of a float one."""
    details = interpreter.GetInputTensorDetails(0)
    dtype, shape = np.dtype(details["dtype"]), tuple(int(side) for side in details["shape"])
    if dtype.name not in INPUT_TYPES:
        raise Unmeasurable(f"its input is {dtype.name}")
    random = np.random.default_rng(int.from_bytes(sha256(data).digest()[:8], "big"))
    for _ in range(count):
        if dtype.kind == "f":
            yield random.uniform(-1, 1, shape).astype(dtype)
        else:
            limits = np.iinfo(dtype)
            yield random.integers(limits.min, limits.max, shape, dtype, endpoint=True)


def _outputs(interpreter: Any, values: Array) -> Array:
    def inferred() -> Array:
        interpreter.SetInputTensor(values, 0)
        interpreter.Invoke()
        return np.array(interpreter.GetOutputTensor(0)).ravel()

    return micro.with_log(inferred)[0]


def _lite_outputs(path: str, inputs: list[Array], *, delegates: bool) -> Array:
    interpreter = open_interpreter(path, delegates=delegates)
    details = interpreter.get_input_details()[0]
    if not resize(interpreter, int(inputs[0].shape[0]) if inputs[0].ndim else 1):
        raise Unmeasurable("the file's tensors can't be allocated")
    if np.dtype(details["dtype"]) != inputs[0].dtype:
        raise Unmeasurable("LiteRT takes another type of input")
    return np.stack([np.array(run(interpreter, each)).ravel() for each in inputs])


def _difference(ours: Array, theirs: Array) -> float:
    """The largest difference: in codes, or as a share of the largest value. What is no number differs by all."""
    one, two = ours.astype(np.float64), theirs.astype(np.float64)
    same = (one == two) | (np.isnan(one) & np.isnan(two))
    if same.all():
        return 0.0
    if not np.isfinite(one[~same]).all() or not np.isfinite(two[~same]).all():
        return 1e9
    top = float(np.abs(two[np.isfinite(two)]).max(initial=0.0)) if ours.dtype.kind == "f" else 1.0
    worst = float(np.abs(one[~same] - two[~same]).max()) / (top or 1.0)
    return min(float(f"{worst:.3g}"), 1e9)


OPERATIONS = {"read": read, "arena": arena, "agreement": agreement}
