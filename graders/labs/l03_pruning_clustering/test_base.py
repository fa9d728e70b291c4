"""TFMOTOptimizedModel: runs a float32 file, whatever was done to its weights."""

from __future__ import annotations

from typing import TYPE_CHECKING

from graders.labs.checks import check, criterion
from graders.labs.definition import Lab

if TYPE_CHECKING:
    from graders.labs.l03_pruning_clustering.evidence import BaseEvidence


@criterion("l03.base.predictions", runs="base")
def test_predictions_are_the_files(evidence: BaseEvidence, lab: Lab) -> None:
    """The class returns what its own file gives for the same images."""
    found, allowed = evidence.predictions.get(), lab.thresholds["predictions"]
    check(
        found.worst <= allowed,
        measured=f"scores for {found.images} images differ from the file's by up to {found.worst:.2g} {found.unit}",
        expected=f"at most {allowed:g} {found.unit}",
        hint="fp32_stale" if found.constant or found.late else "fp32_predictions",
    )


@criterion("l03.base.inference_only", runs="base")
def test_inference_leaves_the_input_alone(evidence: BaseEvidence) -> None:
    """The input tensor is filled by preprocess_input; run_inference does not touch it."""
    check(
        evidence.before_inference.get(),
        measured="the input tensor changes while run_inference runs",
        expected="the input tensor is ready when preprocess_input returns",
        hint="work_in_run_inference",
    )
