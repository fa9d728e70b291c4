"""NativeModel: loads the given model, prints its summary and predicts with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from graders.framework.checks import check, check_threshold, criterion
from graders.framework.definition import Lab
from graders.labs.l02_quantization.checks import whole_numbers

if TYPE_CHECKING:
    from graders.labs.l02_quantization.evidence import NativeEvidence


@criterion("l02.native.summary", runs="native")
def test_model_summary_is_printed(evidence: NativeEvidence) -> None:
    """The output of the run contains the given model's number of parameters, as every model summary does."""
    check(
        not set(evidence.parameters).isdisjoint(whole_numbers(evidence.printed)),
        measured="no summary of the given model in the output of the run",
        expected=f"a model summary with {evidence.parameters[0]:,} parameters",
        hint="no_summary",
    )


@criterion("l02.native.predictions", runs="native")
def test_predictions_are_the_given_models(evidence: NativeEvidence, lab: Lab) -> None:
    """Scores equal those of the given model, up to float rounding."""
    found, allowed = evidence.predictions.get(), lab.thresholds["predictions"]
    check(
        check_threshold(lab, "predictions", found.worst),
        measured=f"scores for {found.images} images differ from the model's by up to {found.worst:.2g} {found.unit}",
        expected=f"at most {allowed:g} {found.unit}",
        hint="native_predictions",
    )
