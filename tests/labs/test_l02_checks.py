"""Lab 2's checks: from what was measured of a file to the hint that a student reads."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Self

import numpy as np
import pytest
from numpy.typing import NDArray

from graders.core.errors import GraderError, RunError
from graders.core.paths import LABS
from graders.core.result import Result, failure
from graders.core.verdicts import Verdict
from graders.framework.checks import CheckFailed, NeedsManualReview
from graders.framework.lab_toml import load
from graders.framework.model_tester import runner
from graders.framework.model_tester.files import FileEvidence
from graders.framework.model_tester.runner import Agreement
from graders.framework.runner import as_missing
from graders.labs.l02_quantization import charts, checks, probes
from graders.labs.l02_quantization.evidence import Calibrated, Int8Evidence, QuantiseEvidence
from graders.measure.calibration import Quantisation
from graders.measure.quantization import Counterexample, Encoding
from graders.measure.tflite.reader import read_model
from graders.sandbox import Reply
from graders.scoring.outcomes import reason_of
from graders.submission import Artifact

LAB = load(LABS / "l02_quantization")
DATA = Path(__file__).resolve().parents[1] / "data" / "tflite"
INPUT = Encoding("int8", 0.02, -14)
OUTPUT = Encoding("int8", 0.2, 62)


def file_of(sample: str) -> FileEvidence:
    path = DATA / f"{sample}.tflite"
    model = read_model(path.read_bytes())
    entrance, exit_ = runner.encoding_of(model, "inputs"), runner.encoding_of(model, "outputs")
    return FileEvidence(Artifact(path, path.stat().st_size, ""), model, entrance, exit_)


def lost(judge: Any, *arguments: Any) -> CheckFailed:
    with pytest.raises(CheckFailed) as raised:
        judge(*arguments)
    return raised.value


@pytest.mark.parametrize("sample", ["int8", "int8_concrete", "branches_int8"])
def test_full_int8_files_pass(sample: str) -> None:
    """A file whose inputs, outputs and operators are all int8 passes both checks."""
    checks.require_int8_io(file_of(sample))
    checks.require_integer_inside(file_of(sample))


@pytest.mark.parametrize(
    ("sample", "hint", "measured"),
    [
        ("float32", "int8_float_model", "input float32, output float32"),
        ("dynamic_range", "int8_float_model", "input float32, output float32"),
        ("float_io", "int8_float_io", "input float32, output float32"),
        ("uint8_io", "int8_uint8_io", "input uint8, output uint8"),
    ],
)
def test_other_inputs_and_outputs_lose(sample: str, hint: str, measured: str) -> None:
    """A file with other input or output types fails, with the hint for the setting that is missing."""
    error = lost(checks.require_int8_io, file_of(sample))
    assert (error.hint, error.measured) == (hint, measured)


@pytest.mark.parametrize(
    ("dtypes", "hint"),
    [
        (("int8", "float32"), "int8_one_io"),
        (("float32", "int8"), "int8_one_io"),
        (("int8", "uint8"), "int8_uint8_io"),
        (("uint8", "float32"), "int8_uint8_io"),
        (("int16", "int16"), "int8_float_io"),
    ],
)
def test_one_end_alone_does_not_do(dtypes: tuple[str, str], hint: str) -> None:
    """A file fails unless both input and output are int8."""
    file = file_of("int8")
    ends = [Encoding(dtype, 0.1, 0) for dtype in dtypes]
    changed = FileEvidence(file.artifact, file.model, *ends)
    assert lost(checks.require_int8_io, changed).hint == hint


@pytest.mark.parametrize(
    ("imbalanced", "int8", "inherited"),
    [
        ("uint8_io", ["uint8_io", "uint8_io"], True),
        ("uint8_io", ["uint8_io", "int8"], False),
        ("uint8_io", ["float_io"], False),
        ("uint8_io", [], False),
    ],
)
def test_ends_are_inherited_if_all_files_have_them(imbalanced: str, int8: list[str], inherited: bool) -> None:
    """Only INT8Model's files count, every one of them."""
    calibrated: Any = None
    runs: dict[str, Any] = {
        f"int8-{number}": int8_evidence(calibrated, file_of(each)) for number, each in enumerate(int8)
    }
    runs["imbalanced-renumbered"] = int8_evidence(calibrated, file_of("int8"))
    assert checks.inherits_ends(file_of(imbalanced), runs) is inherited


