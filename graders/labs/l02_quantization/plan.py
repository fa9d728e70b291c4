"""Lab 2's runs: which there are for a seed, and how each is driven and measured."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from graders.errors import GraderError, RunError
from graders.evidence import calibration
from graders.evidence.codes import Encoding
from graders.evidence.tflite import Model
from graders.labs.grading import Grading, RunBooks, RunPlan
from graders.labs.held import Held, held
from graders.labs.l02_quantization import baseline as base
from graders.labs.l02_quantization import probes
from graders.labs.l02_quantization.evidence import (
    Agreement,
    Calibrated,
    FileEvidence,
    Fp32Evidence,
    Int8Evidence,
    NativeEvidence,
)
from graders.labs.l02_quantization.renumbered import renumbered_dataset
from graders.labs.l02_quantization.runs import DRAWN, FP32, IMBALANCED, NATIVE, RENUMBERED
from graders.sandbox import Reply, Session
from graders.verdicts import Verdict

T = TypeVar("T")
FILE = "model.tflite"


def plans(grading: Grading) -> list[RunPlan]:
    """Every run of the lab for this grading's seed."""
    settings = grading.lab.settings
    found = [
        RunPlan(name=NATIVE, title="NativeModel", execute=run_native),
        RunPlan(name=FP32, title="FP32Model", execute=run_fp32),
    ]
    found += [_int8_plan(f"int8-{share}", share) for share in settings["calibration_shares"]]
    found.append(_int8_plan(DRAWN, base.drawn_share(grading)))
    for name, renumbered in ((IMBALANCED, False), (RENUMBERED, True)):
        execute = partial(run_imbalanced, renumbered=renumbered)
        title = "ImbalancedINT8Model" + (", classes renumbered" if renumbered else "")
        found.append(RunPlan(name=name, title=title, execute=execute))
    return found


def _int8_plan(name: str, share: float) -> RunPlan:
    title = f"INT8Model, {share:.1%} of the training images"
    return RunPlan(name=name, title=title, execute=partial(run_int8, share=share), weight=1 + 4 * share)


@dataclass
class Driven:
    """A student's class in a run: what building it raised, if it raised, and the session while it lasts."""

    session: Session
    error: RunError | None

    def call(self, operation: str, **arrays: Any) -> Reply:
        """An operation of the driver. :raises RunError: also where the class could not be built."""
        if self.error is not None:
            raise self.error
        parameters = arrays.pop("parameters", {})
        return self.session.call(operation, parameters, arrays)


def _drive(
    grading: Grading,
    books: RunBooks,
    class_name: str,
    arguments: dict[str, Any],
    dataset: Path,
    use: Callable[[Driven], T],
) -> tuple[T, RunError | None]:
    """Builds the student's class in a box of its own, uses it, and ends the run; what building it raised comes too."""
    native = class_name == "NativeModel"
    given = str(grading.profile.model_path)
    session = grading.open(books.name)
    error: RunError | None = None
    try:
        parameters = {
            "class_name": class_name,
            "dataset_root": str(dataset),
            "model_path": given if native else str(grading.box(books.name) / FILE),
            "original_model": None if native else given,
            "arguments": arguments,
        }
        try:
            session.call("start", parameters)
        except RunError as raised:
            error = _as_missing(raised)
        return use(Driven(session, error)), error
    finally:
        books.records.append(session.end())


def _as_missing(error: RunError) -> RunError:
    """What is not written yet is missing, not wrong."""
    if error.kind in ("MissingClass", "NotImplementedError"):
        message = error.message.split(": ", 1)[-1]
        prefix = "" if error.kind == "MissingClass" else "not written yet: "
        return RunError(Verdict.MISSING, prefix + message, error.places, error.kind)
    return error


def _missing(call: Callable[[], T]) -> Held[T]:
    def with_verdict() -> T:
        try:
            return call()
        except RunError as error:
            raise _as_missing(error) from None

    return held(with_verdict)


def run_native(grading: Grading, books: RunBooks) -> NativeEvidence:
    """NativeModel's predictions for the shown images against the given model's."""
    shown = [str(path) for path in grading.evaluation.shown]
    replies, error = _drive(
        grading,
        books,
        "NativeModel",
        {},
        grading.profile.dataset_root,
        lambda driven: _missing(lambda: driven.call("predict", parameters={"images": shown})),
    )
    if error is not None:
        raise error
    reference = base.baseline(grading)

    def agreement() -> Agreement:
        predictions = _predictions(replies.get(), len(shown))
        with grading.scorer.measure(reference.fp32) as measurement:
            expected = measurement.infer_frames(grading.evaluation.frames, len(shown))
        return _real_agreement(predictions, expected)

    parameters = _parameter_count(grading)
    return NativeEvidence(books.records[-1].output, parameters, held(agreement))


def _parameter_count(grading: Grading) -> int:
    """Trainable weights that the FP32 baseline holds, BatchNorm folded in: a lower bound of what a summary prints."""
    model = base.baseline(grading).fp32_model
    return sum(tensor.elements for tensor in model.main.tensors if tensor.constant and tensor.dtype == "float32")


