"""What is measured for lab 2: plain data, none of it an object of the student's."""

from __future__ import annotations

from dataclasses import dataclass

from graders.evidence.calibration import Quantisation
from graders.evidence.codes import Counterexample, Encoding
from graders.evidence.evaluation import Evaluation
from graders.evidence.scorer import WeightDifference
from graders.labs.held import Held
from graders.labs.testers import Agreement, FileEvidence, InputReady


@dataclass(frozen=True)
class QuantiseEvidence:
    """Inputs that were handed to preprocess_input, and the plainest one whose code came out wrong.

    ``in_time`` says that the codes were there when preprocess_input returned, not only after run_inference;
    ``unanswered`` counts inputs for which nothing was there.
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

    ``parameters``: how many the given model has, as it may be counted, the usual way first.
    """

    printed: str
    parameters: tuple[int, ...]
    predictions: Held[Agreement]


@dataclass(frozen=True)
class Fp32Evidence:
    """FP32Model: its file, that file's weights against the given model's, its predictions, its accuracy."""

    file: Held[FileEvidence]
    weights: Held[WeightDifference]
    predictions: Held[Agreement]
    before_inference: Held[InputReady]
    evaluation: Held[Evaluation]


@dataclass(frozen=True)
class Calibrated:
    """Quantisation parameters found along the network, against those that the samples asked for give.

    ``recognised`` names the samples that the file was calibrated on instead, where they are known ones; ``difference``
    says why the file is another network altogether.
    """

    compared: int
    equal: int
    worst: tuple[Quantisation | None, Quantisation] | None
    recognised: str | None
    difference: str
    calibrated: bool


@dataclass(frozen=True)
class Int8Evidence:
    """INT8Model for one calibration share, or ImbalancedINT8Model."""

    asked: str
    share: float | None
    file: Held[FileEvidence]
    calibration: Held[Calibrated]
    quantise: Held[QuantiseEvidence]
    dequantise: Held[Agreement]
    evaluation: Held[Evaluation]
    fp32_accuracy: float
    fp32_size: int