@pytest.mark.parametrize(
    ("sample", "hint"),
    [("float32", "int8_float_model"), ("dynamic_range", "int8_weights_only"), ("flex", "not_builtin")],
)
def test_operators_in_float_lose(sample: str, hint: str) -> None:
    """A file that computes in float fails with the hint for the cause, and names the first operators."""
    error = lost(checks.require_integer_inside, file_of(sample))
    assert error.hint == hint
    assert "operators are not integer: " in error.measured


def test_conversions_at_the_ends_are_another_matter() -> None:
    """A file in which only QUANTIZE and DEQUANTIZE at the ends are float counts as integer inside."""
    checks.require_integer_inside(file_of("float_io"))
    checks.require_integer_inside(file_of("uint8_io"))


def test_float_in_a_graph_that_another_calls_loses() -> None:
    """A float network in a second subgraph is found even if the main graph is integer."""
    whole, inner = file_of("int8"), file_of("float32").model.main
    hidden = replace(whole, model=replace(whole.model, subgraphs=(whole.model.main, inner)))
    error = lost(checks.require_integer_inside, hidden)
    assert error.hint == "int8_float_ops"
    assert checks.inner_dtypes(hidden) == {"int8", "float32"}


def test_files_with_other_ends_are_the_students() -> None:
    """A file without exactly one input and one output is the student's error."""
    model = file_of("int8").model
    changed = replace(model, subgraphs=(replace(model.main, outputs=model.main.outputs * 2),))
    with pytest.raises(RunError, match="2 outputs; expected one") as raised:
        runner.encoding_of(changed, "outputs")
    assert raised.value.verdict is Verdict.FAILED


def int8_evidence(calibrated: Calibrated, file: FileEvidence | None = None) -> Int8Evidence:
    nothing: Result[Any] = failure(GraderError("not measured"))
    return Int8Evidence(
        requested="30.0% of the training images (222), seed 1234",
        share=0.3,
        file=Result(file or file_of("float32")),
        calibration=Result(calibrated),
        quantise=nothing,
        dequantise=nothing,
        evaluation=nothing,
        fp32_accuracy=0.9,
        fp32_size=1000,
    )


RIGHT = Calibrated(14, 14, None, None, "", True)
WORST = (Quantisation(0.5, 3), Quantisation(0.25, 4))


def test_right_calibration_passes() -> None:
    """A file whose parameters are all as expected passes."""
    checks.require_calibration(int8_evidence(RIGHT), "calibration")


@pytest.mark.parametrize("kind", ["calibration", "imbalanced"])
@pytest.mark.parametrize(
    ("calibrated", "hint", "part"),
    [
        (Calibrated(14, 9, WORST, None, "", True), "{kind}", "9 of 14 activations"),
        (Calibrated(14, 9, WORST, "class id 7", "", True), "{kind}_recognised", "zero point 3, expected 0.25 and 4"),
        (Calibrated(14, 13, (None, WORST[1]), None, "", True), "{kind}", "13 of 14"),
        (Calibrated(0, 0, None, None, "", False), "calibration_float", "no activation has"),
        (Calibrated(0, 0, None, None, "other shapes", True), "other_network", "a different network: other shapes"),
    ],
)
def test_wrong_calibration_loses(calibrated: Calibrated, hint: str, part: str, kind: str) -> None:
    """Wrong parameters fail with the hint for what is known, and every placeholder is filled in."""
    error = lost(checks.require_calibration, int8_evidence(calibrated), kind)
    assert error.hint == hint.format(kind=kind)
    assert part in error.measured
    verdict, reason = reason_of(error, LAB)
    assert verdict is Verdict.LOST
    assert "{" not in reason.cause + reason.next
    if calibrated.recognised:
        assert calibrated.recognised in reason.cause


def test_a_file_of_another_model_has_no_form() -> None:
    """Types, sizes and ranges of a file of another model earn nothing, and all of them name this one cause."""
    stranger = replace(file_of("int8"), stranger="weights and scores are others")
    with pytest.raises(RunError, match="this file is not of the given model: weights and scores are others") as raised:
        checks.require_calibration(int8_evidence(RIGHT, stranger), "calibration")
    verdict, reason = reason_of(raised.value, LAB)
    assert verdict is Verdict.LOST
    assert "originalmodel" in reason.expected


def test_the_given_network_as_another_graph_is_for_a_person() -> None:
    """Ranges that can't be paired are no fault of a full INT8 file of the given network."""
    with pytest.raises(NeedsManualReview, match="another graph"):
        checks.require_calibration(
            int8_evidence(Calibrated(0, 0, None, None, "other shapes", True), file_of("int8")), "calibration"
        )


