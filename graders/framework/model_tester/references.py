"""Files that the reference's code made from the given model: shipped for the embedded profile, else made on demand."""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from graders.core.errors import GraderError, ReferenceFailed, RunError
from graders.framework.context import LabContext
from graders.framework.model_stats import ModelStats
from graders.framework.model_tester.files import evaluated
from graders.measure.evaluation import Evaluation
from graders.measure.sizes import deflate_size
from graders.measure.tflite import Model
from graders.sandbox import Limits

FP32 = "fp32.tflite"
REFERENCE_TIMES, STUDENT_TIMES = 20, 4
"""On a real profile, how many times the usual limits the reference may take, and others what the reference took."""


@dataclass(frozen=True)
class Cost:
    """The seconds that a run of the reference's took."""

    wall_s: float
    cpu_s: float

    def limits(self, usual: Limits, times: float = 1.0) -> Limits:
        """Time for a run that does ``times`` as much, on a machine that may be busier by then; at least ``usual``."""
        times *= STUDENT_TIMES
        return usual.at_least(self.wall_s * times, self.cpu_s * times)


@dataclass(frozen=True)
class ReferenceFile:
    """A file of the reference's, and what making it took: None if it is of the embedded profile, whose limits fit."""

    path: Path
    cost: Cost | None = None

    def limits(self, usual: Limits, times: float = 1.0) -> Limits:
        """Time for a run that does ``times`` as much as the one that made this file."""
        return usual if self.cost is None else self.cost.limits(usual, times)


@dataclass(frozen=True)
class ReferenceModel:
    """The given model as the reference converts it to float32: what every lab compares with."""

    file: ReferenceFile
    model: Model

    @property
    def path(self) -> Path:
        """Where the file is."""
        return self.file.path

    @property
    def parameters(self) -> int:
        """Its constant weights, batch normalisation folded in."""
        return sum(each.elements for each in self.model.main.tensors if each.constant and each.dtype == "float32")


def make(
    context: LabContext, target: Path, class_name: str, arguments: Mapping[str, Any], *, unfrozen: bool = False
) -> ReferenceFile:
    """Has a class of the reference make a file from the given model, in a separate run.

    :param unfrozen: every layer of the model is made trainable before.
    :raises ReferenceFailed: if it fails on a real profile's model.
    :raises GraderError: if it fails on the embedded profile's.
    """
    real = context.profile.real
    model = context.unfrozen_model if unfrozen else context.given_model.path
    target.parent.mkdir(parents=True, exist_ok=True)
    attempt = next(
        number for number in itertools.count(1) if not context.workdir(f"baseline-{target.stem}-{number}").exists()
    )
    run = f"baseline-{target.stem}-{attempt}"
    usual = context.lab.limits
    limits = usual.at_least(REFERENCE_TIMES * usual.wall_s, REFERENCE_TIMES * usual.cpu_s) if real else usual
    session = context.open(run, code=context.lab.reference, limits=limits, readable=(model,))
    try:
        session.call(
            "start",
            {
                "module": context.lab.student_module,
                "class_name": class_name,
                "dataset_root": str(context.profile.dataset_root),
                "model_path": str(context.workdir(run) / target.name),
                "original_model": str(model),
                "arguments": dict(arguments),
            },
        )
    except RunError as error:
        fault = ReferenceFailed if real else GraderError
        raise fault(f"the reference can't make {target.name} for this model: {error.message}") from None
    finally:
        record = session.end()
    shutil.copyfile(context.acquire(run, target.name).path, target)
    return ReferenceFile(target, Cost(record.wall_s, record.cpu_s) if real else None)


def model_stats(context: LabContext) -> ModelStats:
    """The size and the weights of the given model's FP32 file, cached between gradings."""

    def measure() -> ModelStats:
        found = reference_model(context)
        data = found.path.read_bytes()
        return ModelStats(len(data), deflate_size(data), found.parameters)

    return context.cache.once("known", measure)


def reference_model(context: LabContext) -> ReferenceModel:
    """The FP32 file of the given model."""
    return context.shared("original", lambda: _original(context))


def _original(context: LabContext) -> ReferenceModel:
    # The file that a profile ships is of the model in its usual order of channels.
    if context.profile.baseline is not None and not context.given_model.own:
        file = ReferenceFile(context.profile.baseline / FP32)
    else:
        file = make(context, context.shared_cache.folder / FP32, "FP32Model", {})
    with context.scorer.measure(file.path, own=True) as measurement:
        return ReferenceModel(file, measurement.read(context.lab.artifact_bytes))


def shipped_or_made(
    context: LabContext, name: str, class_name: str, arguments: Mapping[str, Any], *, unfrozen: bool = False
) -> ReferenceFile:
    """A file of the reference's: shipped with the embedded profile, else made once by the reference's class.

    :param unfrozen: as for :func:`make`.
    """
    shipped = context.profile.baseline
    if shipped is not None and (shipped / name).is_file():
        return ReferenceFile(shipped / name)
    called = f"unfrozen/{name}" if unfrozen else name
    target = context.shared_cache.folder / called

    def made() -> ReferenceFile:
        return make(context, target, class_name, arguments, unfrozen=unfrozen)

    # Making files of a large network takes longer than grading does, so they are stored for the next grading.
    return context.once(f"file {called}", lambda: context.lasting_cache.once(f"reference file {called}", made))


def given_scores(context: LabContext, count: int) -> NDArray[Any]:
    """The given model's scores for the first evaluation images, (count, classes), from its FP32 file."""

    def measure() -> NDArray[Any]:
        with context.scorer.measure(reference_model(context).path, own=True) as measurement:
            return measurement.infer_frames(context.evaluation.frames, count, context.profile.normalisation)

    return context.shared(f"given scores {count}", measure)


def original_evaluation(context: LabContext) -> Evaluation:
    """The given model's own quality on the evaluation images, from its FP32 file.

    :raises ReferenceFailed: if the model of a real profile does not fit its data set.
    """

    def measure() -> Evaluation:
        try:
            return evaluated(context, reference_model(context).path, own=True)
        except RunError as error:
            fault = ReferenceFailed if context.profile.real else GraderError
            raise fault(f"the given model does not fit the data set: {error.message}") from None

    return context.shared("original evaluation", measure)
