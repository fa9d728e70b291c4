"""Files that the reference's code made from the given model: shipped for the embedded profile, else made on demand."""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from graders.core.errors import GraderError, RunError
from graders.framework.context import LabContext
from graders.framework.model_stats import ModelStats
from graders.framework.model_tester.files import evaluated
from graders.measure.evaluation import Evaluation
from graders.measure.sizes import deflate_size
from graders.measure.tflite import Model

FP32 = "fp32.tflite"


@dataclass(frozen=True)
class ReferenceModel:
    """The given model as the reference converts it to float32: what every lab compares with."""

    path: Path
    model: Model

    @property
    def parameters(self) -> int:
        """Its constant weights, batch normalisation folded in."""
        return sum(each.elements for each in self.model.main.tensors if each.constant and each.dtype == "float32")


def make(context: LabContext, target: Path, class_name: str, arguments: Mapping[str, Any]) -> Path:
    """Has a class of the reference make a file from the given model, in a separate run.

    :raises GraderError: if it fails.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    attempt = next(
        number for number in itertools.count(1) if not context.workdir(f"baseline-{target.stem}-{number}").exists()
    )
    run = f"baseline-{target.stem}-{attempt}"
    session = context.open(run, code=context.lab.reference)
    try:
        session.call(
            "start",
            {
                "module": context.lab.student_module,
                "class_name": class_name,
                "dataset_root": str(context.profile.dataset_root),
                "model_path": str(context.workdir(run) / target.name),
                "original_model": str(context.given_model.path),
                "arguments": dict(arguments),
            },
        )
    except RunError as error:
        raise GraderError(f"the reference can't make {target.name} for this model: {error.message}") from None
    finally:
        session.end()
    shutil.copyfile(context.acquire(run, target.name).path, target)
    return target


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
        path = context.profile.baseline / FP32
    else:
        path = make(context, context.shared_cache.folder / FP32, "FP32Model", {})
    with context.scorer.measure(path) as measurement:
        return ReferenceModel(path, measurement.read(context.lab.artifact_bytes))


def shipped_or_made(context: LabContext, name: str, class_name: str, arguments: Mapping[str, Any]) -> Path:
    """A file of the reference's: shipped with the embedded profile, else made once by the reference's class."""
    shipped = context.profile.baseline
    if shipped is not None and (shipped / name).is_file():
        return shipped / name
    target = context.shared_cache.folder / name
    return context.once(f"file {name}", lambda: make(context, target, class_name, arguments))


def original_evaluation(context: LabContext) -> Evaluation:
    """The given model's own quality on the evaluation images, from its FP32 file."""
    return context.shared("original evaluation", lambda: evaluated(context, reference_model(context).path))
