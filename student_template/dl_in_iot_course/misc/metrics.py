"""Quality metrics of a classifier, computed from its confusion matrix.

Every function takes a square matrix with ``confusion_matrix[truth, prediction]`` counts, as an array or nested lists,
and returns a float from 0 to 1. A ratio whose denominator is 0 (a class that was never predicted has no precision, one
that never occurred no sensitivity) counts as 0, as ``zero_division=0`` does in scikit-learn; no result is ever NaN.
Anything but a square matrix raises ``ValueError``.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray


def accuracy(confusion_matrix: ArrayLike) -> float:
    """The share of all samples whose class was predicted; 0 for a matrix without samples."""
    matrix = _square(confusion_matrix)
    return float(_ratio(np.array([np.trace(matrix)]), np.array([matrix.sum()]))[0])


def mean_precision(confusion_matrix: ArrayLike) -> float:
    """The mean over classes of: right predictions of the class / all predictions of it (macro precision)."""
    return float(class_precision(confusion_matrix).mean())


def mean_sensitivity(confusion_matrix: ArrayLike) -> float:
    """The mean over classes of: right predictions of the class / all samples of it (macro recall)."""
    return float(class_sensitivity(confusion_matrix).mean())


def g_mean(confusion_matrix: ArrayLike) -> float:
    """The geometric mean of the classes' sensitivities: 0 as soon as one class is never recognised."""
    sensitivity = class_sensitivity(confusion_matrix)
    if not sensitivity.all():
        return 0.0
    # A sum of logarithms, because a product of many small factors underflows.
    return float(np.exp(np.log(sensitivity).mean()))


def class_precision(confusion_matrix: ArrayLike) -> NDArray[np.float64]:
    """The precision of each class, float64 of shape (classes,)."""
    matrix = _square(confusion_matrix)
    return _ratio(matrix.diagonal(), matrix.sum(axis=0))


def class_sensitivity(confusion_matrix: ArrayLike) -> NDArray[np.float64]:
    """The sensitivity (recall) of each class, float64 of shape (classes,)."""
    matrix = _square(confusion_matrix)
    return _ratio(matrix.diagonal(), matrix.sum(axis=1))


def _square(confusion_matrix: ArrayLike) -> NDArray[np.float64]:
    matrix = np.asarray(confusion_matrix, dtype=np.float64)
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1] or matrix.size == 0:
        raise ValueError(f"a confusion matrix must be square (classes, classes), not of shape {matrix.shape}")
    return matrix


def _ratio(part: NDArray[np.float64], whole: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.divide(part, whole, out=np.zeros(whole.shape), where=whole > 0)
