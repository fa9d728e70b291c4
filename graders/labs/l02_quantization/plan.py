"""Lab 2's runs: which there are for a seed, and how each is driven and measured."""

from __future__ import annotations

import importlib
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

from graders.core.errors import RunError
from graders.core.result import measured
from graders.core.verdicts import Verdict
from graders.framework.context import LabContext
from graders.framework.model_tester import files, references, runner
from graders.framework.model_tester.files import FileEvidence
from graders.framework.model_tester.runner import Agreement
from graders.framework.runner import PlannedRun, RunLog
from graders.labs.l02_quantization import baseline as base
from graders.labs.l02_quantization import probes
from graders.labs.l02_quantization.evidence import Calibrated, Evidence, Fp32Evidence, Int8Evidence, NativeEvidence
from graders.labs.l02_quantization.renumbered import renumbered_dataset
from graders.labs.l02_quantization.runs import DRAWN, FP32, IMBALANCED, NATIVE, RENUMBERED
from graders.measure import calibration
from graders.measure.calibration import Quantisation
from graders.measure.scorer.results import WeightDifference


def plan_runs(context: LabContext) -> list[PlannedRun[Evidence]]:
    """Every run of the lab for this grading's seed."""
    settings = context.lab.settings
    found: list[PlannedRun[Evidence]] = [
        PlannedRun(name=NATIVE, title="NativeModel", execute=run_native),
        PlannedRun(name=FP32, title="FP32Model", execute=run_fp32),
    ]
    found += [_int8_plan(f"int8-{share}", share) for share in settings["calibration_shares"]]
    found.append(_int8_plan(DRAWN, base.drawn_share(context)))
    for name, renumbered in ((IMBALANCED, False), (RENUMBERED, True)):
        execute = partial(run_imbalanced, renumbered=renumbered)
        title = "ImbalancedINT8Model" + (", classes renumbered" if renumbered else "")
        found.append(PlannedRun(name=name, title=title, execute=execute))
    return found


def _int8_plan(name: str, share: float) -> PlannedRun[Evidence]:
    title = f"INT8Model, {share:.1%} of the training images"
    return PlannedRun(name=name, title=title, execute=partial(run_int8, share=share), weight=1 + 4 * share)


def run_native(context: LabContext, log: RunLog) -> NativeEvidence:
    """NativeModel's predictions for the shown images against the given model's."""
    limits = base.baseline(context).fp32_file.limits(context.lab.limits)
    replies, error = runner.drive(
        context,
        log,
        "NativeModel",
        {},
        context.profile.dataset_root,
        lambda driven: runner.predicted(context, driven.call),
        limits,
    )
    if error is not None:
        raise error
    reference = base.baseline(context)

    def agreement() -> Agreement:
        predictions = runner.predictions(replies.get(), len(context.evaluation.shown))
        with context.scorer.measure(reference.fp32, own=True) as measurement:
            expected = measurement.infer_frames(
                context.evaluation.frames, len(predictions), context.profile.normalisation
            )
        return runner.real_agreement(predictions, expected)

    # With batch normalisation folded in, a summary of another tool's may have it.
    counts = (*context.given_model.parameters, references.reference_model(context).parameters)
    return NativeEvidence(log.records[-1].output, counts, measured(agreement))


def run_fp32(context: LabContext, log: RunLog) -> Fp32Evidence:
    """FP32Model: its file against the given model, its predictions against the file's."""
    limits = base.baseline(context).fp32_file.limits(context.lab.limits)
    reply, error = runner.drive(
        context,
        log,
        "FP32Model",
        {},
        context.profile.dataset_root,
        lambda driven: runner.predicted(context, driven.call, thorough=True),
        limits,
    )
    file = runner.file_of(context, log, error)
    reference = base.baseline(context)

    def weights() -> Any:
        with context.scorer.measure(file.get().artifact.path) as measurement:
            try:
                return measurement.compare_weights(reference.fp32)
            except RunError as error:
                if error.verdict is not Verdict.LOST:
                    raise
                return WeightDifference(0, 0, float("inf"), "", error.message)

    return Fp32Evidence(
        file=file,
        weights=measured(weights),
        predictions=measured(lambda: runner.class_agreement(context, file.get(), reply.get())),
        before_inference=measured(lambda: runner.input_ready(reply.get())),
        evaluation=measured(lambda: files.evaluated(context, file.get().artifact.path)),
        scores=measured(lambda: _scores_off(context, file.get())),
    )


