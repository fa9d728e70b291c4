"""Driving the course's ModelTester classes in a run, and measuring the file and the predictions that they produce.

Labs 2 and 3 share this: a class that optimises a model, writes a ``.tflite`` file and runs it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from graders.core.errors import GraderError, RunError, RunErrorKind, bad_file
from graders.core.result import Result, measured
from graders.core.verdicts import Verdict
from graders.framework.context import LabContext
from graders.framework.model_tester import references
from graders.framework.model_tester.files import FileEvidence, encoding_of
from graders.framework.repairer import Repairer
from graders.framework.repairs.model import Given
from graders.framework.runner import RunLog, as_missing
from graders.measure.likeness import outputs_alike
from graders.measure.quantization import Counterexample, Encoding, real_values
from graders.measure.scorer.measurement import Measurement
from graders.sandbox import Limits, Reply, Session

T = TypeVar("T")
# By how much a file must be more like another order of channels than like its own: 1 is alike, 0 is any other order.
NEARER = 0.25
MOST_EXPLAINED = 10
# From which correlation on a file's kernels, or else its scores, are the given model's. Kernels have 0.82 with 2
# clusters and 0.96 with half of them zero.
KIN, SAME_FUNCTION = 0.25, 0.9
COMPARED = 100
FLAT = 1e-3
"""Scores that vary over the images by no more, as a share of the largest, are the same for all of them."""


@dataclass(frozen=True)
class Agreement:
    """Predictions of the student's class against the scorer's for the same file and the same input tensors.

    ``worst`` is the largest difference of a score, in the unit ``unit``. ``constant``: the class predicted the same for
    every image. ``late``: each prediction belongs to the image before. ``mistake``: the hint of a recognised cause.
    """

    images: int
    worst: float
    unit: str
    constant: bool
    mistake: str | None = None
    example: Counterexample | None = None
    late: bool = False


@dataclass
class TesterSession:
    """A student's class in a run: what its constructor raised, if anything, and the session while it lasts.

    ``failures``: the errors of its operations.
    """

    session: Session
    error: RunError | None = None
    failures: list[RunError] = field(default_factory=list)

    def call(self, operation: str, **arrays: Any) -> Reply:
        """An operation of the driver. :raises RunError: also if the class could not be built."""
        if self.error is not None:
            raise self.error
        parameters = arrays.pop("parameters", {})
        try:
            return self.session.call(operation, parameters, arrays)
        except RunError as error:
            self.failures.append(error)
            raise


def file_name(context: LabContext, run: str) -> str:
    """The file that a run has to write, with a random name, so that none can be hard-coded."""
    return f"{run}-{context.drawn(f'file name of {run}').randrange(16**6):06x}.tflite"


def drive(
    context: LabContext,
    log: RunLog,
    class_name: str,
    arguments: dict[str, Any],
    dataset: Path,
    use: Callable[[TesterSession], T],
    limits: Limits | None = None,
) -> tuple[T, RunError | None]:
    """Builds the student's class in a separate run, uses it and ends the run; also returns its constructor's error.

    A failure that can be repaired has the run begin again: ``use`` may be called more than once.

    :param limits: in place of the lab's.
    """
    native = class_name == "NativeModel"
    given = str(context.given_model.path)
    parameters = {
        "module": context.lab.student_module,
        "class_name": class_name,
        "dataset_root": str(dataset),
        "model_path": given if native else str(context.workdir(log.name) / file_name(context, log.name)),
        "original_model": None if native else given,
        "arguments": arguments,
    }
    repairer = Repairer(context, log, limits=limits)
    while True:
        session = context.open(log.name, edits=repairer.edits, limits=limits)
        tester = TesterSession(session)
        try:
            try:
                tester.call("start", parameters=parameters)
            except RunError as raised:
                tester.error = as_missing(raised)
            used = use(tester)
        finally:
            log.records.append(session.end())
        if not _begins_again(repairer, tester, Given(given, str(dataset))):
            return used, tester.error


def _begins_again(repairer: Repairer, tester: TesterSession, given: Given) -> bool:
    """Whether the first failure is repaired; if not, all of them get their likely causes."""
    if repairer.accept(tester.failures[0] if tester.failures else None, given):
        return True
    repairer.explain(tester.failures[1:MOST_EXPLAINED], given)
    return False


def drive_plain(
    context: LabContext, log: RunLog, classes: Sequence[str], limits: Limits | None = None
) -> tuple[Result[Reply], RunError | None]:
    """The predictions of the first usable class for the shown images, with an uncompressed file."""
    given = Given(str(context.given_model.path), str(context.profile.dataset_root))
    parameters = {
        "module": context.lab.student_module,
        "class_names": list(classes),
        "dataset_root": given.dataset,
        "model_path": str(context.workdir(log.name) / file_name(context, log.name)),
        "original_model": given.model,
        "images": [str(path) for path in context.evaluation.shown],
    }
    repairer = Repairer(context, log, limits=limits)
    while True:
        session = context.open(log.name, edits=repairer.edits, limits=limits)
        tester = TesterSession(session)
        try:
            reply = tried(lambda tester=tester: tester.call("plain", parameters=parameters))  # type: ignore[misc]
        finally:
            log.records.append(session.end())
        if not _begins_again(repairer, tester, given):
            return reply, reply.error if isinstance(reply.error, RunError) else None


def tried(call: Callable[[], T]) -> Result[T]:
    """The result of an operation of the driver, or the error that it raised."""

    def with_verdict() -> T:
        try:
            return call()
        except RunError as error:
            raise as_missing(error) from None

    return measured(with_verdict)


def predicted(context: LabContext, call: Callable[..., Reply], *, thorough: bool = False) -> Result[Reply]:
    """The class's predictions for the shown evaluation images, or the error that it raised.

    :param thorough: whether to run the extra probes that :func:`input_ready` needs.
    """
    shown = [str(path) for path in context.evaluation.shown]
    return tried(lambda: call("predict", parameters={"images": shown, "thorough": thorough}))


def predictions(reply: Reply, count: int) -> NDArray[np.float64]:
    """The predictions in a reply, (count, classes). :raises RunError: if they are missing or of another shape."""
    found = reply.arrays.get("predictions")
    if found is None or found.ndim != 2 or len(found) != count:
        raise RunError(Verdict.TAMPERED, "the run did not return one row of predictions per image")
    return found


def real_agreement(found: NDArray[np.float64], expected: NDArray[Any]) -> Agreement:
    """Differences of real-valued scores, relative to the range that the expected ones have over the images.

    What a class scores on average is no part of that range: it needs no image to be right.
    """
    constant = bool(len(found) > 1 and (found == found[0]).all())
    if found.shape != expected.shape:
        count = found.shape[1]
        message = f"{count} {'score' if count == 1 else 'scores'} per image; the model outputs {expected.shape[1]}"
        raise RunError(Verdict.FAILED, message, kind=RunErrorKind.BAD_SCORES)
    spread = spread_over_images(expected)
    worst = float(np.abs(found - expected).max() / (spread or 1.0))
    late = len(found) > 1 and bool(np.allclose(found[1:], expected[:-1], rtol=0, atol=1e-3 * spread))
    finite = worst if np.isfinite(worst) else 1e9
    return Agreement(len(found), finite, "of the scores' range", constant, late=late)


def spread_over_images(scores: NDArray[Any]) -> float:
    """The range that a class's score has over the images, on average over the classes; of one image, over classes."""
    return float(np.ptp(scores, axis=0).mean() if len(scores) > 1 else np.ptp(scores))


