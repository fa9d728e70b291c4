"""What the lab's checks have in common: cases of a run, and arrays that are compared."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from graders.core.errors import RunError
from graders.labs.hybrid_decomposition import driver_solution as solution

if TYPE_CHECKING:
    from graders.core.result import Result
    from graders.labs.hybrid_decomposition.evidence import Kept, Parts
    from graders.labs.hybrid_decomposition.problems import DecomposeCase, SparseCase

C = TypeVar("C")
T = TypeVar("T")


def answered(found: Iterable[tuple[C, Result[T]]], chosen: Callable[[C], bool] = lambda _: True) -> list[tuple[C, T]]:
    """The cases that a criterion is about, each with what was measured. :raises RunError: one of them failed."""
    return [(case, result.get()) for case, result in found if chosen(case)]


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

    Where groups differ in size, smaller ones that fit after a larger one does not may be kept as well. Single weights
    may be one more, as those who work with a quantile have it.
    """
    groups = case.structure.groups(case.residual.shape).ravel()
    _, _, energies = kept_groups(case, case.residual)
    sizes = np.bincount(groups)[np.argsort(-energies, kind="stable")]
    most = case.share * case.residual.size * (1 + 1e-9)
    total = 0
    for size in sizes:
        total += int(size) if total + size <= most else 0
    slack = 1 if int(sizes.max()) == 1 and 0 < case.share < 1 else 0
    return max(0, _before_the_first(sizes, most) - slack), total + slack


def _before_the_first(sizes: Any, most: float) -> int:
    """The weights of the groups before the first that does not fit."""
    sums = np.cumsum(sizes)
    return int(max((each for each in sums if each <= most), default=0))


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
    """The norm of what the parts miss. :raises RunError: they fit neither each other nor the kernel."""
    try:
        rebuilt = solution.rebuilt((parts.core, parts.first, parts.last, parts.sparse))
    except ValueError:
        rebuilt = np.zeros(())
    if rebuilt.shape != case.kernel.shape:
        from graders.core.verdicts import Verdict

        raise RunError(Verdict.LOST, "the parts of the decomposition do not make up a kernel of the layer's shape")
    difference = float(np.linalg.norm(rebuilt.astype(np.float64) - case.kernel))
    return difference if np.isfinite(difference) else float("inf")
