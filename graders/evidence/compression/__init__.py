"""What was done to a network's weights, told from its ``.tflite`` file: clustered, pruned, trained, left unfinished.

``measure`` does it all at once. Its parts are pure functions of arrays: a file's kernels as matrices (``kernels``), and
pairs of them with the original model's (``paired``). ZIP deflation is in ``graders.evidence.sizes``.
"""

from graders.evidence.compression.clusters import (
    UNEVEN,
    CentroidShift,
    Distinct,
    Spacing,
    at_most,
    centroid_shift,
    clusters_used,
    distinct_values,
    few,
    linear_centroids,
    overall,
    spacing,
)
from graders.evidence.compression.histograms import BINS, Histogram, histogram, histograms
from graders.evidence.compression.kernels import DENSE, Kernel, KernelPair, Pairing, kernels, paired, unfinished
from graders.evidence.compression.leftovers import Leftovers, OperatorCount, leftovers
from graders.evidence.compression.measured import Compression, measure
from graders.evidence.compression.movement import Movement, Tuning, movements, tuning
from graders.evidence.compression.zeros import (
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

__all__ = [
    "BINS",
    "DENSE",
    "UNEVEN",
    "CentroidShift",
    "Compression",
    "Distinct",
    "Histogram",
    "Kernel",
    "KernelPair",
    "Leftovers",
    "Magnitudes",
    "Misplaced",
    "Movement",
    "OperatorCount",
    "Pairing",
    "Pruned",
    "Spacing",
    "Tuning",
    "Zeros",
    "at_most",
    "centroid_shift",
    "clusters_used",
    "count_zeros",
    "distinct_values",
    "expected_zeros",
    "few",
    "histogram",
    "histograms",
    "kernels",
    "leftovers",
    "linear_centroids",
    "magnitudes",
    "measure",
    "misplaced_zeros",
    "movements",
    "overall",
    "paired",
    "pruned",
    "spacing",
    "tuning",
    "unfinished",
]
