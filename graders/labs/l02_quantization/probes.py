"""Property-based probes of a student's INT8 class: hypothesis looks for an input that is quantised wrongly.

Hypothesis chooses the values and the student's class converts them during its run; the result is checked here after
the run, against the scale and zero point of the artifact.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from graders.core.errors import RunError, RunErrorKind
from graders.core.result import Result
from graders.core.verdicts import Verdict
from graders.framework.context import LabContext
from graders.framework.model_tester import runner
from graders.framework.model_tester.files import FileEvidence
from graders.framework.model_tester.runner import Agreement
from graders.framework.runner import as_missing
from graders.labs.l02_quantization.checks import CODES
from graders.labs.l02_quantization.evidence import QuantiseEvidence
from graders.measure import quantization
from graders.sandbox import Reply

if TYPE_CHECKING:
    from hypothesis import settings
    from hypothesis.strategies import SearchStrategy

SHAPE = (1, 224, 224, 3)
CLASSES = 37
# The probes run for the quickest conversion, and for the hidden values.
DRIVEN_RUNS = ("int8-0.01", "int8-drawn", "imbalanced")
LARGEST = float(np.finfo(np.float32).max)

Call = Callable[..., Reply]
Pairs = list[tuple[NDArray[Any], NDArray[Any]]]


@dataclass
class Probed:
    """What went in and what came out, and the errors that ended it early.

    ``late``: the codes of an input were there only after inference. ``unanswered``: the numbers of inputs and of codes
    for which nothing came out.
    """

    shown: Result[Reply]
    images: int
    quantised: Pairs = field(default_factory=list)
    dequantised: Pairs = field(default_factory=list)
    quantise_error: RunError | None = None
    dequantise_error: RunError | None = None
    late: bool = False
    unanswered: tuple[int, int] = (0, 0)


def _floats() -> SearchStrategy[list[float]]:
    """Finite float32 values of every magnitude, and those in the range that images have."""
    from hypothesis import strategies as st

    wide = st.floats(width=32, allow_nan=False, allow_infinity=False)
    usual = st.floats(min_value=-4, max_value=4, width=32)
    return st.lists(st.one_of(wide, usual), min_size=1, max_size=64)


def _codes() -> SearchStrategy[list[int]]:
    """int8 codes, one for each class."""
    from hypothesis import strategies as st

    return st.lists(st.integers(-128, 127), min_size=CLASSES, max_size=CLASSES)


def _image(values: list[float]) -> NDArray[np.float32]:
    """The values repeated over a whole input tensor."""
    return np.resize(np.array(values, dtype=np.float32), SHAPE)


def _sweeps() -> list[NDArray[np.float32]]:
    """A fine sweep of the usual range, every magnitude of float32, and the two extremes."""
    size = int(np.prod(SHAPE))
    fine = np.linspace(-3, 3, size, dtype=np.float32)
    exponents = np.linspace(-126, 127, size // 2, dtype=np.float64)
    magnitudes = np.concatenate([-(2.0**exponents), 2.0**exponents])
    wide = np.resize(magnitudes.astype(np.float32), size)
    extremes = [0.0, -0.0, LARGEST, -LARGEST, 1e-38, 128.0, -129.0, 255.0, 1e6, -1e6]
    return [fine.reshape(SHAPE), wide.reshape(SHAPE), _image(extremes)]


def probe(context: LabContext, call: Call, drive: bool) -> Probed:
    """Runs the class on the shown images, and, if ``drive`` is set, lets hypothesis probe its two conversions."""
    probed = Probed(runner.predicted(context, call), len(context.evaluation.shown))
    if not drive:
        return probed
    try:
        _drive_quantise(context, call, probed)
    except RunError as error:
        probed.quantise_error = as_missing(error)
    try:
        _drive_dequantise(context, call, probed)
    except RunError as error:
        probed.dequantise_error = as_missing(error)
    return probed


def _settings(examples: int) -> settings:
    """The same examples for the same submission, none stored, no time limit."""
    from hypothesis import HealthCheck, Phase, settings

    return settings(
        max_examples=examples,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )


class _FirstError:
    """Keeps what a student's code raised from hypothesis, which would call it flaky if it is not raised twice."""

    def __init__(self) -> None:
        self._error: RunError | None = None

    def tried(self, call: Callable[[], None]) -> None:
        """Calls unless there was an error before."""
        if self._error is None:
            try:
                call()
            except RunError as error:
                self._error = error

    def raise_again(self) -> None:
        """:raises RunError: the first one, if there was one."""
        if self._error is not None:
            raise self._error


