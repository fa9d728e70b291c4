"""A ``.tflite`` file that a run wrote, and its quality on the evaluation images."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from graders.core.errors import RunError, RunErrorKind, bad_file
from graders.core.verdicts import Verdict
from graders.framework.context import LabContext
from graders.measure.evaluation import Evaluation, evaluate
from graders.measure.quantization import LIMITS, Encoding
from graders.measure.tflite import Model
from graders.submission import Artifact


@dataclass(frozen=True)
class FileEvidence:
    """A ``.tflite`` file that a run wrote: the copy, its content, and how its input and output encode numbers.

    ``stranger`` says why the file is not of the given model; it is empty if the file is, or if there is no such model.
    """

    artifact: Artifact
    model: Model
    input: Encoding
    output: Encoding
    stranger: str = ""

    def of_given(self) -> FileEvidence:
        """The file. :raises RunError: if it is not of the given model, so that its form, size and speed say nothing."""
        if self.stranger:
            message = f"this file is not of the given model: {self.stranger}"
            raise RunError(Verdict.LOST, message, kind=RunErrorKind.WRONG_MODEL)
        return self


# Types of numbers that an image, or a score, may have.
NUMERIC = frozenset(
    {"float16", "float32", "float64", "int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64", "bool"}
)
# The smallest scale that TensorFlow Lite writes is that of a range of no width: 2e-6 / 255.
SCALES = (1e-10, 1e6)


def encoding_of(model: Model, side: str) -> Encoding:
    """How the file's one input (``side`` is ``"inputs"``) or output encodes numbers."""
    tensors = list(model.main.tensors_of(getattr(model.main, side)))
    if len(tensors) != 1:
        raise bad_file(f"the file has {len(tensors)} {side}; expected one")
    dtype, quantization = tensors[0].dtype, tensors[0].quantization
    if dtype not in NUMERIC:
        raise bad_file(f"the file's {side} are of type {dtype}, which no model of images has; expected float32 or int8")
    if quantization is None or len(quantization.scales) != 1:
        return Encoding(dtype, 0.0, 0)
    found = Encoding(dtype, quantization.scales[0], quantization.zero_points[0])
    low, high = LIMITS.get(dtype, (-(2**31), 2**31))
    if not low <= found.zero_point <= high:
        raise bad_file(f"the file's {side} have the zero point {found.zero_point}, which {dtype} can't hold")
    if found.scale > 0 and not SCALES[0] <= found.scale <= SCALES[1]:
        raise bad_file(f"the file's {side} have the scale {found.scale:.3g}, which is none of images or scores")
    return found


def evaluated(context: LabContext, path: Path, *, own: bool = False) -> Evaluation:
    """A file's quality on the evaluation images, measured in the scorer without the labels.

    :param own: it is a file of the grader's.
    """
    chosen = context.evaluation
    with context.scorer.measure(path, own=own) as measurement:
        outputs = measurement.infer_frames(chosen.frames, len(chosen.labels), context.profile.normalisation)
    classes = len(context.profile.class_names)
    if outputs.shape[1] != classes:
        message = f"the file outputs {outputs.shape[1]} scores; the data set has {classes} classes"
        raise bad_file(message)
    return evaluate(outputs, np.array(chosen.labels))
