"""Checks of a ModelTester class that runs a float file, for every lab that has one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from graders.framework.checks import check, check_threshold

if TYPE_CHECKING:
    from graders.framework.definition import Lab
    from graders.framework.model_tester.runner import Agreement, InputReady


def require_predictions(found: Agreement, lab: Lab) -> None:
    """Fails if the class does not return what its own file outputs for the same images."""
    allowed = lab.thresholds["predictions"]
    check(
        check_threshold(lab, "predictions", found.worst),
        measured=f"scores for {found.images} images differ from the file's by up to {found.worst:.2g} {found.unit}",
        expected=f"at most {allowed:g} {found.unit}",
        hint="fp32_stale" if found.constant or found.late else "fp32_predictions",
    )


def require_inference_only(found: InputReady) -> None:
    """Fails if the input tensor is not ready when preprocess_input returns."""
    check(
        found.ready,
        measured=found.seen or "preprocess_input sets the input tensor and run_inference leaves it unchanged",
        expected="the input tensor is ready when preprocess_input returns",
        hint="work_in_run_inference" if found.interpreter else "no_interpreter",
    )
