"""What was done to a network's weights, by its ``.tflite`` file: clustered, pruned, trained, left unfinished.

``measure`` does it all at once. Its parts are pure functions of arrays: a file's kernels as matrices (``kernels``), and
pairs of them with the original model's (``paired``). ZIP deflation is in ``graders.measure.sizes``.
"""

from graders.measure.compression.clusters import (
    UNEVEN,
    CentroidShift,
    Distinct,
    Spacing,
    at_most,
    centroid_shift,
    clusters_made,
    distinct_values,
    few,
    linear_centroids,
    overall,
    spacing,
)
from graders.measure.compression.histograms import BINS, Histogram, histogram, histograms
from graders.measure.compression.keras import KerasPairs, layer_of, pair_keras
from graders.measure.compression.kernels import DENSE, Kernel, KernelPair, Pairing, kernels, paired, unfinished
from graders.measure.compression.measured import Compression, measure
from graders.measure.compression.movement import (
    Coherence,
    find_coherence,
    neighbour_coherence,
    overall_coherence,
    row_coherence,
    unexplained,
)
from graders.measure.compression.sparsity import (
    Magnitudes,
    Misplaced,
    Pruned,
    Zeros,
    count_zeros,
    expected_zeros,
    magnitudes,
    misplaced_zeros,
    pruned,
)
from graders.measure.compression.weight_deltas import Tuning, WeightDelta, find_weight_deltas, tuning
from graders.measure.compression.wrapper_residue import OperatorCount, WrapperResidue, find_wrapper_residue

__all__ = [
    "BINS",
    "DENSE",
    "UNEVEN",
    "CentroidShift",
    "Coherence",
    "Compression",
    "Distinct",
    "Histogram",
    "KerasPairs",
    "Kernel",
    "KernelPair",
    "Magnitudes",
    "Misplaced",
    "OperatorCount",
    "Pairing",
    "Pruned",
    "Spacing",
    "Tuning",
    "WeightDelta",
    "WrapperResidue",
    "Zeros",
    "at_most",
    "centroid_shift",
    "clusters_made",
    "count_zeros",
    "distinct_values",
    "expected_zeros",
    "few",
    "find_coherence",
    "find_weight_deltas",
    "find_wrapper_residue",
    "histogram",
    "histograms",
    "kernels",
    "layer_of",
    "linear_centroids",
    "magnitudes",
    "measure",
    "misplaced_zeros",
    "neighbour_coherence",
    "overall",
    "overall_coherence",
    "pair_keras",
    "paired",
    "pruned",
    "row_coherence",
    "spacing",
    "tuning",
    "unexplained",
    "unfinished",
]