def _drive_quantise(context: LabContext, call: Call, probed: Probed) -> None:
    from hypothesis import given

    def one(values: NDArray[np.float32], period: int) -> None:
        reply = call("quantise", values=values)
        probed.late = probed.late or reply.facts.get("late") is True
        tensor = reply.arrays.get("tensor")
        if tensor is not None and tensor.size == values.size:
            probed.quantised.append(_compact(values.ravel(), tensor.ravel(), period))
        else:
            probed.unanswered = probed.unanswered[0] + 1, probed.unanswered[1]

    for sweep in _sweeps():
        one(sweep, sweep.size)

    @_settings(context.lab.settings["quantise_examples"])
    @given(_floats())
    def any_values(values: list[float]) -> None:
        failed.tried(lambda: one(_image(values), len(values)))

    failed = _FirstError()
    any_values()
    failed.raise_again()


def _compact(values: NDArray[Any], codes: NDArray[Any], period: int) -> tuple[NDArray[Any], NDArray[Any]]:
    """One period of repeated values if the codes repeat as well, so that whole images need not be stored."""
    if np.array_equal(np.resize(codes[:period], codes.shape), codes):
        return values[:period].copy(), codes[:period].copy()
    return values, codes


def _drive_dequantise(context: LabContext, call: Call, probed: Probed) -> None:
    from hypothesis import given

    every = np.resize(np.arange(-128, 128), (7, CLASSES)).astype(np.int8)

    def one(given_codes: NDArray[np.int8]) -> None:
        values = call("dequantise", codes=given_codes).arrays.get("values")
        if values is not None and values.size == given_codes.size:
            probed.dequantised.append((given_codes.ravel(), values.ravel()))
        else:
            probed.unanswered = probed.unanswered[0], probed.unanswered[1] + 1

    for row in every:
        one(row)
    if not probed.dequantised:
        return  # The class reads the output tensor itself; only the shown images can be checked.

    @_settings(context.lab.settings["dequantise_examples"])
    @given(_codes())
    def any_codes(values: list[int]) -> None:
        failed.tried(lambda: one(np.array(values, dtype=np.int8)))

    failed = _FirstError()
    any_codes()
    failed.raise_again()


def judge_quantise(probed: Probed, file: FileEvidence) -> QuantiseEvidence:
    """Whether every value that went in was quantised with the file's scale and zero point."""
    if probed.quantise_error is not None:
        raise probed.quantise_error
    if not probed.quantised:
        probed.shown.get()
    encoding = file.input
    in_time = not probed.late and (probed.shown.value is None or runner.set_before_inference(probed.shown.value))
    values = sum(len(given_values) for given_values, _ in probed.quantised)
    for given_values, tensor in probed.quantised:
        example = _wrong_input(given_values, tensor, encoding)
        if example is not None:
            sweep_values, sweep_tensor = probed.quantised[0]
            mistake = None
            if encoding.quantised:
                mistake = quantization.quantise_mistake(given_values, tensor, encoding)
                mistake = quantization.quantise_mistake(sweep_values, sweep_tensor, encoding) or mistake
                if mistake is None or _wrong_input(sweep_values, sweep_tensor, encoding) is None:
                    mistake = quantization.quantise_mistake(given_values, tensor, encoding) or mistake
            return QuantiseEvidence(values, encoding, example, mistake, in_time)
    return QuantiseEvidence(values, encoding, None, None, in_time, probed.unanswered[0])


def _wrong_input(
    values: NDArray[np.float32], tensor: NDArray[Any], encoding: quantization.Encoding
) -> quantization.Counterexample | None:
    if encoding.quantised:
        return quantization.wrong_codes(values, tensor, encoding)
    return quantization.wrong_values(values, tensor, quantization.Encoding(encoding.dtype, 1.0, 0))


