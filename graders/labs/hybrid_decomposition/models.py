"""A whole network, compressed by all functions of the student's, and measured on digits that no run has seen."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graders.core.errors import RunError
from graders.core.paths import REPOSITORY
from graders.core.result import Result, attempt, failure, measured
from graders.core.verdicts import Verdict
from graders.framework.context import LabContext
from graders.framework.repairer import Repairer
from graders.framework.runner import RunLog, as_missing
from graders.labs.hybrid_decomposition.evidence import CompressedFile, Factors, ModelEvidence, Original
from graders.labs.hybrid_decomposition.measuring import factors_of
from graders.measure.digits import Digits, draw
from graders.measure.sizes import deflate_size
from graders.sandbox import Reply
from graders.submission import accept_artifact

FOLDER = REPOSITORY / "fixtures" / "models" / "digits_resnet"
MODEL, ORIGINAL = FOLDER / "digits_resnet.h5", FOLDER / "digits_resnet.tflite"
DIGITS = REPOSITORY / "fixtures" / "datasets" / "mnist"
PUBLIC, HELD_BACK = DIGITS / "public.npz", DIGITS / "held_back.npz"
SCORES = "model_weights/logits/logits"
CLASSES, MOST_LAYERS = 10, 64
FILE = "compressed.tflite"


def run_model(context: LabContext, log: RunLog, *, by_loss: bool) -> ModelEvidence:
    """The model, by loss or by budget."""
    folder = context.made_data / log.name
    order = context.drawn("order of classes").sample(range(CLASSES), CLASSES)
    folder.mkdir(parents=True)
    model, images = folder / "digits.h5", folder / "digits.npz"
    _renumbered(model, order)
    if by_loss:
        _public(
            images, order, context.lab.settings["choosing_images"], context.drawn("images of runs").randrange(2**32)
        )
    settings = {
        "structure": {"name": "unstructured", "block": None},
        "compression_type": "hybrid",
        "max_acc_loss": context.lab.settings["max_acc_loss"],
        "compression_factor": None if by_loss else context.lab.settings["compression_factor"],
    }
    chosen, built = _driven(context, log, model, images if by_loss else None, settings)
    judging = context.once(
        "judging digits", lambda: draw(HELD_BACK, context.lab.settings["judging_images"], context.seed)
    )
    return ModelEvidence(
        by_loss=by_loss,
        images=len(judging.labels),
        original=context.once("the original", partial(_original, context, judging)),
        layers=measured(lambda: _layers(chosen.get())),
        file=measured(lambda: _file(context, log.name, built, judging, order)),
    )


def _driven(
    context: LabContext, log: RunLog, model: Path, images: Path | None, settings: Mapping[str, Any]
) -> tuple[Result[Reply], Result[Reply]]:
    """What the run answered when it had chosen, and when it had written the file."""
    module = context.lab.student_module
    choosing = {"module": module, "model": str(model), "images": str(images or ""), "settings": dict(settings)}
    # An exhaustive search takes several times as long as bisection.
    limits = context.lab.limits.at_least(context.lab.settings["search_s"], 2 * context.lab.settings["search_s"])
    repairer = Repairer(context, log, limits=limits)
    while True:
        session = context.open(log.name, edits=repairer.edits, limits=limits)
        built: Result[Reply]
        try:
            chosen = attempt(partial(session.call, "choose", choosing))
            built = chosen
            if chosen.error is None:
                built = attempt(partial(session.call, "build", {"module": module, "file": FILE}))
        finally:
            log.records.append(session.end())
        error = built.error
        if not isinstance(error, RunError) or not repairer.accept(error):
            break
    if isinstance(error, RunError):
        missing = as_missing(error)
        if chosen.error is not None:
            raise missing
        built = failure(missing)
    return chosen, built


def _renumbered(path: Path, order: list[int]) -> None:
    """The given model with its classes in another order, so that no file that was made before fits it."""
    import h5py  # type: ignore[import-untyped]

    shutil.copyfile(MODEL, path)
    with h5py.File(path, "r+") as file:
        for name in ("kernel:0", "bias:0"):
            values = file[f"{SCORES}/{name}"]
            values[...] = np.asarray(values[()])[..., order]


def _public(path: Path, order: list[int], count: int, seed: int) -> None:
    """Digits that the run may choose and stop with, as many of each class."""
    with np.load(PUBLIC, allow_pickle=False) as stored:
        images, labels = stored["x_test"], stored["y_test"]
    chosen = np.random.Generator(np.random.PCG64(seed)).permutation(len(images))[:count]
    numbers = np.argsort(order)
    np.savez(path, x=images[chosen], y=numbers[labels[chosen].astype(np.int64)])


def _layers(reply: Reply) -> Mapping[str, Factors | None]:
    """The factors of each layer. :raises RunError: the answer has another form."""
    listed = reply.facts.get("layers")
    if not isinstance(listed, list) or len(listed) > MOST_LAYERS:
        raise RunError(Verdict.TAMPERED, "the layers that came out of the run are not in the form that was expected")
    return {str(each.get("layer"))[:100]: factors_of(each.get("factors")) for each in listed if isinstance(each, dict)}


def _file(context: LabContext, run: str, built: Result[Reply], judging: Digits, order: list[int]) -> CompressedFile:
    built.get()
    target = context.work / "artifacts" / run / FILE
    artifact = accept_artifact(context.workdir(run) / FILE, target, context.lab.artifact_bytes)
    with context.scorer.measure(artifact.path) as measurement:
        parameters = measurement.nonzero_weights()
        scores = measurement.infer_tensors(_inputs(judging))
    _require_classes(scores)
    right = np.asarray(order)[scores.argmax(axis=1)] == judging.labels
    return CompressedFile(artifact, deflate_size(artifact.path.read_bytes()), parameters, float(right.mean()))


def _require_classes(scores: NDArray[Any]) -> None:
    if scores.shape[1:] != (CLASSES,):
        raise RunError(Verdict.LOST, f"the file gives {scores.shape[1]:,} scores for an image, not {CLASSES}")


def _original(context: LabContext, judging: Digits) -> Original:
    with context.scorer.measure(ORIGINAL, own=True) as measurement:
        parameters = measurement.nonzero_weights()
        scores = measurement.infer_tensors(_inputs(judging))
    data = ORIGINAL.read_bytes()
    accuracy = float((scores.argmax(axis=1) == judging.labels).mean())
    return Original(len(data), deflate_size(data), parameters, accuracy)


def _inputs(digits: Digits) -> NDArray[np.float32]:
    return (digits.pixels.astype(np.float32) / np.float32(255))[..., np.newaxis]
