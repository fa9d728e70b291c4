"""ImbalancedINT8Model: an INT8 file calibrated on one class only."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from graders.framework.checks import criterion
from graders.labs.l02_quantization import checks

if TYPE_CHECKING:
    from graders.labs.l02_quantization.evidence import Int8Evidence


@criterion("l02.imbalanced.calibration", runs="imbalanced*")
def test_calibration_samples(evidence: Int8Evidence) -> None:
    """The parameters match calibration on all training images of the class, also if class ids are permuted."""
    checks.require_calibration(evidence, "imbalanced")


@criterion("l02.imbalanced.integer_only", runs="imbalanced")
def test_file_is_integer(evidence: Int8Evidence, other_runs: Mapping[str, Any]) -> None:
    """Every operator is integer, and so are inputs and outputs, unless all of INT8Model's files have theirs."""
    file = evidence.file.get().of_given()
    checks.require_integer_inside(file)
    if not checks.inherits_ends(file, other_runs):
        checks.require_int8_io(file)
