"""What each function must do: the sparse part and the decomposition."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from graders.framework.checks import check, check_threshold
from graders.labs.hybrid_decomposition import checks, solution

if TYPE_CHECKING:
    from graders.framework.definition import Lab
    from graders.labs.hybrid_decomposition.evidence import DecomposeEvidence, Parts, SparseEvidence
    from graders.labs.hybrid_decomposition.problems import DecomposeCase


def require_share(evidence: SparseEvidence) -> None:
    """As many weights are kept as the share allows, with the values that they have."""
    # A structure that fails costs the criterion of groups.
    for case, kept in checks.working(evidence.found, checks.structured):
        least, most = checks.fitting(case)
        sizes, counts, _ = checks.kept_groups(case, kept.kept)
        # Where groups are kept in part, which is another criterion, the number is not exact.
        slack = 0 if checks.whole(case, kept.kept) else int(sizes.max())
        found = int(counts.sum())
        check(
            least - slack <= found <= most + slack,
            measured=f"{case.structure}: {found:,} of {case.residual.size:,} weights are kept",
            expected=f"{f'{least:,} to ' if least < most else ''}{most:,} with the share {case.share:.4f}",
            hint="too_many_kept" if found > most else "too_few_kept",
        )
        check(
            checks.unchanged(kept, case),
            measured=f"{case.structure}: kept weights have other values",
            expected="the residual's own weights",
            hint="changed_weights",
        )
        check(
            checks.untouched(kept.given, case.residual),
            measured=f"{case.structure}: the residual was changed",
            expected="the residual as it was",
            hint="changed_argument",
            function="sparse_residual",
        )


def require_groups(evidence: SparseEvidence) -> None:
    """With a structure, groups are kept or zero as a whole."""
    seen = 0
    for case, kept in checks.answered(evidence.found, checks.structured):
        sizes, counts, _ = checks.kept_groups(case, kept.kept)
        parts = int(((counts > 0) & (counts < sizes)).sum())
        seen += bool(0 < counts.sum() < sizes.sum())
        check(
            parts == 0,
            measured=f"{case.structure}: {parts} of {len(sizes)} groups are kept in part",
            expected="each group is kept or zero as a whole",
            hint="not_whole",
            structure=case.structure,
        )
    check(seen > 0, measured="nothing or everything is kept", expected="some groups are kept", hint="nothing_to_see")


def require_largest(evidence: SparseEvidence) -> None:
    """The groups with the largest sums of squares are kept."""
    seen = 0
    for case, kept in checks.working(evidence.found):
        found = checks.top(case, kept.kept)
        seen += found is not None
        check(
            found is not False,
            measured=f"{case.structure}: a larger group was left out for a smaller one",
            expected="the groups with the largest sums of squares",
            hint="not_largest",
            structure=case.structure,
        )
    check(
        seen > 0,
        measured="no structure shows it",
        expected="whole groups, of which some are kept",
        hint="nothing_to_see",
    )


def require_tucker(evidence: DecomposeEvidence, lab: Lab) -> None:
    """Without a sparse part, the error is tensorly's."""

    def dense(case: DecomposeCase) -> bool:
        return case.share == 0 and 0 < case.rank <= min(case.kernel.shape[2:])

    for case, parts in checks.answered(evidence.found, dense):
        exact = case.kernel.astype(np.float64)
        core, factors = solution.tucker(exact, case.rank)
        least = float(np.linalg.norm(solution.expand(core, *factors) - exact))
        norm = float(np.linalg.norm(exact))
        # What float32 rounds off, where nothing else is missing.
        found, allowed = checks.error(parts, case), least + 1e-5 * norm
        _require_fit(found)
        check(
            check_threshold(lab, "exactness", found / allowed),
            measured=f"rank {case.rank}: the error is {found / norm:.2%} of the kernel's norm",
            expected=f"at most {lab.thresholds['exactness'] * allowed / norm:.2%}; tensorly's has {least / norm:.2%}",
            hint="less_exact",
        )


def _require_fit(error: float) -> None:
    check(
        error < float("inf"),
        measured="the parts do not make up a kernel of the layer's shape",
        expected="core, first and last that fit each other",
        hint="ranks",
    )


