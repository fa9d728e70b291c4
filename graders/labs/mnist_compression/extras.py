"""What a notebook wrote beyond the required files: float16 weights, and the student's own networks."""

from __future__ import annotations

import os
from collections.abc import Collection

import numpy as np

from graders.core.result import measured
from graders.framework.context import LabContext
from graders.framework.model_tester.files import FileEvidence, encoding_of
from graders.labs.mnist_compression.evidence import ExtraFile
from graders.labs.mnist_compression.files import LITE, LITE_ENDINGS, Workdir, lite_input, written_files
from graders.labs.mnist_compression.network import layers_of
from graders.measure.digits import Digits
from graders.measure.evaluation import evaluate

MOST_FILES = 8
LEAST_WEIGHTS = 64
"""Kernels smaller than this say nothing of pruning."""


def extra_files(context: LabContext, workdir: Workdir, known: Collection[str], digits: Digits) -> tuple[ExtraFile, ...]:
    """The ``.tflite`` files that a run wrote beside the ``known`` ones; what can't be read is passed over.

    :param known: paths from the working directory.
    """
    passed_over = {os.path.normpath(name) for name in known}
    names = [name for name in written_files(context.workdir(workdir.run), LITE_ENDINGS) if name not in passed_over]
    found = (measured(lambda name=name: _extra(context, workdir, name, digits)).value for name in names[:MOST_FILES])  # type: ignore[misc]
    return tuple(extra for extra in found if extra is not None)


def _extra(context: LabContext, workdir: Workdir, name: str, digits: Digits) -> ExtraFile:
    """The file's content. :raises RunError: if it is not a ``.tflite`` file that takes digits."""
    artifact = workdir.take_path(name, LITE)
    with context.scorer.measure(artifact.path) as measurement:
        model = measurement.read(context.lab.artifact_bytes)
        stored = measurement.tensors()
        file = FileEvidence(artifact, model, encoding_of(model, "inputs"), encoding_of(model, "outputs"))
        accuracies = []
        for scale in (1 / 255, 1.0):
            outputs = measurement.infer_tensors(lite_input(file, digits, scale))
            accuracies.append(evaluate(outputs, digits.labels).accuracy if outputs.shape[1] == 10 else 0.0)
    layers = layers_of(each.values for each in stored)
    kernels = [each for each in stored if each.values.ndim > 1]
    large = [each for each in kernels if each.values.size >= LEAST_WEIGHTS]
    return ExtraFile(
        name=name,
        file=file,
        layers=None if isinstance(layers, str) else layers,
        network=tuple(sorted(each.values.size for each in kernels)),
        kernels=frozenset(each.dtype for each in large),
        largest=max(large, key=lambda each: each.values.size).dtype if large else "",
        zeros=min((float(np.mean(each.values == 0)) for each in large), default=0.0),
        accuracy=max(accuracies),
    )


__all__ = ["extra_files"]