def require_dependence(scores: NDArray[Any]) -> None:
    """A class could return scores that do not depend on the image without its file.

    :raises RunError: for such scores of a file, and for those that are no numbers.
    """
    if not np.isfinite(scores).all():
        raise RunError(Verdict.LOST, "the file outputs scores that are NaN or infinite", kind=RunErrorKind.BAD_FILE)
    if len(scores) > 1 and not spread_over_images(scores) > FLAT * float(np.abs(scores).max()):
        message = (
            f"the file outputs the same scores for all {len(scores)} images, so they can't be used to check the class"
        )
        raise RunError(Verdict.LOST, message, kind=RunErrorKind.BAD_FILE)


@dataclass(frozen=True)
class InputReady:
    """Whether the input tensor is ready when preprocess_input returns; ``seen`` is what was observed instead.

    ``interpreter``: whether an interpreter was found.
    """

    ready: bool
    seen: str = ""
    interpreter: bool = True


def input_ready(reply: Reply) -> InputReady:
    """Whether run_inference does inference only, as far as this shows from outside the class.

    This relies on what the run reports, but a run can report it only with an interpreter that is filled in time.
    """
    before, predicted, usual, over = (
        found if found is not None and found.size and found.ndim and found.dtype.kind in "fiu" else None
        for found in map(reply.arrays.get, ("before", "predictions", "usual", "written_over"))
    )
    if before is None or usual is None or over is None or usual.shape != over.shape:
        return InputReady(False, "no interpreter with an input tensor was found during the run", interpreter=False)
    if not set_before_inference(reply) or reply.facts.get("others_filled") is not False:
        return InputReady(False, "the input tensor changes during run_inference")
    differ = predicted is not None and not (predicted == predicted[0]).all()
    if differ and len(before) > 1 and (before == before[0]).all():
        return InputReady(False, "the interpreter's input tensor has the same content for every image")
    with np.errstate(invalid="ignore", over="ignore"):
        same = np.allclose(usual, over, rtol=0, atol=1e-3 * (float(np.ptp(usual)) or 1.0), equal_nan=True)
    if not same:
        return InputReady(False, "run_inference reads the array that was passed to preprocess_input")
    return InputReady(True)


