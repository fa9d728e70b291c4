"""A whole network: smaller, and as accurate as it must be."""

from __future__ import annotations

from typing import TYPE_CHECKING

from graders.core.errors import RunError
from graders.core.verdicts import Verdict
from graders.framework.checks import CheckFailed, check, check_threshold, criterion, observe

if TYPE_CHECKING:
    from collections.abc import Callable

    from graders.framework.definition import Lab
    from graders.labs.hybrid_decomposition.evidence import ModelEvidence
    from graders.labs.hybrid_decomposition.work import Overview


@criterion("hybrid.loss.smaller", runs="model-loss")
def test_smaller_by_loss(evidence: ModelEvidence, lab: Lab, static_review: Overview) -> None:
    """Weights, and the file in an archive, are fewer than before."""
    _unless_explained(lambda: _require_smaller(evidence, lab), evidence, static_review)


@criterion("hybrid.loss.accuracy", runs="model-loss")
def test_accuracy(evidence: ModelEvidence, lab: Lab, static_review: Overview) -> None:
    """On digits that did not choose, the accuracy is hardly lower than before."""
    _require_compressed(evidence)
    _unless_explained(lambda: _require_accurate(evidence, lab), evidence, static_review)


@criterion("hybrid.budget.smaller", runs="model-budget")
def test_smaller_by_budget(evidence: ModelEvidence, lab: Lab, static_review: Overview) -> None:
    """Weights, and the file in an archive, are fewer than before."""
    _unless_explained(lambda: _require_smaller(evidence, lab), evidence, static_review)


def _unless_explained(required: Callable[[], None], evidence: ModelEvidence, overview: Overview) -> None:
    """A mistake in one of the functions costs its own points, and not those of the network as well.

    What is not written explains nothing, and neither does a network in which no layer was compressed.
    """
    try:
        required()
    except (CheckFailed, RunError) as fault:
        cause = overview.behind(by_loss=evidence.by_loss)
        missing = (Verdict.MISSING, Verdict.TAMPERED)
        unwritten = any(isinstance(each, RunError) and each.verdict in missing for each in (fault, cause))
        if cause is None or unwritten or not any(evidence.layers.get().values()):
            raise
        measured = getattr(fault, "measured", None) or str(fault)
        observe(measured=f"{measured}: the mistake that explains it costs points of its own", expected="")


def _require_compressed(evidence: ModelEvidence) -> None:
    layers = evidence.layers.get()
    check(
        any(layers.values()),
        measured=f"none of {len(layers)} layers was compressed",
        expected="some layers with factors",
        hint="not_smaller",
    )


def _require_smaller(evidence: ModelEvidence, lab: Lab) -> None:
    _require_compressed(evidence)
    file, original = evidence.file.get(), evidence.original
    weights, size = file.parameters / original.parameters, file.deflated / original.deflated
    most = lab.thresholds["parameters"] * original.parameters, lab.thresholds["file"] * original.deflated
    check(
        check_threshold(lab, "parameters", weights) and check_threshold(lab, "file", size),
        measured=f"{file.parameters:,} weights that are not zero, {file.deflated:,} bytes in an archive",
        expected=f"at most {most[0]:,.0f} of {original.parameters:,} weights, "
        f"and {most[1]:,.0f} of {original.deflated:,} bytes",
        hint="not_smaller",
    )


def _require_accurate(evidence: ModelEvidence, lab: Lab) -> None:
    file, original = evidence.file.get(), evidence.original
    least = original.accuracy - lab.thresholds["accuracy_loss"]
    check(
        check_threshold(lab, "accuracy_loss", original.accuracy - file.accuracy),
        measured=f"an accuracy of {file.accuracy:.1%} on {evidence.images:,} digits that no run has seen",
        expected=f"at least {least:.1%}; the given network has {original.accuracy:.1%}",
        hint="accuracy",
    )