def test_quantising_right() -> None:
    """A class that quantised every input correctly passes."""
    checks.require_quantise(QuantiseEvidence(1000, INPUT, None, None))


EXAMPLE = Counterexample(3.1, -102.0, 127.0)


@pytest.mark.parametrize(
    ("evidence", "hint"),
    [
        (QuantiseEvidence(0, INPUT, None, None), "float_given"),
        (QuantiseEvidence(9, INPUT, None, None, unanswered=1), "float_given"),
        (QuantiseEvidence(9, INPUT, EXAMPLE, "not_clipped"), "not_clipped"),
        (QuantiseEvidence(9, INPUT, EXAMPLE, None), "quantise"),
        (QuantiseEvidence(9, Encoding("float32", 0, 0), EXAMPLE, None), "same_as_file"),
    ],
)
def test_quantising_wrong(evidence: QuantiseEvidence, hint: str) -> None:
    """A wrong or missing input fails with the recognised mistake's hint, or a general one."""
    error = lost(checks.require_quantise, evidence)
    assert error.hint == hint
    if evidence.example:
        assert "3.1 became -102" in error.measured
        assert "127" in error.measured


def test_dequantising() -> None:
    """Dequantised values pass; a wrong value fails with the recognised mistake's hint, or a general one."""
    checks.require_dequantise(Agreement(24, 0.0, "", False), LAB)
    error = lost(
        checks.require_dequantise, Agreement(24, 1.0, "", False, "codes_returned", Counterexample(3, 3, -1.5)), LAB
    )
    assert (error.hint, error.measured) == ("codes_returned", "output 3 became 3; -1.5 is correct")
    assert (
        lost(checks.require_dequantise, Agreement(1, 1.0, "", False, None, Counterexample(3, 3, -1)), LAB).hint
        == "dequantise"
    )


# What was probed, judged


def reply(**arrays: NDArray[Any]) -> Result[Reply]:
    return Result(Reply({}, arrays))


