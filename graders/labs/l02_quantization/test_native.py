"""NativeModel: loads the given model, prints its summary, predicts with it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from graders.labs.checks import check, criterion
from graders.labs.definition import Lab

if TYPE_CHECKING:
    from graders.labs.l02_quantization.evidence import NativeEvidence


@criterion("l02.native.summary", runs="native")
def test_summary_is_printed(evidence: NativeEvidence) -> None:
    """The output of the run holds a model summary: a count of parameters that fits the given model."""
    counts = [int(text.replace(",", "")) for text in re.findall(r"params:\s*([\d,]+)", evidence.printed)]
    fitting = [count for count in counts if count >= evidence.parameters]
    told = f"a summary with {fitting[0]:,} parameters" if fitting else "no summary of the given model"
    check(
        bool(fitting),
        measured=f"{told} in the output of the run",
        expected=f"a model summary with at least {evidence.parameters:,} parameters",
        hint="no_summary",
    )


@criterion("l02.native.predictions", runs="native")
def test_predictions_are_the_given_models(evidence: NativeEvidence, lab: Lab) -> None:
    """Scores equal those of the given model, float rounding aside."""
    found, allowed = evidence.predictions.get(), lab.thresholds["predictions"]
    check(
        found.worst <= allowed,
        measured=f"scores for {found.images} images differ by up to {found.worst:.2g} {found.unit}",
        expected=f"at most {allowed:g} {found.unit}",
        hint="native_predictions",
    )
