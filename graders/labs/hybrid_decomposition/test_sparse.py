"""``sparse_residual``: how much is kept, as whole groups, the largest."""

from __future__ import annotations

from typing import TYPE_CHECKING

from graders.framework.checks import criterion

if TYPE_CHECKING:
    from graders.labs.hybrid_decomposition.evidence import SparseEvidence


@criterion("hybrid.sparse.share", runs="sparse-*")
def test_share(evidence: SparseEvidence) -> None:
    """As many weights are kept as the share allows, with the values that they have."""
    from graders.labs.hybrid_decomposition import kernel_checks

    kernel_checks.require_share(evidence)


@criterion("hybrid.sparse.groups", runs="sparse-*")
def test_groups(evidence: SparseEvidence) -> None:
    """With a structure, groups are kept or zero as a whole."""
    from graders.labs.hybrid_decomposition import kernel_checks

    kernel_checks.require_groups(evidence)


@criterion("hybrid.sparse.largest", runs="sparse-*")
def test_largest(evidence: SparseEvidence) -> None:
    """The groups with the largest sums of squares are kept."""
    from graders.labs.hybrid_decomposition import kernel_checks

    kernel_checks.require_largest(evidence)
