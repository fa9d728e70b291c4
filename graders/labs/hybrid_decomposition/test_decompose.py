"""``decompose_kernel``: as exact as it can be, and in the form of the assignment."""

from __future__ import annotations

from typing import TYPE_CHECKING

from graders.framework.checks import criterion

if TYPE_CHECKING:
    from graders.framework.definition import Lab
    from graders.labs.hybrid_decomposition.evidence import DecomposeEvidence


@criterion("hybrid.decompose.tucker", runs="decompose-*")
def test_tucker(evidence: DecomposeEvidence, lab: Lab) -> None:
    """Without a sparse part, the error is tensorly's."""
    from graders.labs.hybrid_decomposition import kernel_checks

    kernel_checks.require_tucker(evidence, lab)


@criterion("hybrid.decompose.alternates", runs="decompose-*")
def test_alternation(evidence: DecomposeEvidence, lab: Lab) -> None:
    """With a sparse part, the error is well below that of a single pass."""
    from graders.labs.hybrid_decomposition import kernel_checks

    kernel_checks.require_alternation(evidence, lab)


@criterion("hybrid.decompose.parts", runs="decompose-*")
def test_parts(evidence: DecomposeEvidence) -> None:
    """Ranks, shapes and types are those of the assignment, and the kernel is as before."""
    from graders.labs.hybrid_decomposition import kernel_checks

    kernel_checks.require_parts(evidence)
