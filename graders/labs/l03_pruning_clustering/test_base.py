"""TFMOTOptimizedModel: runs a float32 file, compressed or not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from graders.framework.checks import criterion
from graders.framework.definition import Lab
from graders.framework.model_tester.checks import require_inference_only, require_predictions

if TYPE_CHECKING:
    from graders.labs.l03_pruning_clustering.evidence import BaseEvidence


@criterion("l03.base.predictions", runs="base")
def test_predictions_are_the_files(evidence: BaseEvidence, lab: Lab) -> None:
    """The class returns what its own file outputs for the same images."""
    require_predictions(evidence.predictions.get(), lab)


@criterion("l03.base.inference_only", runs="base")
def test_inference_leaves_the_input_alone(evidence: BaseEvidence) -> None:
    """preprocess_input sets the input tensor, and run_inference leaves it unchanged."""
    require_inference_only(evidence.before_inference.get())