def _predictions(reply: Reply, count: int) -> NDArray[np.float64]:
    predictions = reply.arrays.get("predictions")
    if predictions is None or predictions.ndim != 2 or len(predictions) != count:
        raise RunError(Verdict.TAMPERED, "the predictions that came out of the run are not those that were asked for")
    return predictions


def _real_agreement(found: NDArray[np.float64], expected: NDArray[Any]) -> Agreement:
    """Differences of real-valued scores, relative to the range of the expected ones."""
    constant = bool(len(found) > 1 and (found == found[0]).all())
    if found.shape != expected.shape:
        raise RunError(Verdict.FAILED, f"{found.shape[1]} scores for an image; the model gives {expected.shape[1]}")
    spread = float(np.ptp(expected)) or 1.0
    worst = float(np.abs(found - expected).max() / spread)
    return Agreement(len(found), worst if np.isfinite(worst) else 1e9, "of the scores' range", constant)


def run_fp32(grading: Grading, books: RunBooks) -> Fp32Evidence:
    """FP32Model: its file against the given model, its predictions against the file's."""
    shown = [str(path) for path in grading.evaluation.shown]
    reply, error = _drive(
        grading,
        books,
        "FP32Model",
        {},
        grading.profile.dataset_root,
        lambda driven: _missing(lambda: driven.call("predict", parameters={"images": shown})),
    )
    file = _file(grading, books, error)
    reference = base.baseline(grading)

    def agreement() -> Agreement:
        predictions = _predictions(reply.get(), len(shown))
        return _real_agreement(predictions, _scores(grading, file.get(), len(shown)))

    def weights() -> Any:
        with grading.scorer.measure(file.get().artefact.path) as measurement:
            return measurement.compare_weights(reference.fp32)

    return Fp32Evidence(
        file=file,
        weights=held(weights),
        predictions=held(agreement),
        before_inference=held(lambda: _set_before_inference(reply.get())),
        evaluation=held(lambda: base.evaluated(grading, file.get().artefact.path)),
    )


def _set_before_inference(reply: Reply) -> bool:
    """Whether inference left the input tensor as preprocess_input had made it; True where no tensor could be seen."""
    before, after = reply.arrays.get("before"), reply.arrays.get("after")
    if before is None or after is None or before.shape != after.shape:
        return True
    return bool((before == after).all())


def _scores(grading: Grading, file: FileEvidence, count: int) -> NDArray[Any]:
    """A file's real scores for the first frames. :raises GraderError: where runtimes disagree about the file."""
    frames = grading.evaluation.frames
    with grading.scorer.measure(file.artefact.path) as measurement:
        plain = measurement.infer_frames(frames, count, delegates=False)
        quick = measurement.infer_frames(frames, count, delegates=True)
    difference = _real_agreement(quick.astype(np.float64), plain).worst
    if difference > grading.lab.thresholds["predictions"] and not file.output.quantised:
        by = f"{difference:.2g} of the scores' range"
        raise GraderError(f"LiteRT with and without XNNPACK disagree about this file by {by}")
    return plain


def _file(grading: Grading, books: RunBooks, error: RunError | None) -> Held[FileEvidence]:
    """The file that a run left; where there is none, why."""

    def take() -> FileEvidence:
        try:
            artefact = grading.take(books.name, FILE)
        except RunError as missing:
            if error is not None and missing.verdict is Verdict.MISSING:
                raise error from None
            raise
        with grading.scorer.measure(artefact.path) as measurement:
            model = measurement.read(grading.lab.artefact_bytes)
        return FileEvidence(artefact, model, _encoding(model, "inputs"), _encoding(model, "outputs"))

    return held(take)


def _encoding(model: Model, side: str) -> Encoding:
    tensors = list(model.main.tensors_of(getattr(model.main, side)))
    if len(tensors) != 1:
        raise RunError(Verdict.FAILED, f"the file has {len(tensors)} {side}; one was expected")
    quantization = tensors[0].quantization
    if quantization is None or len(quantization.scales) != 1:
        return Encoding(tensors[0].dtype, 0.0, 0)
    return Encoding(tensors[0].dtype, quantization.scales[0], quantization.zero_points[0])


def run_int8(grading: Grading, books: RunBooks, share: float) -> Int8Evidence:
    """INT8Model calibrated on one share of the training images."""
    known = base.samples(grading)
    asked = known.splits[share, grading.lab.settings["calibration_seed"]]
    arguments = {"calibrationdatasetpercent": share}
    described = f"{share:.1%} of the training images ({len(asked)}), seed {grading.lab.settings['calibration_seed']}"

    def candidates() -> dict[str, Any]:
        return _candidates(grading, share)

    return _quantised(
        grading, books, "INT8Model", arguments, grading.profile.dataset_root, (described, share, asked), candidates
    )