def judge_dequantise(context: LabContext, probed: Probed, file: FileEvidence) -> Agreement:
    """Whether postprocess_outputs dequantises correctly, both codes passed to it and those of the images."""
    if probed.dequantise_error is not None:
        raise probed.dequantise_error
    encoding, unanswered = file.output, probed.unanswered[1]
    if probed.dequantised and unanswered:
        message = (
            f"postprocess_outputs returned no scores for {unanswered} of {unanswered + len(probed.dequantised)} outputs"
        )
        raise RunError(Verdict.LOST, message, kind=RunErrorKind.BAD_SCORES)
    if encoding.quantised:
        for given_codes, values in probed.dequantised:
            example = quantization.wrong_values(given_codes, values, encoding)
            if example is not None:
                mistake = quantization.dequantise_mistake(
                    np.concatenate([pair[0] for pair in probed.dequantised]),
                    np.concatenate([pair[1] for pair in probed.dequantised]),
                    encoding,
                )
                return Agreement(probed.images, abs(example.got - example.expected), "", False, mistake, example)
        if probed.dequantised and probed.shown.error is not None:
            # The codes passed in were dequantised correctly; what fails before that belongs to another criterion.
            return Agreement(0, 0.0, "", False)
    return _judge_images(context, probed.shown.get(), probed.images, file, bool(probed.dequantised))


def _judge_images(context: LabContext, reply: Reply, images: int, file: FileEvidence, codes_right: bool) -> Agreement:
    """The images' scores against the scorer's, for the very input tensors that the student's class made.

    Two runtimes may disagree about a file whose calibration saturates. Scores need only be those of one; where they
    are neither's, ``codes_right`` says that the conversion was seen to be right without them.
    """
    tensors = reply.arrays.get("after")
    predictions = runner.predictions(reply, images)
    image = int(np.prod(SHAPE))
    if tensors is None or tensors.dtype.name != file.input.dtype or not 0 < tensors.size <= image * len(predictions):
        raise RunError(Verdict.FAILED, "the interpreter's input tensor could not be read during the run")
    if tensors.size % image:
        raise RunError(Verdict.FAILED, f"the interpreter's input tensor has a shape other than {SHAPE}")
    tensors = tensors.reshape(-1, *SHAPE[1:])
    with context.scorer.measure(file.artifact.path) as measurement:
        plain, quick = (measurement.infer_tensors(tensors, delegates=delegates) for delegates in (False, True))
    if not codes_right:
        runner.require_dependence(_real(plain, file.output))
    found = predictions[: len(plain)]
    constant = bool((predictions == predictions[0]).all())
    example, mistake = _wrong_scores(context, found, plain, file)
    if example is not None and _wrong_scores(context, found, quick, file)[0] is None:
        example = mistake = None
    if example is not None and _wrong_scores(context, _real(quick, file.output), plain, file)[0] is not None:
        if not codes_right:
            file.of_given()
            raise runner.disagreement(context, file)
        example = mistake = None
    if not file.output.quantised:
        return Agreement(len(found), 0.0, "", constant, mistake, example)
    nearest = min(quantization.codes_off(each, found, file.output) for each in (plain, quick))
    # What no conversion explains and both runtimes dispute is decided without the images.
    settled = example is not None or nearest <= context.lab.thresholds["code_differences"]
    return Agreement(len(found), nearest, CODES if settled else "", constant, mistake, example)


def _real(outputs: NDArray[Any], encoding: quantization.Encoding) -> NDArray[np.float64]:
    return quantization.real_values(outputs, encoding) if encoding.quantised else outputs.astype(np.float64)


def _wrong_scores(
    context: LabContext, found: NDArray[np.float64], outputs: NDArray[Any], file: FileEvidence
) -> tuple[quantization.Counterexample | None, str | None]:
    """The first score that is not what the file gave, and the mistake that explains it."""
    if found.shape != outputs.shape:
        count = found.shape[1]
        message = f"{count} {'score' if count == 1 else 'scores'} per image; the file outputs {outputs.shape[1]}"
        raise RunError(Verdict.FAILED, message, kind=RunErrorKind.BAD_SCORES)
    encoding = (
        file.output if file.output.quantised else quantization.Encoding("float32", float(np.ptp(outputs)) / 255, 0)
    )
    allowed = context.lab.thresholds["code_differences"]
    scale = quantization.Encoding(encoding.dtype, encoding.scale, encoding.zero_point)
    if file.output.quantised:
        example = quantization.wrong_values(outputs, found, scale, allowed)
        mistake = quantization.dequantise_mistake(outputs.ravel(), found.ravel(), scale) if example else None
    else:
        off = np.abs(found - outputs)
        worst = int(off.argmax())
        # Written so that NaN, which compares false with everything, is wrong.
        wrong = not off.max() <= allowed * encoding.scale
        given_value, got = float(outputs.ravel()[worst]), float(found.ravel()[worst])
        shown = quantization.Counterexample(given_value, got, given_value)
        example, mistake = (shown if wrong else None), None
    return example, mistake
