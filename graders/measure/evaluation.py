"""Quality of predictions on labelled data, through scikit-learn."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Evaluation:
    """Shares in 0..1 of ``samples`` predictions; ``confusion[i][j]`` counts class i taken for class j.

    ``precision`` and ``sensitivity`` are means over classes, a class that is never predicted counting 0; ``g_mean`` is
    the geometric mean of the classes' sensitivities; ``top_5`` is the share whose class is among the five highest.
    """

    samples: int
    accuracy: float
    precision: float
    sensitivity: float
    g_mean: float
    top_5: float
    confusion: tuple[tuple[int, ...], ...]


def evaluate(scores: NDArray[Any], labels: NDArray[np.int64]) -> Evaluation:
    """Quality of ``scores``, float (n, classes), the higher the likelier, against ``labels``, int (n,).

    A row with NaN counts as wrong for every class. :raises ValueError: the shapes do not fit each other.
    """
    from sklearn import metrics

    if scores.ndim != 2 or len(scores) != len(labels) or len(labels) == 0:
        raise ValueError(f"expected scores of shape (n, classes) for {len(labels)} labels, got {scores.shape}")
    classes = scores.shape[1]
    usable = np.isfinite(scores).all(axis=1)
    clean = np.where(usable[:, None], scores, 0.0).astype(np.float64)
    # A row without numbers is given a class that can't be right.
    predicted = np.where(usable, clean.argmax(axis=1), (labels + 1) % classes)
    known = list(range(classes))
    sensitivities = metrics.recall_score(labels, predicted, labels=known, average=None, zero_division=0)
    positive = np.asarray(sensitivities)[np.isin(known, labels)]
    g_mean = float(np.exp(np.mean(np.log(positive)))) if positive.all() else 0.0
    best = np.argsort(-clean, axis=1, kind="stable")[:, :5]
    top_5 = float(((best == labels[:, None]).any(axis=1) & usable).mean())
    confusion = metrics.confusion_matrix(labels, predicted, labels=known)
    return Evaluation(
        samples=len(labels),
        accuracy=float(metrics.accuracy_score(labels, predicted)),
        precision=float(metrics.precision_score(labels, predicted, labels=known, average="macro", zero_division=0)),
        sensitivity=float(positive.mean()),
        g_mean=g_mean,
        top_5=top_5,
        confusion=tuple(tuple(int(count) for count in row) for row in confusion),
    )
