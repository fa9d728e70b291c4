"""Wrappers of tfmot that were left in a file: operators that the original network does not have, and its size."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from graders.measure.tflite.model import Model

WRITING_OPERATORS = frozenset({"VAR_HANDLE", "ASSIGN_VARIABLE", "CALL_ONCE"})
"""Both wrappers write a variable in each inference, which keeps the converter from making a constant of it."""
READING_OPERATOR = "READ_VARIABLE"
"""Pruning's wrapper computes with the masked weights that it wrote; clustering's never reads the indices back."""
LOOKUP_OPERATORS = frozenset({"ARG_MIN", "GATHER"})
"""Clustering's wrapper looks for each weight's nearest centroid; for small kernels the converter does it in advance."""


@dataclass(frozen=True)
class OperatorCount:
    """An operator, ``CUSTOM FlexErf`` for one that is not TensorFlow Lite's own, and how many of it."""

    operator: str
    count: int


@dataclass(frozen=True)
class WrapperResidue:
    """What a file has beyond the original network.

    ``wrapper`` is ``"clustering"``, ``"pruning"``, or None if no wrapper was recognised. ``extra`` counts operators
    beyond the original's, in all subgraphs. ``size_ratio`` is the file's size over the original file's.
    """

    wrapper: str | None
    extra: tuple[OperatorCount, ...]
    size_ratio: float


def find_wrapper_residue(model: Model, original: Model) -> WrapperResidue:
    """Looks for wrappers by the operators that they need.

    Stripped, a model has the original's operators and, within some bytes, its size: constants of the same shapes, of
    other values.
    """
    extra = _operators(model) - _operators(original)
    wrapper = None
    if READING_OPERATOR in extra:
        wrapper = "pruning"
    elif extra.keys() & (LOOKUP_OPERATORS | WRITING_OPERATORS):
        wrapper = "clustering"
    counts = tuple(OperatorCount(name, count) for name, count in sorted(extra.items()))
    return WrapperResidue(wrapper, counts, model.size / original.size if original.size else 0.0)


def _operators(model: Model) -> Counter[str]:
    return Counter(operator.label for graph in model.subgraphs for operator in graph.operators)