def _scores_off(context: LabContext, file: FileEvidence) -> float:
    """The largest difference of a file's scores from the given model's."""
    count = len(context.evaluation.shown)
    with context.scorer.measure(file.artifact.path) as measurement:
        found = measurement.infer_frames(context.evaluation.frames, count, context.profile.normalisation)
    return runner.real_agreement(found, references.given_scores(context, count)).worst


def run_int8(context: LabContext, log: RunLog, share: float) -> Int8Evidence:
    """INT8Model calibrated on one share of the training images."""
    known = base.samples(context)
    names = known.splits[share, context.lab.settings["calibration_seed"]]
    arguments = {"calibrationdatasetpercent": share}
    described = f"{share:.1%} of the training images ({len(names)}), seed {context.lab.settings['calibration_seed']}"

    requested = (described, share, names)
    others = _other_samples(context, share, names)
    return _quantised(context, log, "INT8Model", arguments, context.profile.dataset_root, requested, others)


def run_imbalanced(context: LabContext, log: RunLog, renumbered: bool) -> Int8Evidence:
    """ImbalancedINT8Model, on the given data set or on one whose classes have other numbers."""
    known = base.samples(context)
    wanted = context.lab.settings["imbalanced_class"]
    labels, root = known.labels, context.profile.dataset_root
    if renumbered:
        view = renumbered_dataset(context, known)
        labels, root = view.labels, view.root
    of_class = {
        number: [name for name, label in zip(known.train, labels, strict=True) if label == number]
        for number in sorted(set(labels))
    }
    described = f"all training images of class id {wanted} ({len(of_class[wanted])})"

    names_of_class = tuple(of_class[wanted])
    others: dict[str, Sequence[str]] = {}
    for number, names in of_class.items():
        which = f"class id {number}"
        if renumbered and known.labels[known.train.index(names[0])] == wanted:
            which += f", whose images have class id {wanted} in the original numbering: dataY was not used"
        others[which] = names
    others |= _other_samples(context, None, names_of_class)
    return _quantised(context, log, "ImbalancedINT8Model", {}, root, (described, None, names_of_class), others)


def _quantised(
    context: LabContext,
    log: RunLog,
    class_name: str,
    arguments: dict[str, Any],
    dataset: Path,
    requested: tuple[str, float | None, tuple[str, ...]],
    others: Mapping[str, Sequence[str]],
) -> Int8Evidence:
    described, share, names = requested
    drive = log.name in probes.DRIVEN_RUNS

    def use(driven: runner.TesterSession) -> probes.Probed:
        return probes.probe(context, driven.call, drive)

    # Converting takes as long for any number of samples, and calibration as many times as long as there are more.
    more = max(1.0, len(names) / len(base.reference_samples(context)))
    limits = base.baseline(context).int8_file.limits(context.lab.limits, more)
    probed, error = runner.drive(context, log, class_name, arguments, dataset, use, limits)
    file = runner.file_of(context, log, error)
    fp32 = references.original_evaluation(context)
    return Int8Evidence(
        requested=described,
        share=share,
        file=file,
        calibration=measured(lambda: _calibrated(context, file.get(), names, share, others)),
        quantise=measured(lambda: probes.judge_quantise(probed, file.get())),
        dequantise=measured(lambda: probes.judge_dequantise(context, probed, file.get())),
        evaluation=measured(lambda: files.evaluated(context, file.get().artifact.path)),
        fp32_accuracy=fp32.accuracy,
        fp32_size=base.baseline(context).fp32.stat().st_size,
    )


