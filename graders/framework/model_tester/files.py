"""A ``.tflite`` file that a run wrote, and its quality on the evaluation images."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from graders.core.errors import bad_file
from graders.framework.context import LabContext
from graders.measure.evaluation import Evaluation, evaluate
from graders.measure.quantization import Encoding
from graders.measure.tflite import Model
from graders.submission import Artifact


@dataclass(frozen=True)
class FileEvidence:
    """A ``.tflite`` file that a run wrote: the copy, its content, and how its input and output encode numbers."""

    artifact: Artifact
    model: Model
    input: Encoding
    output: Encoding


def encoding_of(model: Model, side: str) -> Encoding:
    """How the file's one input (``side`` is ``"inputs"``) or output encodes numbers."""
    tensors = list(model.main.tensors_of(getattr(model.main, side)))
    if len(tensors) != 1:
        raise bad_file(f"the file has {len(tensors)} {side}; expected one")
    quantization = tensors[0].quantization
    if quantization is None or len(quantization.scales) != 1:
        return Encoding(tensors[0].dtype, 0.0, 0)
    return Encoding(tensors[0].dtype, quantization.scales[0], quantization.zero_points[0])


def evaluated(context: LabContext, path: Path) -> Evaluation:
    """A file's quality on the evaluation images, measured in the scorer without the labels."""
    chosen = context.evaluation
    with context.scorer.measure(path) as measurement:
        outputs = measurement.infer_frames(chosen.frames, len(chosen.labels), context.profile.normalisation)
    classes = len(context.profile.class_names)
    if outputs.shape[1] != classes:
        message = f"the file outputs {outputs.shape[1]} scores; the data set has {classes} classes"
        raise bad_file(message)
    return evaluate(outputs, np.array(chosen.labels))
