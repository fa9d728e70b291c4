"""A report that compares measured models: a table, and charts of size, speed and quality."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from kenning.core.exceptions import ScenarioError

COLUMNS = (
    "Model", "Accuracy", "Mean precision", "Mean sensitivity", "G-mean", "Top-5", "Inference", "Size",
    "Compressed size", "Size reduction", "Zeros",
)  # fmt: skip
STYLE = (
    "body{font-family:sans-serif;margin:2em}td,th{padding:.3em .6em;border:1px solid #999}"
    "table{border-collapse:collapse}img{max-width:100%}"
)


@dataclass(frozen=True)
class Row:
    """The metrics of a model."""

    name: str
    accuracy: float
    precision: float
    sensitivity: float
    g_mean: float
    top_5: float
    inference_ms: float
    size: int
    compressed: int
    sparsity: float


def read_row(path: Path) -> Row:
    """The metrics in a file of measurements. Raises ScenarioError if they are not there."""
    try:
        data: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        matrix = np.array(data["eval_confusion_matrix"], dtype=np.float64)
        # The first inference also pays for tracing.
        times = data["target_inference_step"][1:] or data["target_inference_step"]
        recalls = diagonal_shares(matrix)
        return Row(
            name=path.stem,
            accuracy=float(np.trace(matrix) / matrix.sum()),
            precision=float(np.mean(diagonal_shares(matrix.T))),
            sensitivity=float(np.mean(recalls)),
            g_mean=float(np.prod(recalls) ** (1 / len(recalls))),
            top_5=float(data["top_5_count"] / data["total"]),
            inference_ms=float(np.mean(times)) * 1000,
            size=int(data["compiled_model_size"]),
            compressed=int(data["compressed_model_size"]),
            sparsity=float(data["sparsity"]),
        )
    except FileNotFoundError as problem:
        raise ScenarioError(f"there are no measurements {path}: run 'test' with that --measurements first") from problem
    except (ValueError, KeyError, TypeError, AttributeError, ZeroDivisionError) as problem:
        raise ScenarioError(f"{path} holds no measurements of 'test': {problem!r}") from problem


def diagonal_shares(matrix: Any) -> Any:
    """For each row the share on the diagonal; 0 for empty rows."""
    totals = matrix.sum(axis=1)
    return np.divide(np.diag(matrix), totals, out=np.zeros(len(matrix)), where=totals > 0)


def write_report(measurements: list[Path], path: Path, *, html: bool) -> list[Path]:
    """Writes the report, its charts in ``img/`` beside it, and an HTML page if asked to.

    Returns:
        The files that were written.
    """
    rows = [read_row(each) for each in measurements]
    images = path.parent / "img"
    images.mkdir(parents=True, exist_ok=True)
    charts = [images / f"{path.stem}-comparison.png", images / f"{path.stem}-metrics.png"]
    draw_comparison(rows, charts[0])
    draw_metrics(rows, charts[1])
    text = as_markdown(rows, [f"img/{each.name}" for each in charts])
    path.write_text(text, encoding="utf-8")
    written = [path, *charts]
    if html:
        page = path.with_suffix(".html")
        page.write_text(as_html(text), encoding="utf-8")
        written.append(page)
    return written


def as_markdown(rows: list[Row], charts: list[str]) -> str:
    """The report's text; reductions are relative to the first row."""
    first = rows[0]
    lines = ["# Comparison of models", "", f"| {' | '.join(COLUMNS)} |", "|---" * len(COLUMNS) + "|"]
    for row in rows:
        lines.append(
            f"| {row.name} | {row.accuracy:.10f} | {row.precision:.4f} | {row.sensitivity:.4f} | {row.g_mean:.4f} "
            f"| {row.top_5:.4f} | {row.inference_ms:.2f} ms | {row.size:,} | {row.compressed:,} "
            f"| {1 - row.compressed / first.compressed:.2%} | {row.sparsity:.1%} |"
        )
    lines += ["", f"Sizes are in bytes; reductions are relative to the compressed size of {first.name}.", ""]
    lines += [f"![Model size, speed and quality comparison]({charts[0]})", ""]
    lines += [f"![Accuracy, inference time and compressed size of each model]({charts[1]})", ""]
    return "\n".join(lines)


def draw_comparison(rows: list[Row], path: Path) -> None:
    """Accuracy against inference time, with bubbles as large as the compressed files."""
    plt = pyplot()
    figure, axes = plt.subplots(figsize=(8, 5), layout="constrained")
    largest = max(row.compressed for row in rows)
    for row in rows:
        axes.scatter(
            row.inference_ms,
            row.accuracy,
            s=1500 * row.compressed / largest,
            alpha=0.5,
            label=f"{row.name}: {row.compressed:,} bytes",
        )
    axes.margins(0.25)
    axes.set_xlabel("mean inference time (ms)")
    axes.set_ylabel("accuracy")
    axes.set_title("Model size, speed and quality comparison")
    legend = figure.legend(loc="outside lower center", ncols=2)
    for handle in legend.legend_handles:
        handle.set_sizes([60])
    figure.savefig(path, dpi=120)
    plt.close(figure)


def draw_metrics(rows: list[Row], path: Path) -> None:
    """A chart of bars each for accuracy, inference time and compressed size."""
    plt = pyplot()
    panels = (
        ("accuracy", [row.accuracy for row in rows], "{:.3f}"),
        ("mean inference time (ms)", [row.inference_ms for row in rows], "{:.1f}"),
        ("compressed size (kB)", [row.compressed / 1000 for row in rows], "{:,.1f}"),
    )
    height = 1.5 + 0.4 * len(rows)
    figure, all_axes = plt.subplots(1, len(panels), figsize=(11, height), layout="constrained", sharey=True)
    for axes, (title, values, form) in zip(all_axes, panels, strict=True):
        bars = axes.barh(range(len(rows)), values, color=[f"C{place % 10}" for place in range(len(rows))])
        axes.bar_label(bars, labels=[form.format(value) for value in values], padding=3)
        axes.margins(x=0.25)
        axes.set_title(title)
    all_axes[0].set_yticks(range(len(rows)), [row.name for row in rows])
    all_axes[0].invert_yaxis()
    figure.savefig(path, dpi=120)
    plt.close(figure)


def pyplot() -> Any:
    """Matplotlib without a screen."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    return plt


def as_html(text: str) -> str:
    """The report as a page."""
    from markdown_it import MarkdownIt

    body = MarkdownIt("commonmark", {"html": False}).enable("table").render(text)
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>Comparison of models</title>'
        f"<style>{STYLE}</style></head><body>\n{body}</body></html>\n"
    )
