"""Quality of predictions: against scikit-learn, and against cases that were worked out by hand."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from sklearn import metrics

from graders.measure.evaluation import evaluate


def one_hot(predicted: list[int], classes: int) -> NDArray[np.float64]:
    return np.eye(classes)[predicted]


def int_array(values: list[int]) -> NDArray[np.int64]:
    return np.array(values, dtype=np.int64)


def test_perfect_predictions() -> None:
    """Where every prediction is right, every figure is 1 and the confusion matrix is diagonal."""
    found = evaluate(one_hot([0, 1, 2, 1], 3), int_array([0, 1, 2, 1]))
    assert (found.samples, found.accuracy, found.precision, found.sensitivity) == (4, 1.0, 1.0, 1.0)
    assert found.g_mean == pytest.approx(1.0)
    assert found.top_5 == 1.0
    assert found.confusion == ((1, 0, 0), (0, 2, 0), (0, 0, 1))


def test_a_case_by_hand() -> None:
    """Six predictions over three classes give the figures that were worked out on paper."""
    found = evaluate(one_hot([0, 0, 1, 1, 1, 2], 3), int_array([0, 0, 0, 1, 2, 2]))
    assert found.accuracy == pytest.approx(4 / 6)
    assert found.precision == pytest.approx((1 + 1 / 3 + 1) / 3)
    assert found.sensitivity == pytest.approx((2 / 3 + 1 + 1 / 2) / 3)
    assert found.g_mean == pytest.approx((2 / 3 * 1 * 1 / 2) ** (1 / 3))
    assert found.confusion == ((2, 1, 0), (0, 1, 0), (0, 1, 1))


def test_a_class_that_is_never_predicted() -> None:
    """Its precision and sensitivity count as 0, no figure is NaN, and the geometric mean is 0."""
    found = evaluate(one_hot([0, 0, 0, 0], 2), int_array([0, 0, 1, 1]))
    assert found.precision == pytest.approx((0.5 + 0) / 2)
    assert found.sensitivity == pytest.approx((1 + 0) / 2)
    assert found.g_mean == 0.0


def test_a_class_that_does_not_occur() -> None:
    """A class without samples has no sensitivity to count, so that it lowers no mean of sensitivities."""
    found = evaluate(one_hot([0, 1], 3), int_array([0, 1]))
    assert found.sensitivity == 1.0
    assert found.g_mean == pytest.approx(1.0)
    assert found.confusion[2] == (0, 0, 0)


@pytest.mark.parametrize("label", range(4))
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_rows_without_numbers_are_wrong(bad: float, label: int) -> None:
    """A row with NaN or an infinity is wrong whatever its class: in accuracy, in top-5 and in the matrix."""
    scores = np.zeros((2, 4))
    scores[0, label] = 1.0
    scores[1, label] = bad
    found = evaluate(scores, int_array([label, label]))
    assert found.accuracy == 0.5
    assert found.top_5 == 0.5
    assert found.confusion[label][label] == 1
    assert sum(map(sum, found.confusion)) == 2


def test_a_row_with_one_nan_is_wrong_though_its_highest_score_is_right() -> None:
    """One NaN spoils its row, also where the other scores are right."""
    assert evaluate(np.array([[np.nan, 1.0]]), int_array([1])).accuracy == 0.0


@pytest.mark.parametrize("label", [0, 1, 4, 5, 39])
def test_ties_go_to_the_first_classes(label: int) -> None:
    """Of equal scores the first class is the prediction, and the first five are the best five."""
    found = evaluate(np.zeros((1, 40)), int_array([label]))
    assert found.accuracy == (label == 0)
    assert found.top_5 == (label < 5)
    assert found.confusion[label][0] == 1


def test_the_fifth_is_in_and_the_sixth_is_not() -> None:
    """Top-5 holds the fifth-best class and not the sixth-best."""
    scores = np.tile(np.arange(7, 0, -1.0), (2, 1))
    assert evaluate(scores, int_array([4, 5])).top_5 == 0.5


@pytest.mark.parametrize("classes", [2, 3, 5])
def test_top_5_of_up_to_five_classes(classes: int) -> None:
    """With no more than five classes everything is among the best five, however wrong."""
    found = evaluate(one_hot([0] * classes, classes), np.arange(classes))
    assert found.top_5 == 1.0
    assert found.accuracy == pytest.approx(1 / classes)


@pytest.mark.parametrize(
    ("shape", "labels"), [((3,), 3), ((3, 2, 1), 3), ((2, 3), 3), ((4, 3), 3), ((0, 3), 0), ((1, 3), 0)]
)
def test_shapes_that_do_not_fit_are_refused(shape: tuple[int, ...], labels: int) -> None:
    """Scores that are not one row for each label are refused in one line that names both."""
    with pytest.raises(ValueError, match=rf"for {labels} labels, got \({shape[0]}") as raised:
        evaluate(np.zeros(shape), np.zeros(labels, dtype=np.int64))
    assert "\n" not in str(raised.value)


cases = st.integers(2, 9).flatmap(
    lambda classes: st.tuples(
        st.just(classes),
        st.lists(st.tuples(st.integers(0, classes - 1), st.integers(0, classes - 1)), min_size=1, max_size=40),
        st.randoms(use_true_random=False),
    )
)


def scores_for(predicted: list[int], classes: int, seed: int) -> NDArray[np.float64]:
    """Scores without ties whose highest are the predictions."""
    scores = np.random.default_rng(seed).permuted(
        np.tile(np.arange(classes, dtype=np.float64), (len(predicted), 1)), axis=1
    )
    scores[np.arange(len(predicted)), predicted] = classes
    return scores


@given(cases)
def test_figures_are_those_of_scikit_learn(case: Any) -> None:
    """Accuracy, precision, sensitivity, top-5 and the matrix equal scikit-learn's for any predictions."""
    classes, pairs, random = case
    labels, predicted = int_array([a for a, _ in pairs]), [b for _, b in pairs]
    scores = scores_for(predicted, classes, random.randrange(2**32))
    found = evaluate(scores, labels)
    known, present = list(range(classes)), sorted(set(labels.tolist()))
    assert found.accuracy == pytest.approx(metrics.accuracy_score(labels, predicted))
    assert found.precision == pytest.approx(
        metrics.precision_score(labels, predicted, labels=known, average="macro", zero_division=0)
    )
    recalls = metrics.recall_score(labels, predicted, labels=present, average=None, zero_division=0)
    assert found.sensitivity == pytest.approx(float(np.mean(recalls)))
    assert found.g_mean == pytest.approx(math.prod(recalls) ** (1 / len(recalls)))
    np.testing.assert_array_equal(found.confusion, metrics.confusion_matrix(labels, predicted, labels=known))
    if classes > 5:
        top = metrics.top_k_accuracy_score(labels, scores, k=5, labels=known)
        assert found.top_5 == pytest.approx(top)


@given(cases, st.floats(0.01, 100), st.floats(-100, 100))
def test_only_the_order_of_scores_counts(case: Any, factor: float, offset: float) -> None:
    """Scores that are scaled and moved have the same quality, so that raw int8 codes may be judged as they are."""
    classes, pairs, random = case
    labels = int_array([a for a, _ in pairs])
    scores = scores_for([b for _, b in pairs], classes, random.randrange(2**32))
    assert evaluate(scores * factor + offset, labels) == evaluate(scores, labels)
    assert evaluate((scores - 5).astype(np.int8), labels) == evaluate(scores, labels)


@given(cases)
def test_figures_are_shares(case: Any) -> None:
    """Every figure lies in 0..1, top-5 is no less than accuracy, and the matrix counts every sample once."""
    classes, pairs, random = case
    labels = int_array([a for a, _ in pairs])
    found = evaluate(scores_for([b for _, b in pairs], classes, random.randrange(2**32)), labels)
    for share in (found.accuracy, found.precision, found.sensitivity, found.g_mean, found.top_5):
        assert 0.0 <= share <= 1.0 + 1e-12
    assert found.top_5 >= found.accuracy
    assert sum(map(sum, found.confusion)) == found.samples == len(labels)