def sweep_codes(codes: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    return np.linspace(-3, 3, len(codes), dtype=np.float32), codes


def file_with(entrance: Encoding, exit_: Encoding = OUTPUT) -> FileEvidence:
    file = file_of("int8")
    return FileEvidence(file.artifact, file.model, entrance, exit_)


def quantised(values: NDArray[np.float32], encoding: Encoding) -> NDArray[Any]:
    return np.clip(np.rint(values / encoding.scale) + encoding.zero_point, -128, 127).astype(np.int8)


def test_probed_inputs_that_are_right() -> None:
    """Correct codes for every input give no counterexample, and are counted."""
    values = np.linspace(-3, 3, 1000, dtype=np.float32)
    probed = probes.Probed(reply(), 1, [(values, quantised(values, INPUT)), (values[:9], quantised(values[:9], INPUT))])
    found = probes.judge_quantise(probed, file_with(INPUT))
    assert (found.values, found.example, found.mistake) == (1009, None, None)


def test_probed_inputs_that_are_wrong() -> None:
    """One wrong input among correct ones is found, and the mistake is recognised from the sweep."""
    values = np.linspace(-3, 3, 1000, dtype=np.float32)
    codes = (values / np.float32(INPUT.scale) + INPUT.zero_point).clip(-128, 127).astype(np.int8)
    probed = probes.Probed(reply(), 1, [(values, codes)])
    found = probes.judge_quantise(probed, file_with(INPUT))
    assert found.example is not None
    assert found.mistake == "truncated"


def test_wrapping_is_found_outside_the_sweep() -> None:
    """A cast that wraps around only far outside the images' range is found by the wide values, and recognised."""
    wide = Encoding("int8", 0.1, 0)
    fine = np.linspace(-3, 3, 1000, dtype=np.float32)
    far = np.linspace(-40, 40, 1000, dtype=np.float32)
    wrapped = np.rint(far / wide.scale).astype(np.int32).astype(np.int8)
    probed = probes.Probed(reply(), 1, [(fine, quantised(fine, wide)), (far, wrapped)])
    found = probes.judge_quantise(probed, file_with(wide))
    assert found.example is not None
    assert found.mistake == "not_clipped"


@pytest.mark.parametrize("judge", ["quantise", "dequantise"])
def test_errors_in_probing_are_the_students(judge: str) -> None:
    """An exception that the student's class raised while it was probed becomes the check's result."""
    error = RunError(Verdict.TIMEOUT, "not finished")
    probed = probes.Probed(reply(), 1, quantise_error=error, dequantise_error=error)
    judges: dict[str, Callable[[], object]] = {
        "quantise": lambda: probes.judge_quantise(probed, file_with(INPUT)),
        "dequantise": lambda: probes.judge_dequantise(plan_grading(), probed, file_with(INPUT)),
    }
    with pytest.raises(RunError) as raised:
        judges[judge]()
    assert raised.value is error


def test_silence_is_no_answer() -> None:
    """A class fails if it answers only some inputs, or sets its input late and no image shows it."""
    values = np.linspace(-1, 1, 9, dtype=np.float32)
    pairs = [(values, quantised(values, INPUT))]
    shown: Result[Reply] = failure(RunError(Verdict.FAILED, "ValueError"))
    assert probes.judge_quantise(probes.Probed(shown, 1, pairs), file_with(INPUT)).in_time
    assert not probes.judge_quantise(probes.Probed(shown, 1, pairs, late=True), file_with(INPUT)).in_time
    assert probes.judge_quantise(probes.Probed(shown, 1, pairs, unanswered=(2, 0)), file_with(INPUT)).unanswered == 2
    codes = np.arange(-2, 3, dtype=np.int8)
    answered = [(codes, (codes.astype(np.float64) - OUTPUT.zero_point) * OUTPUT.scale)]
    probed = probes.Probed(shown, 1, dequantised=answered)
    assert probes.judge_dequantise(plan_grading(), probed, file_with(INPUT)).example is None
    probed.unanswered = (0, 3)
    with pytest.raises(RunError, match="no scores for 3 of 4 outputs"):
        probes.judge_dequantise(plan_grading(), probed, file_with(INPUT))


class FixedScorer:
    """A scorer that returns the same outputs for every input."""

    def __init__(self, outputs: NDArray[Any]) -> None:
        """:param outputs: what inference returns."""
        self.outputs = outputs

    def measure(self, path: Path) -> FixedScorer:
        """A measurement of a file."""
        return self

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        pass

    def infer_tensors(self, tensors: NDArray[Any], delegates: bool) -> NDArray[Any]:
        """The fixed outputs."""
        return self.outputs


def plan_grading(outputs: NDArray[Any] | None = None) -> Any:
    return type("OneGrading", (), {"lab": LAB, "scorer": FixedScorer(np.zeros((1, 3)) if outputs is None else outputs)})


CODES = np.array([[-128, 0, 127], [10, 20, 30]], dtype=np.int8)
REAL = (CODES.astype(np.float64) - OUTPUT.zero_point) * OUTPUT.scale
OVER_IMAGES = np.ptp(REAL, axis=0).mean()
TENSORS = np.zeros((2, 1, 224, 224, 3), dtype=np.int8)


def judged(predictions: NDArray[Any], exit_: Encoding = OUTPUT, outputs: NDArray[Any] = CODES) -> Agreement:
    probed = probes.Probed(reply(predictions=predictions, after=TENSORS), 2)
    return probes.judge_dequantise(plan_grading(outputs), probed, file_with(INPUT, exit_))


def test_scores_of_images_are_judged_by_the_file() -> None:
    """Scores equal to the file's dequantised outputs pass, up to the allowed number of codes."""
    allowed = LAB.thresholds["code_differences"]
    assert judged(REAL).example is None
    assert judged(REAL + allowed * OUTPUT.scale).example is None
    assert judged(REAL + (allowed + 0.5) * OUTPUT.scale).example is not None


def test_codes_of_images_are_no_scores() -> None:
    """Codes returned instead of dequantised values are recognised."""
    found = judged(CODES.astype(np.float64))
    assert found.example is not None
    assert found.mistake == "codes_returned"


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_scores_that_are_no_numbers(value: float) -> None:
    """NaN and infinities among the scores of a quantised file are wrong."""
    spoilt = REAL.copy()
    spoilt[0, 1] = value
    assert judged(spoilt).example is not None


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_scores_of_a_float_file_that_are_no_numbers(value: float) -> None:
    """NaN and infinities among the scores of a file with float outputs are wrong as well."""
    spoilt = REAL.copy()
    spoilt[0, 1] = value
    assert judged(REAL, Encoding("float32", 0, 0), REAL).example is None
    assert judged(spoilt, Encoding("float32", 0, 0), REAL).example is not None


def test_another_number_of_scores_is_the_students() -> None:
    """A wrong number of scores is an error that names both numbers."""
    with pytest.raises(RunError, match="2 scores per image; the file outputs 3"):
        judged(REAL[:, :2])


@pytest.mark.parametrize(
    ("arrays", "verdict"),
    [
        ({}, Verdict.TAMPERED),
        ({"after": TENSORS}, Verdict.TAMPERED),
        ({"predictions": REAL[0], "after": TENSORS}, Verdict.TAMPERED),
        ({"predictions": REAL[:1], "after": TENSORS}, Verdict.TAMPERED),
        ({"predictions": REAL, "after": TENSORS[:, :, :7]}, Verdict.FAILED),
        ({"predictions": REAL, "after": TENSORS[:0]}, Verdict.FAILED),
        ({"predictions": REAL, "after": np.concatenate([TENSORS] * 2)}, Verdict.FAILED),
    ],
)
def test_an_answer_of_other_arrays_is_no_fault_of_ours(arrays: dict[str, NDArray[Any]], verdict: Verdict) -> None:
    """A reply with missing or wrongly shaped arrays is the submission's error, not the grader's."""
    probed = probes.Probed(reply(**arrays), 2)
    with pytest.raises(RunError) as caught:
        probes.judge_dequantise(plan_grading(CODES), probed, file_with(INPUT))
    assert caught.value.verdict is verdict


def test_hidden_input_tensors_are_the_students() -> None:
    """If no input tensor could be read, the error says so."""
    probed = probes.Probed(reply(predictions=REAL), 2)
    with pytest.raises(RunError, match="input tensor could not be read"):
        probes.judge_dequantise(plan_grading(CODES), probed, file_with(INPUT))


@pytest.mark.parametrize(
    ("found", "worst"),
    [(REAL, 0.0), (REAL + 0.01 * OVER_IMAGES, 0.01), (REAL * np.nan, 1e9), (REAL * np.inf, 1e9)],
)
@pytest.mark.filterwarnings("ignore:invalid value")
def test_real_scores_are_compared_relative_to_their_range(found: NDArray[Any], worst: float) -> None:
    """Differences are relative to the range that a score has over the images; NaN and infinities count as far off."""
    assert runner.real_agreement(found, REAL).worst == pytest.approx(worst)


def test_the_same_scores_for_every_image_are_noticed() -> None:
    """A class that predicts the same for different images is recognised; a single image is not enough."""
    assert runner.real_agreement(np.tile(REAL[:1], (2, 1)), REAL).constant
    assert not runner.real_agreement(REAL, REAL).constant
    assert not runner.real_agreement(REAL[:1], REAL[:1]).constant


@pytest.mark.parametrize(
    ("kind", "verdict", "message"),
    [
        ("NotImplementedError", Verdict.MISSING, "not written yet: write FP32Model"),
        ("MissingClass", Verdict.MISSING, "write FP32Model"),
        ("ValueError", Verdict.FAILED, "ValueError: write FP32Model"),
    ],
)
def test_what_is_not_written_yet_is_missing(kind: str, verdict: Verdict, message: str) -> None:
    """NotImplementedError and a missing class count as missing; any other exception is a failure."""
    found = as_missing(RunError(Verdict.FAILED, f"{kind}: write FP32Model", exception=kind))
    assert (found.verdict, found.message) == (verdict, message)


def _int8(example: object) -> SimpleNamespace:
    return SimpleNamespace(value=SimpleNamespace(example=example), error=None)


@pytest.mark.parametrize(("example", "kept"), [(None, True), ("a wrong value", False)])
def test_quality_is_not_held_against_wrong_conversions(example: object, kept: bool) -> None:
    """A summary's accuracy shows what the student's own conversions do; that of float files stays comparable."""
    right = _int8(None)
    int8 = Int8Evidence("all", 1.0, right, right, right, _int8(example), right, 0.9, 1000)
    facts = {"int8-0.3": {"accuracy": 0.9, "bytes": 10}, "fp32": {"accuracy": 0.9, "bytes": 40}}
    results = {"int8-0.3": SimpleNamespace(evidence=int8), "fp32": SimpleNamespace(evidence=None)}
    found = charts.comparable(facts, results)
    assert ("accuracy" in found["int8-0.3"]) == kept
    assert found["int8-0.3"]["bytes"] == 10
    assert found["fp32"] == facts["fp32"]
