from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray
from sklearn.metrics import accuracy_score, precision_score, recall_score

Matrix = NDArray[np.int64]

confusion_matrices = st.integers(1, 8).flatmap(lambda side: arrays(np.int64, (side, side), elements=st.integers(0, 9)))
filled_matrices = confusion_matrices.filter(lambda matrix: matrix.sum() > 0)


def labels_of(matrix: Matrix) -> tuple[Matrix, Matrix]:
    """One (truth, prediction) pair for each count of a confusion matrix."""
    truth, prediction = np.indices(matrix.shape).reshape(2, -1)
    return np.repeat(truth, matrix.ravel()), np.repeat(prediction, matrix.ravel())


@given(matrix=filled_matrices)
def test_agree_with_scikit_learn(kit: Any, matrix: Matrix) -> None:
    """Accuracy, precision and sensitivity are scikit-learn's accuracy, macro precision and macro recall."""
    truth, prediction = labels_of(matrix)
    options = {"labels": range(len(matrix)), "average": "macro", "zero_division": 0}

    assert kit.metrics.accuracy(matrix) == pytest.approx(accuracy_score(truth, prediction))
    assert kit.metrics.mean_precision(matrix) == pytest.approx(precision_score(truth, prediction, **options))
    assert kit.metrics.mean_sensitivity(matrix) == pytest.approx(recall_score(truth, prediction, **options))


@given(matrix=filled_matrices)
def test_g_mean_is_the_geometric_mean_of_sensitivities(kit: Any, matrix: Matrix) -> None:
    """The G-mean is the n-th root of the product of the n classes' sensitivities."""
    truth, prediction = labels_of(matrix)
    sensitivity = recall_score(truth, prediction, labels=range(len(matrix)), average=None, zero_division=0)

    assert kit.metrics.g_mean(matrix) == pytest.approx(np.prod(sensitivity) ** (1 / len(matrix)))


def test_precision_and_sensitivity_are_told_apart(kit: Any) -> None:
    """Of [[3, 1], [0, 4]] the sensitivities are 3/4 and 1, and the precisions 1 and 4/5."""
    matrix = [[3, 1], [0, 4]]

    assert kit.metrics.mean_sensitivity(matrix) == pytest.approx((3 / 4 + 1) / 2)
    assert kit.metrics.mean_precision(matrix) == pytest.approx((1 + 4 / 5) / 2)


@given(matrix=confusion_matrices)
def test_every_metric_is_a_share(kit: Any, matrix: Matrix) -> None:
    """No matrix, not even one without any sample, gives NaN or anything outside of 0 to 1."""
    for metric in (
        kit.metrics.accuracy,
        kit.metrics.mean_precision,
        kit.metrics.mean_sensitivity,
        kit.metrics.g_mean,
    ):
        value = metric(matrix)
        assert type(value) is float
        assert 0 <= value <= 1 + 1e-12


def test_g_mean_does_not_underflow(kit: Any) -> None:
    """1000 classes of sensitivity 1/1000 have the G-mean 1/1000, though the product is far below the least float."""
    matrix = np.ones((1000, 1000))

    assert kit.metrics.g_mean(matrix) == pytest.approx(1 / 1000)


@pytest.mark.parametrize("shape", [(2, 3), (4,), (0, 0), (2, 2, 2)])
def test_other_shapes_are_refused(kit: Any, shape: tuple[int, ...]) -> None:
    """What is not a square matrix is an error that names its shape."""
    with pytest.raises(ValueError, match="square") as caught:
        kit.metrics.accuracy(np.zeros(shape))
    assert str(shape) in str(caught.value)