def set_before_inference(reply: Reply) -> bool:
    """Whether inference left the input tensor as preprocess_input had set it; True if no tensor could be read."""
    before, after = reply.arrays.get("before"), reply.arrays.get("after")
    if before is None or after is None or before.shape != after.shape:
        return True
    return bool((before == after).all())


def class_agreement(context: LabContext, file: FileEvidence, reply: Reply) -> Agreement:
    """What the class predicted for the shown images, compared with the file's own; as :func:`file_agreement`."""
    return file_agreement(context, file, predictions(reply, len(context.evaluation.shown)))


def file_agreement(context: LabContext, file: FileEvidence, found: NDArray[np.float64]) -> Agreement:
    """Predictions for the first frames against the file's own, by the runtime that is closer.

    :raises RunError: if the file's own scores do not depend on the image, or are no numbers.
    :raises RunError: also if the runtimes disagree about another file than one like the given model's.
    :raises GraderError: if they match neither runtime and the runtimes disagree about a file like the given one.
    """
    frames, normalisation = context.evaluation.frames, context.profile.normalisation
    with context.scorer.measure(file.artifact.path) as measurement:
        plain = measurement.infer_frames(frames, len(found), normalisation, delegates=False)
        quick = measurement.infer_frames(frames, len(found), normalisation, delegates=True)
    require_dependence(plain)
    nearest = min((real_agreement(found, each) for each in (plain, quick)), key=lambda agreement: agreement.worst)
    difference = real_agreement(quick.astype(np.float64), plain).worst
    allowed = context.lab.thresholds["predictions"]
    if min(nearest.worst, difference) > allowed and not file.output.quantised:
        file.of_given()
        raise disagreement(context, file, f" by {difference:.2g} of the scores' range")
    return nearest


def disagreement(context: LabContext, file: FileEvidence, by: str = "") -> RunError | GraderError:
    """Whose fault it is that LiteRT with and without XNNPACK disagree about a file.

    Its own, if it is of another network than the given one or its numbers are of another magnitude.
    """
    fact = f"LiteRT with and without XNNPACK disagree about this file{by}"
    with context.scorer.measure(file.artifact.path) as measurement:
        why = measurement.unusual(references.reference_model(context).path)
    return bad_file(f"{fact}: {why}") if why else GraderError(fact)


def file_of(context: LabContext, log: RunLog, error: RunError | None) -> Result[FileEvidence]:
    """The file that a run wrote, or why there is none."""

    def take() -> FileEvidence:
        try:
            artifact = context.acquire(log.name, file_name(context, log.name))
        except RunError as missing:
            if error is not None and missing.verdict is Verdict.MISSING:
                raise error from None
            raise
        with context.scorer.measure(artifact.path) as measurement:
            model = measurement.read(context.lab.artifact_bytes)
            ends = encoding_of(model, "inputs"), encoding_of(model, "outputs")
            return FileEvidence(artifact, model, *ends, stranger=_stranger(context, measurement, ends[1]))

    return measured(take)


def _stranger(context: LabContext, measurement: Measurement, output: Encoding) -> str:
    """Why a file is not of the model that was passed to the run; empty if its weights, or at least its scores, are.

    However it was converted: kernels are looked for wherever the file has them, and where they can't be found, scores
    that follow the images as the given model's do are enough.

    :raises RunError: for a file whose channels are ordered as in the public model, which was made beforehand.
    """
    known = context.profile.baseline
    reference = references.reference_model(context)
    other = known / references.FP32 if context.given_model.own and known is not None else None
    weights = measurement.lineage(reference.path, other)
    if weights.other > weights.given + NEARER:
        message = "the file's weights come from a different model, not from the one passed to this run"
        raise RunError(Verdict.LOST, message, kind=RunErrorKind.WRONG_MODEL)
    if not weights.finite:
        return "some of its weights are NaN or infinite"
    if weights.given >= KIN:
        return ""
    scores = _scores_alike(context, measurement, output)
    if scores is None:
        return f"its weights are others (correlation {weights.given:.2f}), and it can't be run"
    if scores >= SAME_FUNCTION:
        return ""
    return f"weights and scores are others (correlations {weights.given:.2f} and {scores:.2f})"


def _scores_alike(context: LabContext, measurement: Measurement, output: Encoding) -> float | None:
    """How alike a file's scores are to the given model's in how they follow the images; None if it can't be run."""
    chosen, normalisation = context.evaluation, context.profile.normalisation
    count = min(COMPARED, len(chosen.labels))
    try:
        found = measurement.infer_frames(chosen.frames, count, normalisation)
    except RunError:
        return None
    real = real_values(found, output) if output.quantised else found
    return outputs_alike(real, references.given_scores(context, count))