def require_alternation(evidence: DecomposeEvidence, lab: Lab) -> None:
    """With a sparse part, the error is well below that of a single pass where that is possible, and never above."""
    for case, parts in checks.answered(evidence.found, lambda case: case.share > 0 and case.rank > 0):
        exact = case.kernel.astype(np.float64)
        norm = float(np.linalg.norm(exact))
        structure = case.structure
        best = solution.decompose(case.kernel, case.rank, case.share, structure.name, structure.block)
        least = float(np.linalg.norm(solution.rebuilt(best) - exact))
        single = single_pass(case)
        found = checks.error(parts, case)
        _require_fit(found)
        if not case.alternating:
            check(
                check_threshold(lab, "exactness", found / single),
                measured=f"{structure}, rank {case.rank}: the error is {found / norm:.2%} of the kernel's norm",
                expected=f"at most the {single / norm:.2%} of a single pass",
                hint="single_pass",
            )
            continue
        check(
            check_threshold(lab, "rounds", (found - least) / (single - least)),
            measured=f"{structure}, rank {case.rank}: the error is {found / norm:.2%} of the kernel's norm",
            expected=f"well below the {single / norm:.2%} of a single pass; {least / norm:.2%} is possible",
            hint="single_pass",
        )


def single_pass(case: DecomposeCase) -> float:
    """The error of one decomposition and of the sparse part of what it leaves."""
    exact, structure = case.kernel.astype(np.float64), case.structure
    core, factors = solution.tucker(exact, case.rank)
    residual = exact - solution.expand(core, *factors)
    return float(
        np.linalg.norm(residual - solution.keep_largest(residual, case.share, structure.name, structure.block))
    )


def require_parts(evidence: DecomposeEvidence) -> None:
    """Ranks, shapes and types are those of the assignment, and the kernel is as before."""
    for case, parts in checks.answered(evidence.found):
        _require_shapes(case, parts)
        arrays = [each for each in (parts.core, parts.first, parts.last, parts.sparse) if each is not None]
        check(
            all(each.dtype == np.float32 for each in arrays),
            measured=f"parts of {', '.join(sorted({str(each.dtype) for each in arrays}))}",
            expected="float32",
            hint="not_float32",
        )
        check(
            checks.untouched(parts.given, case.kernel),
            measured="the kernel was changed",
            expected="the kernel as it was",
            hint="changed_argument",
            function="decompose_kernel",
        )
        check(
            case.share > 0 or not parts.sparse.any(),
            measured=f"share 0: {int(np.count_nonzero(parts.sparse)):,} weights in the sparse kernel",
            expected="none",
            hint="share_0",
        )
        kept = checks.as_sparse(case)
        _, most = checks.fitting(kept)
        held = int(np.count_nonzero(parts.sparse))
        check(
            held <= most and checks.whole(kept, parts.sparse),
            measured=f"{case.structure}: {held:,} weights in the sparse kernel"
            + ("" if checks.whole(kept, parts.sparse) else ", some groups in part"),
            expected=f"at most {most:,}, in whole groups",
            hint="sparse_part",
        )


def _require_shapes(case: DecomposeCase, parts: Parts) -> None:
    height, width, inputs, filters = case.kernel.shape
    dense = (parts.core, parts.first, parts.last)
    if case.rank == 0:
        structure = case.structure
        expected = solution.keep_largest(case.kernel, case.share, structure.name, structure.block)
        check(
            all(each is None for each in dense) and bool(np.allclose(parts.sparse, expected, atol=1e-6)),
            measured="rank 0: " + ("another sparse kernel" if all(each is None for each in dense) else "a Tucker part"),
            expected="the sparse kernel of the kernel itself, and nothing else",
            hint="rank_0",
        )
        return
    first, last = min(case.rank, inputs), min(case.rank, filters)
    shapes = [None if each is None else each.shape for each in (*dense, parts.sparse)]
    wanted = [(height, width, first, last), (inputs, first), (filters, last), case.kernel.shape]
    check(
        shapes == wanted,
        measured=f"rank {case.rank} of a kernel {_shown(case.kernel.shape)}: {', '.join(map(_shown, shapes))}",
        expected=f"core, first, last and sparse as {', '.join(map(_shown, wanted))}",
        hint="ranks",
    )


def _shown(shape: tuple[int, ...] | None) -> str:
    return "none" if shape is None else "x".join(map(str, shape))
