"""What the decomposition lab's benchmarks measure of ``.tflite`` files, with the grader's own readers."""

from __future__ import annotations

import contextlib
import sys
import tempfile
from dataclasses import dataclass
from math import prod
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from graders.measure.device import micro  # noqa: E402 - the path comes first
from graders.measure.sizes import deflate_size  # noqa: E402
from graders.measure.tflite.cost import cost  # noqa: E402
from graders.measure.tflite.model import Model  # noqa: E402
from graders.measure.tflite.reader import read_model  # noqa: E402
from graders.measure.tflite.weights import weights  # noqa: E402

LARGEST_ARENA = 256 << 20


@dataclass(frozen=True)
class Measures:
    """A file's sizes in bytes, and its MACs: all, and those by weights that are not zero."""

    size: int
    deflated: int
    macs: int
    useful_macs: int


def measure(path: Path) -> Measures:
    """What the file itself says."""
    data = path.read_bytes()
    model = read_model(data, max_bytes=len(data))
    return Measures(len(data), deflate_size(data), cost(model).macs, useful_macs(data, model))


def useful_macs(data: bytes, model: Model) -> int:
    """The MACs by weights that are not zero: each weight of a kernel is used once at every place of the output."""
    total = 0
    for each in weights(data, model):
        (output,) = model.main.tensors_of(each.operator.outputs)
        total += prod(output.shape[:-1]) * int(np.count_nonzero(each.kernel))
    return total


def arena(path: Path) -> int | None:
    """The memory arena in TensorFlow Lite Micro in bytes, which has no sparse kernels; ``None`` if it is not there."""
    if not micro.installed():
        return None
    data = path.read_bytes()
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):  # the runtime's log goes there
        return micro.arena(micro.open_file(data, LARGEST_ARENA, 0)).total


def million(number: float) -> str:
    """A number of operations."""
    return f"{number / 1e6:.2f} M"
