"""All that there is to measure about a compressed file, at once and as plain data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from graders.measure.compression.clusters import (
    CentroidShift,
    Distinct,
    Spacing,
    centroid_shift,
    clusters_made,
    distinct_values,
    spacing,
)
from graders.measure.compression.histograms import Histogram, histograms
from graders.measure.compression.kernels import computed_kernels, kernels, paired, unwrapped
from graders.measure.compression.movement import Coherence, find_coherence
from graders.measure.compression.sparsity import Magnitudes, Misplaced, Zeros, count_zeros, magnitudes, misplaced_zeros
from graders.measure.compression.weight_deltas import WeightDelta, find_weight_deltas
from graders.measure.compression.wrapper_residue import WrapperResidue, find_wrapper_residue
from graders.measure.tflite.weights import weights


@dataclass(frozen=True)
class Compression:
    """A compressed file against the original model's float32 file.

    ``distinct``, ``spacing``, ``shifts`` and ``magnitudes`` are of the compressible kernels, ``zeros`` and
    ``weight_deltas`` of all, ``coherence`` of those that only training moves; in the order of the graph. ``difference``
    says why the file is of another network, as one with wrappers left in is; what needs the original's kernels
    (``shifts``, ``misplaced``, ``magnitudes``, ``weight_deltas``, ``coherence``) is then empty, or lacks the kernels
    that the file computes if wrappers are all that is different. ``spacing`` and ``shifts`` are empty without a number
    of clusters, and of ``clusters``, those that were made (:func:`clusters_made`); ``magnitudes`` are empty without a
    sparsity. ``histograms`` are of at most two kernels.
    """

    difference: str
    wrapper_residue: WrapperResidue
    distinct: tuple[Distinct, ...]
    spacing: tuple[Spacing, ...]
    shifts: tuple[CentroidShift, ...]
    zeros: tuple[Zeros, ...]
    misplaced: tuple[Misplaced, ...]
    magnitudes: tuple[Magnitudes, ...]
    weight_deltas: tuple[WeightDelta, ...]
    histograms: tuple[Histogram, ...] = ()
    clusters: int | None = None
    coherence: tuple[Coherence, ...] = ()


def measure(
    data: bytes,
    original: bytes,
    *,
    clusters: int | None = None,
    sparsity: float | None = None,
    computed: Mapping[int, NDArray[Any]] | None = None,
) -> Compression:
    """Measures a ``.tflite`` file.

    :param original: the file of the same network before compression, float32
    :param clusters: the requested number of clusters
    :param sparsity: the requested sparsity, in [0, 1)
    :param computed: kernels that are no constants (:func:`unfinished`), as an inference computed them
    :raises MalformedModel: either is no ``.tflite`` file
    """
    # Only the scorer reads files; the grader imports this module for what they hold.
    from graders.measure.tflite.reader import read_model

    model, before = read_model(data), read_model(original)
    found = kernels(weights(data, model))
    if computed:
        found = tuple(sorted((*found, *computed_kernels(model, computed)), key=lambda kernel: kernel.operator))
    compressible = [kernel for kernel in found if kernel.compressible]
    theirs = kernels(weights(original, before))
    pairing = paired(model, found, before, theirs)
    left = find_wrapper_residue(model, before)
    pairs = pairing.pairs or ()
    if pairing.pairs is None and left.wrapper is not None:
        pairs = unwrapped(found, theirs, computed=computed or {})
    matched = [pair for pair in pairs if pair.original.compressible]
    made = None if clusters is None else clusters_made(compressible, clusters)
    shifts = [] if made is None else [centroid_shift(pair.found, pair.original, made) for pair in matched]
    return Compression(
        difference=pairing.reason,
        wrapper_residue=left,
        distinct=tuple(distinct_values(kernel) for kernel in compressible),
        spacing=() if made is None else tuple(spacing(kernel, made) for kernel in compressible),
        shifts=tuple(shift for shift in shifts if shift is not None),
        zeros=tuple(count_zeros(kernel) for kernel in found),
        misplaced=misplaced_zeros(pairs),
        magnitudes=() if sparsity is None else tuple(magnitudes(pair, sparsity) for pair in matched),
        weight_deltas=find_weight_deltas(pairs),
        histograms=histograms(found, pairs),
        clusters=made,
        coherence=find_coherence(pairs, clustered=clusters is not None),
    )
