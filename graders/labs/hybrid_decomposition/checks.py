"""What the lab's checks have in common: cases of a run, and arrays that are compared."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from graders.labs.hybrid_decomposition import solution

if TYPE_CHECKING:
    from graders.core.result import Result
    from graders.labs.hybrid_decomposition.evidence import Kept, Parts
    from graders.labs.hybrid_decomposition.problems import DecomposeCase, SparseCase

C = TypeVar("C")
T = TypeVar("T")


def answered(found: Iterable[tuple[C, Result[T]]], chosen: Callable[[C], bool] = lambda _: True) -> list[tuple[C, T]]:
    """The cases that a criterion is about, each with what was measured. :raises RunError: one of them failed."""
    return [(case, result.get()) for case, result in found if chosen(case)]


def working(found: Iterable[tuple[C, Result[T]]], optional: Callable[[C], bool] = lambda _: True) -> list[tuple[C, T]]:
    """The cases of which something was measured: why others failed is another criterion.

    :raises RunError: what the first one failed with, if all did; or one that is not ``optional``.
    """
    pairs = list(found)
    left = [(case, result) for case, result in pairs if result.error is None or not optional(case)]
    return answered(left or pairs)


def structured(case: SparseCase) -> bool:
    """Whether groups of several weights are kept or zero together."""
    return case.structure.name != "unstructured"


def kept_groups(case: SparseCase, kept: Any) -> tuple[Any, Any, Any]:
    """For each group: its size, how many of its weights are not zero though the residual's are not, its energy."""
    groups = case.structure.groups(case.residual.shape).ravel()
    sizes = np.bincount(groups)
    counts = np.bincount(groups, weights=(kept != 0).ravel()).astype(int)
    energies = np.bincount(groups, weights=np.square(case.residual, dtype=np.float64).ravel())
    return sizes, counts, energies


def whole(case: SparseCase, kept: Any) -> bool:
    """Whether each group is kept or zero as a whole."""
    sizes, counts, _ = kept_groups(case, kept)
    return bool(((counts == 0) | (counts == sizes)).all())


def fitting(case: SparseCase) -> tuple[int, int]:
    """The least and the most weights that may be kept.

    Where groups differ in size, how many weights fit depends on the groups: there is no room for another large one.
    Single weights may be one more or fewer, as those who work with a quantile have it.
    """
    sizes = np.bincount(case.structure.groups(case.residual.shape).ravel())
    most = case.share * case.residual.size * (1 + 1e-9)
    largest = int(sizes.max())
    slack = 1 if largest == 1 and 0 < case.share < 1 else 0
    most_whole = int(most) // int(np.gcd.reduce(sizes)) * int(np.gcd.reduce(sizes))
    return max(0, min(int(most) - largest + 1, case.residual.size) - slack), most_whole + slack


def top(case: SparseCase, kept: Any) -> bool | None:
    """Whether the groups with the largest energies are kept; None if nothing or everything is, or groups in part.

    A larger group may be left out for a smaller one of which only the latter fits.
    """
    sizes, counts, energies = kept_groups(case, kept)
    chosen = counts == sizes
    if not ((counts == 0) | chosen).all() or chosen.all() or not chosen.any():
        return None
    room = case.share * case.residual.size * (1 + 1e-9)
    total = 0
    for number in np.argsort(-energies, kind="stable"):
        if chosen[number]:
            total += int(sizes[number])
            continue
        smaller = chosen & (energies < energies[number] * (1 - 1e-5))
        if total + sizes[number] <= room:
            smaller_first = bool(smaller.any())
        else:
            smaller_first = bool((smaller & (sizes >= sizes[number])).any())
        if smaller_first:
            return False
    return True


def as_sparse(case: DecomposeCase) -> SparseCase:
    """A case of a decomposition as one of its sparse part."""
    from graders.labs.hybrid_decomposition.problems import SparseCase

    return SparseCase(case.structure, case.share, case.kernel)


def unchanged(kept: Kept, case: SparseCase) -> bool:
    """Whether the weights that were kept are the residual's."""
    mask = kept.kept != 0
    return bool(np.allclose(kept.kept[mask], case.residual[mask], rtol=1e-5, atol=0))


def untouched(given: Any, before: Any) -> bool:
    """Whether an argument is as before."""
    return bool(np.array_equal(given, before, equal_nan=True))


def error(parts: Parts, case: DecomposeCase) -> float:
    """The norm of what the parts miss, infinite if they fit no kernel.

    Transposed factors and too many sparse weights are another criterion: of these, the largest that may be kept count.
    """
    core, first, last, sparse = parts.core, parts.first, parts.last, parts.sparse
    if case.rank > 0 and core is None:
        return float("inf")
    if core is not None and core.ndim == 4:
        first, last = _upright(first, core.shape[2]), _upright(last, core.shape[3])
    try:
        kept = solution.keep_largest(sparse, case.share, case.structure.name, case.structure.block)
        rebuilt = solution.rebuilt((core, first, last, kept))
    except ValueError:
        return float("inf")
    if rebuilt.shape != case.kernel.shape:
        return float("inf")
    difference = float(np.linalg.norm(rebuilt.astype(np.float64) - case.kernel))
    return difference if np.isfinite(difference) else float("inf")


def _upright(factor: Any, rank: int) -> Any:
    """A factor as (channels, rank), if its other axis has the rank."""
    if factor is not None and factor.ndim == 2 and factor.shape[1] != rank == factor.shape[0]:
        return factor.T
    return factor