def run_imbalanced(grading: Grading, books: RunBooks, renumbered: bool) -> Int8Evidence:
    """ImbalancedINT8Model, on the given data set or on one whose classes have other numbers."""
    known = base.samples(grading)
    wanted = grading.lab.settings["imbalanced_class"]
    labels, root = known.labels, grading.profile.dataset_root
    if renumbered:
        view = renumbered_dataset(grading, known)
        labels, root = view.labels, view.root
    of_class = {
        number: [name for name, label in zip(known.train, labels, strict=True) if label == number]
        for number in sorted(set(labels))
    }
    described = f"all training images of class id {wanted} ({len(of_class[wanted])})"

    def candidates() -> dict[str, Any]:
        found = {f"class id {number}": names for number, names in of_class.items() if number != wanted}
        table = base.ranges(grading)
        told = {name: table.expected(names) for name, names in found.items()}
        return {**told, **_candidates(grading, 0.5)}

    return _quantised(
        grading, books, "ImbalancedINT8Model", {}, root, (described, None, tuple(of_class[wanted])), candidates
    )


def _quantised(
    grading: Grading,
    books: RunBooks,
    class_name: str,
    arguments: dict[str, Any],
    dataset: Path,
    asked: tuple[str, float | None, tuple[str, ...]],
    candidates: Callable[[], dict[str, Any]],
) -> Int8Evidence:
    described, share, names = asked
    drive = books.name in probes.DRIVEN_RUNS

    def use(driven: Driven) -> probes.Probed:
        return probes.probe(grading, driven.call, drive)

    probed, error = _drive(grading, books, class_name, arguments, dataset, use)
    file = _file(grading, books, error)
    fp32 = base.fp32_evaluation(grading)
    return Int8Evidence(
        asked=described,
        share=share,
        file=file,
        calibration=held(lambda: _calibrated(grading, file.get(), names, candidates)),
        quantise=held(lambda: probes.judge_quantise(probed, file.get())),
        dequantise=held(lambda: probes.judge_dequantise(grading, probed, file.get())),
        evaluation=held(lambda: base.evaluated(grading, file.get().artefact.path)),
        fp32_accuracy=fp32.accuracy,
        fp32_size=base.baseline(grading).fp32.stat().st_size,
    )


def _calibrated(
    grading: Grading, file: FileEvidence, names: tuple[str, ...], candidates: Callable[[], dict[str, Any]]
) -> Calibrated:
    """Compares a file's parameters with what the samples asked for give; on a difference, says what they are of."""
    reference = base.baseline(grading)
    found = base.parameters(reference, file.model)
    if isinstance(found, str):
        return Calibrated(0, 0, None, None, found, True)
    if not any(found):
        return Calibrated(0, 0, None, None, "", False)
    table = base.ranges(grading)
    expected = table.expected(names)
    agreement = calibration.compare(found, expected, table.comparable)
    worst = recognised = None
    if not agreement.whole:
        index = agreement.first_difference or 0
        worst = (found[index], expected[index])
        recognised = calibration.recognise(found, candidates(), table.comparable)
    return Calibrated(agreement.compared, agreement.equal, worst, recognised, "", True)


def _candidates(grading: Grading, share: float) -> dict[str, Any]:
    """Sets of samples that students have been seen to calibrate on, by what to call them."""
    known, table = base.samples(grading), base.ranges(grading)
    told: dict[str, Any] = {"all training images": table.expected(known.train)}
    for (other, seed), names in known.splits.items():
        which = "" if seed == grading.lab.settings["calibration_seed"] else f", but drawn with seed {seed}"
        share_told = "the share asked for" if other == share else f"{other:.1%} of the training images"
        told[share_told + which] = table.expected(names)
        rest = sorted(set(known.train) - set(names))
        if rest:
            told[f"the other {1 - other:.1%} of the training images{which}"] = table.expected(rest)
    asked = known.splits.get((share, grading.lab.settings["calibration_seed"]))
    if asked:
        for count in (1, 10, 50, 100):
            told[f"the first {count} of the samples asked for"] = table.expected(asked[:count])
    for transform, called in (("unit", "in 0 to 1, not normalised"), ("pixels", "in 0 to 255, not normalised")):
        if asked:
            measured = base.measure_ranges(grading, base.baseline(grading), asked, transform)
            told[f"the samples asked for, {called}"] = measured.expected(range(len(asked)))
    test = base.measure_ranges(grading, base.baseline(grading), known.test, "prepared")
    told["all test images"] = test.expected(range(len(known.test)))
    return told


def prepare(grading: Grading) -> None:
    """Measures what every run is held against; meant to go on while the runner's libraries are still being imported."""
    with ThreadPoolExecutor(max_workers=1) as pool:
        drawing = pool.submit(lambda: grading.evaluation)
        # Slow to import: meanwhile the images are drawn and the runner's libraries load.
        importlib.import_module("sklearn.metrics")
        base.ranges(grading)
        drawing.result()
    base.fp32_evaluation(grading)


def baseline_file(grading: Grading, name: str) -> Path:
    """The baseline's file of that name: ``"fp32"`` or ``"int8"``."""
    chosen: Path = getattr(base.baseline(grading), name)
    return chosen
