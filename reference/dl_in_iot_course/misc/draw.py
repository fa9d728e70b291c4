"""Plots of results."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dl_in_iot_course.misc import metrics

if TYPE_CHECKING:
    from matplotlib.axes import Axes

DEFAULT_DPI = 100
MOST_CLASSES_WITH_NUMBERS = 60


def draw_confusion_matrix(
    confusion_matrix: ArrayLike,
    outpath: Path | str | None,
    title: str,
    class_names: Sequence[str] | Mapping[int, str],
    cmap: Any = None,
    figsize: Sequence[float] | None = None,
    dpi: int | None = None,
) -> None:
    """Draw a confusion matrix, with the sensitivity and precision of each class beside its name.

    A row is a true class, a column a predicted one; a cell shows the percentage of its row's samples that were
    predicted as its column. Rows without samples stay empty.

    Args:
        confusion_matrix: counts ``[truth, prediction]`` of shape (classes, classes).
        outpath: the image file to write; its ending chooses the format. ``None`` shows a window instead.
        title: stands above the plot, followed by the accuracy.
        class_names: names in the order of the class ids, or a dict from id to name.
        cmap: a matplotlib colour map or the name of one.
        figsize: width and height in inches; the default grows with the number of classes.
        dpi: pixels per inch.

    Raises:
        ValueError: the matrix is not square, or the number of names is not the number of classes.
    """
    matrix = np.asarray(confusion_matrix, dtype=np.float64)
    names = _names_in_order(class_names)
    heading = f"{title} (accuracy {metrics.accuracy(matrix):.4f})"
    if len(names) != len(matrix):
        raise ValueError(f"{len(matrix)} classes need as many names, not {len(names)}")
    side = max(5.0, 2.0 + 0.36 * len(names))
    size = (float(figsize[0]), float(figsize[1])) if figsize is not None else (side + 1.0, side)
    if outpath is None:
        from matplotlib import pyplot

        figure = pyplot.figure(figsize=size, dpi=dpi or DEFAULT_DPI, layout="constrained")
        _draw_matrix(figure.add_subplot(), matrix, names, heading, cmap or "BuPu")
        pyplot.show()
    else:
        # A figure of its own: pyplot would keep every figure alive and ask for a display.
        from matplotlib.figure import Figure

        figure = Figure(figsize=size, dpi=dpi or DEFAULT_DPI, layout="constrained")
        _draw_matrix(figure.add_subplot(), matrix, names, heading, cmap or "BuPu")
        figure.savefig(outpath)


def _names_in_order(class_names: Sequence[str] | Mapping[int, str]) -> list[str]:
    if isinstance(class_names, Mapping):
        return [str(class_names[number]) for number in sorted(class_names)]
    return [str(name) for name in class_names]


def _draw_matrix(axes: Axes, matrix: NDArray[np.float64], names: list[str], heading: str, cmap: Any) -> None:
    per_row = matrix.sum(axis=1, keepdims=True)
    shares = np.divide(matrix, per_row, out=np.zeros_like(matrix), where=per_row > 0)
    image = axes.imshow(shares, cmap=cmap, vmin=0.0, vmax=1.0, interpolation="nearest")
    ticks = range(len(names))
    sensitivity, precision = metrics.class_sensitivity(matrix), metrics.class_precision(matrix)
    axes.set_xticks(ticks, [f"{name} {100 * precision[i]:.0f}" for i, name in enumerate(names)], rotation=90)
    axes.set_yticks(ticks, [f"{name} {100 * sensitivity[i]:.0f}" for i, name in enumerate(names)])
    axes.set_xlabel("predicted class, with its precision in %")
    axes.set_ylabel("true class, with its sensitivity in %")
    axes.set_title(heading)
    axes.figure.colorbar(image, ax=axes, shrink=0.6, label="share of the true class")
    if len(names) <= MOST_CLASSES_WITH_NUMBERS:
        _write_shares(axes, shares)


def _write_shares(axes: Axes, shares: NDArray[np.float64]) -> None:
    for row, column in np.argwhere(shares > 0):
        share = shares[row, column]
        colour = "white" if share > 0.5 else "black"
        axes.text(column, row, f"{100 * share:.0f}", ha="center", va="center", fontsize="x-small", color=colour)
