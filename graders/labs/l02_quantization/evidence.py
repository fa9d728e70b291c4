"""What is measured for lab 2: plain data, none of it an object of the student's."""

from __future__ import annotations

from dataclasses import dataclass

from graders.core.result import Result
from graders.framework.model_tester.files import FileEvidence
from graders.framework.model_tester.runner import Agreement, InputReady
from graders.measure.calibration import Quantisation
from graders.measure.evaluation import Evaluation
from graders.measure.quantization import Counterexample, Encoding
from graders.measure.scorer.results import WeightDifference


@dataclass(frozen=True)
class QuantiseEvidence:
    """Inputs that were passed to preprocess_input, and the simplest one that was quantised wrongly.

    ``in_time``: the codes were in the input tensor when preprocess_input returned, not only after run_inference.
    ``unanswered``: the number of inputs for which no codes were found.
    """

    values: int
    encoding: Encoding
    example: Counterexample | None
    mistake: str | None
    in_time: bool = True
    unanswered: int = 0


@dataclass(frozen=True)
class NativeEvidence:
    """NativeModel: what it printed, and its predictions against the given model's.

    ``parameters``: the given model's number of parameters, in each way of counting them, the usual one first.
    """

    printed: str
    parameters: tuple[int, ...]
    predictions: Result[Agreement]


@dataclass(frozen=True)
class Fp32Evidence:
    """FP32Model: its file, that file's weights against the given model's, its predictions, its accuracy.

    ``scores``: the largest difference of the file's scores from the given model's, as a share of their range.
    """

    file: Result[FileEvidence]
    weights: Result[WeightDifference]
    predictions: Result[Agreement]
    before_inference: Result[InputReady]
    evaluation: Result[Evaluation]
    scores: Result[float]


@dataclass(frozen=True)
class Calibrated:
    """Quantisation parameters found along the network, against those that the requested samples give.

    ``recognised`` names the samples that the file was calibrated on instead, if they are known; ``difference`` says why
    the file is a different network. ``unknowable``: how many were not compared, since their ranges may be float noise.
    """

    compared: int
    equal: int
    worst: tuple[Quantisation | None, Quantisation] | None
    recognised: str | None
    difference: str
    calibrated: bool
    unknowable: int = 0


@dataclass(frozen=True)
class Int8Evidence:
    """INT8Model for one calibration share, or ImbalancedINT8Model."""

    requested: str
    share: float | None
    file: Result[FileEvidence]
    calibration: Result[Calibrated]
    quantise: Result[QuantiseEvidence]
    dequantise: Result[Agreement]
    evaluation: Result[Evaluation]
    fp32_accuracy: float
    fp32_size: int


Evidence = NativeEvidence | Fp32Evidence | Int8Evidence