def _calibrated(
    context: LabContext,
    file: FileEvidence,
    names: tuple[str, ...],
    share: float | None,
    others: Mapping[str, Sequence[str]],
) -> Calibrated:
    """Compares a file's parameters with those that the requested samples give; if they differ, looks for their origin.

    :param others: training images that a student may have used instead, by their description.
    """
    reference = base.baseline(context)
    found = base.parameters(reference, file.model)
    if isinstance(found, str):
        return Calibrated(0, 0, None, None, found, True)
    if not any(found):
        return Calibrated(0, 0, None, None, "", False)
    table = base.ranges(context)
    expected = table.expected(names)
    agreement = calibration.compare(found, expected, table.comparable)
    worst = recognised = None
    if agreement.first_difference is not None:
        index = agreement.first_difference
        worst = (found[index], expected[index])
        known = {called: table.expected(images) for called, images in others.items()}
        recognised = calibration.recognise(found, known, table.comparable)
        if recognised is None:
            recognised = calibration.recognise(found, _measured_candidates(context, names, share), table.comparable)
    return Calibrated(
        agreement.compared, agreement.equal, worst, recognised, "", calibrated=True, unknowable=agreement.unknowable
    )


def _other_samples(context: LabContext, share: float | None, names: tuple[str, ...]) -> dict[str, Sequence[str]]:
    """Sets of training images that students are known to calibrate on, by their description."""
    known = base.samples(context)
    found: dict[str, Sequence[str]] = {}
    for count in (1, 10, 50, 100):
        found[f"the first {count} of the requested samples"] = names[:count]
        found[f"the first {count} training images"] = known.train[:count]
    # The requested share comes first: its neighbours may give the same file.
    defaults = (base.CLASS_DEFAULT, base.KIT_DEFAULT)
    for (other, seed), images in sorted(
        known.splits.items(), key=lambda item: (item[0][0] != share, item[0][0] in defaults)
    ):
        which = "" if seed == context.lab.settings["calibration_seed"] else f", but drawn with seed {seed}"
        which_share = "the requested share" if other == share else f"{other:.1%} of the training images"
        found[which_share + which] = images
        rest = sorted(set(known.train) - set(images))
        if rest:
            found[f"the other {1 - other:.1%} of the training images{which}"] = rest
    found["all training images"] = known.train
    return found


def _measured_candidates(
    context: LabContext, names: tuple[str, ...], share: float | None
) -> dict[str, Sequence[Quantisation]]:
    """Parameters of samples whose ranges must be measured first: images not normalised, test images, noise."""
    reference = base.baseline(context)
    found: dict[str, Sequence[Quantisation]] = {}
    for transform, called in (
        ("unit", "in the range 0 to 1, not normalised"),
        ("pixels", "in the range 0 to 255, not normalised"),
    ):
        ranges = base.measure_ranges(context, reference, names, transform)
        found[f"the requested samples, {called}"] = ranges.expected(range(len(names)))
    tested = base.test_ranges(context)
    found["all test images"] = tested.expected(range(len(tested.samples)))
    known = base.samples(context)
    rows = {name: row for row, name in enumerate(tested.samples)}
    for (other, seed), images in known.test_splits.items():
        if other == share:
            called = f"{other:.1%} of the test images, drawn with seed {seed}"
            found[called] = tested.expected([rows[name] for name in images])
    wanted = context.lab.settings["imbalanced_class"]
    of_class = [rows[name] for name, label in zip(known.test, known.test_labels, strict=True) if label == wanted]
    if of_class:
        found[f"the test images of class id {wanted}"] = tested.expected(of_class)
    return found


def prepare(context: LabContext) -> None:
    """Measures what every run is compared with, while the runner's libraries are still being imported."""
    with ThreadPoolExecutor(max_workers=1) as pool:
        drawing = pool.submit(lambda: context.evaluation)
        # Slow to import: meanwhile the images are drawn and the runner's libraries load.
        importlib.import_module("sklearn.metrics")
        base.ranges(context)
        drawing.result()
    references.original_evaluation(context)
