"""Lay out a confusion matrix: a heat map of row shares, and the confusions that matter most as a table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from graders.core import charts
from graders.core.text import html_label, html_text

from ._formatting import Fitted

GUTTER = 112
_MOST_CLASSES = 64
_MOST_CONFUSIONS = 8
_SIDE = 490
_LEVELS = (0.1, 0.25, 0.5, 0.75)  # shares of a row at which the shade gets darker


@dataclass(frozen=True, kw_only=True)
class Cells:
    """The cells of a row that have the same shade (1 to 5); one path, a unit square each."""

    is_right: bool
    level: int
    path: Fitted


@dataclass(frozen=True, kw_only=True)
class Row:
    """One true class; `tip` says in words where its images went."""

    label: str
    tip: str
    cells: tuple[Cells, ...]
    counts: tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class Confusion:
    """One wrong answer that came up often."""

    truth: str
    answer: str
    count: int
    of: int


@dataclass(frozen=True, kw_only=True)
class MatrixDrawing:
    """A heat map ready to draw (`cell` is the side of a square); without counts it has no rows."""

    title: str
    caption: str
    cell: int = 0
    labels: tuple[str, ...] = ()
    rows: tuple[Row, ...] = ()
    right: int = 0
    total: int = 0
    confusions: tuple[Confusion, ...] = ()
    note: str = ""

    @property
    def description(self) -> str:
        """The text alternative: what the picture shows at a glance."""
        share = f" ({100 * self.right / self.total:.1f} %)" if self.total else ""
        worst = self.confusions[0] if self.confusions else None
        often = (
            f" Most often, {worst.truth} is taken for {worst.answer} ({worst.count} of {worst.of})." if worst else ""
        )
        return (
            f"{self.right} of {self.total} images lie on the diagonal{share}, over {len(self.labels)} classes."
            f"{often} Rows are true classes, columns are predicted ones."
        )


def draw_matrix(chart: charts.ConfusionMatrix) -> MatrixDrawing:
    """Lay out a confusion matrix; `matrix[i][j]` counts images of class i taken for class j."""
    title = html_label(chart.title, 120)
    caption = html_text(chart.caption, 600)
    size = len(chart.matrix)
    if size > _MOST_CLASSES:
        note = f"{size:,} classes are too many to draw."
        return MatrixDrawing(title=title, caption=caption, note=note)
    counts = [_counts(row, size) for row in chart.matrix]
    total = sum(map(sum, counts))
    if not total:
        return MatrixDrawing(title=title, caption=caption)
    names = chart.labels
    labels = tuple(html_label(names[i], 20) if i < len(names) else f"class {i}" for i in range(size))
    return MatrixDrawing(
        title=title,
        caption=caption,
        cell=max(12, min(34, _SIDE // size)),
        labels=labels,
        rows=tuple(_row(index, row, labels) for index, row in enumerate(counts)),
        right=sum(counts[i][i] for i in range(size)),
        total=total,
        confusions=_worst(counts, labels),
    )


def _counts(row: Sequence[int], size: int) -> tuple[int, ...]:
    whole = [max(count, 0) for count in row[:size]]
    return tuple(whole + [0] * (size - len(whole)))


def _row(index: int, counts: tuple[int, ...], labels: tuple[str, ...]) -> Row:
    total = sum(counts)
    wrong = sorted(((count, j) for j, count in enumerate(counts) if count and j != index), key=lambda item: -item[0])
    tip = f"{labels[index]}: {counts[index]} of {total} right"
    if wrong:
        tip += "; taken for " + ", ".join(f"{labels[j]} {count}" for count, j in wrong[:6])
    if len(wrong) > 6:
        tip += f" and {len(wrong) - 6} more"
    return Row(label=labels[index], tip=tip, cells=_cells(index, counts, total), counts=counts)


def _cells(index: int, counts: tuple[int, ...], total: int) -> tuple[Cells, ...]:
    squares: dict[tuple[bool, int], list[str]] = {}
    for column, count in enumerate(counts):
        if count:
            level = 1 + sum(count / total > bound for bound in _LEVELS)
            squares.setdefault((column == index, level), []).append(f"M{column} {index}h1v1h-1z")
    return tuple(
        Cells(is_right=is_right, level=level, path=Fitted("".join(paths)))
        for (is_right, level), paths in squares.items()
    )


def _worst(counts: Sequence[tuple[int, ...]], labels: tuple[str, ...]) -> tuple[Confusion, ...]:
    wrong = [
        Confusion(truth=labels[i], answer=labels[j], count=count, of=sum(row))
        for i, row in enumerate(counts)
        for j, count in enumerate(row)
        if count and i != j
    ]
    return tuple(sorted(wrong, key=lambda confusion: (-confusion.count, confusion.of))[:_MOST_CONFUSIONS])
