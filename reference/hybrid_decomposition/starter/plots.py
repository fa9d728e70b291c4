"""Plots: the factors of each layer, and size against accuracy of several compressions.

``python -m hybrid_decomposition.starter.plots OUT.png REPORT.json…`` draws the second one.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from .report import Report, read_report


def plot_factors(report: Report, path: Path) -> None:
    """Draws each layer's rank, as a share of its filters, the kept share of its sparse part, and its cost."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(max(6.0, 1.0 + 0.6 * len(report.layers)), 5.0), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots()
    series = {
        "rank / filters": [(layer.rank or 0) / layer.kernel_shape[3] for layer in report.layers],
        "kept share": [layer.kept_share or 0.0 for layer in report.layers],
        "cost": [layer.cost for layer in report.layers],
    }
    width = 0.8 / len(series)
    for number, (label, values) in enumerate(series.items()):
        places = [place + (number - 1) * width for place in range(len(values))]
        axes.bar(places, [100 * value for value in values], width, label=label)
    axes.set_xticks(range(len(report.layers)), [layer.name for layer in report.layers], rotation=60, ha="right")
    axes.set_ylabel("%")
    axes.set_title(f"{report.compression_type}, {report.structure}, {report.method}")
    axes.legend()
    figure.savefig(path)


def plot_sizes(reports: Mapping[str, Mapping[str, Any]], path: Path) -> None:
    """Draws accuracy over the size of the file, a point for each report, labelled with its name."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7.0, 5.0), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots()
    for name, report in reports.items():
        kibibytes, accuracy = report["bytes"] / 1024, 100 * report["accuracy"]
        axes.scatter([kibibytes], [accuracy])
        axes.annotate(name, (kibibytes, accuracy), textcoords="offset points", xytext=(5, 5))
    axes.set_xlabel("size of the file (KiB)")
    axes.set_ylabel("accuracy (%)")
    figure.savefig(path)


def main(argv: Sequence[str] | None = None) -> int:
    """Draws size against accuracy; returns 2 if a report has no accuracy or can't be read."""
    from .arguments import OneLineParser

    parser: argparse.ArgumentParser = OneLineParser(prog="python -m hybrid_decomposition.starter.plots")
    parser.add_argument("out", type=Path, help="the picture to write")
    parser.add_argument("reports", type=Path, nargs="+", help="the .json files beside compressed models")
    args = parser.parse_args(argv)
    try:
        reports = {path.stem: read_report(path) for path in args.reports}
    except (OSError, ValueError) as problem:
        parser.error(f"a report can't be read: {problem}")
    lacking = [name for name, report in reports.items() if report.get("accuracy") is None]
    if lacking:
        parser.error(f"{lacking[0]} has no accuracy: compress it with --dataset_path")
    plot_sizes(reports, args.out)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
