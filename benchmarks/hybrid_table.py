"""Compression types, structures and budgets on the lab's model: ``python benchmarks/hybrid_table.py [--loss]``.

Compresses ``digits_resnet.h5`` with the reference, and prints a row for each compression: the cost and the parameters
that are left, the size of the file and of its DEFLATE stream, the MACs, the memory arena of the same model stored with
its zeros, and the accuracy. ``fixed_params`` is the default: no data chooses anything, so the accuracy is that on all
1,499 test digits. With ``--loss`` it is ``fixed_loss``, and each accuracy is on the split that the column names.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

os.environ["TF_USE_LEGACY_KERAS"] = "1"
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # as the lab's package does, if it is imported before numpy
ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "reference"), str(Path(__file__).resolve().parent)]

import numpy as np  # noqa: E402 - the path comes first
from hybrid_decomposition import compress  # noqa: E402
from hybrid_decomposition.starter import compression, conversion, dataset, evaluation, surgery  # noqa: E402
from hybrid_decomposition.starter.settings import Settings, Structure  # noqa: E402
from hybrid_measures import arena, measure, million  # noqa: E402

MODEL = ROOT / "fixtures" / "models" / "digits_resnet" / "digits_resnet.h5"
DIGITS = ROOT / "fixtures" / "datasets" / "mnist" / "public.npz"
STRUCTURES = (Structure(), Structure("channel"), Structure("filter"), Structure("block", (2, 4)))
VARIANTS = (
    ("tucker", Structure()),
    *(("spars", structure) for structure in STRUCTURES),
    *(("hybrid", structure) for structure in STRUCTURES),
)
HEAD = ("type", "structure", "{}", "cost", "error", "parameters", "file", "deflated", "MACs", "without zeros", "arena")


@dataclass(frozen=True)
class Compressed:
    """A compression: what was chosen for each layer, and the model."""

    settings: Settings
    chosen: list[Any]
    model: Any

    @property
    def cost(self) -> float:
        """The share of the cost of all layers that is left, each layer by its number of weights."""
        reports = [compression.layer_report(each, self.settings) for each in self.chosen]
        whole = sum(each.parameters_before for each in reports)
        return sum(each.cost * each.parameters_before for each in reports) / whole

    @property
    def error(self) -> float:
        """The squared error of all kernels as a share of their squared weights."""
        pairs = [(each.place.kernel, each.decomposition) for each in self.chosen]
        lost = sum(float(np.square(kernel - one.reconstruction).sum()) for kernel, one in pairs if one is not None)
        return lost / float(sum(np.square(kernel).sum() for kernel, _ in pairs))

    @property
    def parameters(self) -> int:
        """The weights of the compressed layers' kernels that are not zero."""
        return sum(compression.layer_report(each, self.settings).parameters for each in self.chosen)


def by_budget(model: Any, settings: Settings) -> Compressed:
    """Compressed to a budget, without data."""
    chosen = compression.by_budget(compress, model, settings, lambda _: None)
    return Compressed(settings, chosen, compression.replaced(compress, model, chosen))


def by_loss(model: Any, measured: evaluation.Evaluation, settings: Settings) -> Compressed:
    """Compressed within a loss of accuracy."""
    chosen = compression.by_loss(compress, model, measured, settings, lambda _: None)
    return Compressed(settings, chosen, compression.replaced(compress, model, chosen))


def row(cells: list[str]) -> None:
    """A row of a table in Markdown, at once."""
    print(f"| {' | '.join(cells)} |", flush=True)


def cells_of(model: Any, found: Compressed | None, setting: str, work: Path) -> list[str]:
    """What is measured of a compression, or of the model as it is; ``work`` gets its file, ``file.tflite``."""
    import tensorflow as tf

    path, dense = work / "file.tflite", work / "dense.tflite"
    conversion.write_tflite(found.model if found else model, path)
    dense.write_bytes(tf.lite.TFLiteConverter.from_keras_model(found.model if found else model).convert())
    places = surgery.compressible_places(model)
    whole = sum(place.kernel.size for place in places)
    parameters = model.count_params() - whole + (found.parameters if found else whole)
    sizes, memory = measure(path), arena(dense)
    structure = found.settings.structure if found else STRUCTURES[0]
    name = f"{structure.name} {structure.block[0]},{structure.block[1]}" if structure.block else structure.name
    kind = found.settings.compression_type if found else "original"
    return [
        kind,
        name if kind in ("hybrid", "spars") else "-",
        setting,
        f"{found.cost:.1%}" if found else "100.0%",
        f"{found.error:.4f}" if found else "0",
        f"{parameters:,}",
        f"{sizes.size:,}",
        f"{sizes.deflated:,}",
        million(sizes.macs),
        million(sizes.useful_macs),
        "-" if memory is None else f"{memory:,}",
    ]


def head(setting: str, *accuracies: str) -> None:
    """The table's head."""
    names = [each.format(setting) for each in (*HEAD, *accuracies)]
    row(names)
    row(["---" if number < 3 else "---:" for number in range(len(names))])


def budgets(model: Any, factors: list[float], weight: float, work: Path) -> None:
    """The table of ``fixed_params``."""
    digits = dataset.load(DIGITS)

    def accuracy() -> str:
        return f"{evaluation.accuracy(evaluation.file_predictor(work / 'file.tflite'), digits):.4f}"

    head("budget", "accuracy")
    row([*cells_of(model, None, "1", work), accuracy()])
    for factor in factors:
        for kind, structure in VARIANTS:
            settings = Settings(structure, kind, weight, compression_factor=factor)
            try:
                found = by_budget(model, settings)
            except compression.CompressionError as problem:
                print(f"{kind}, {structure.name}, {factor}: {problem}", file=sys.stderr, flush=True)
                continue
            row([*cells_of(model, found, f"{factor:g}", work), accuracy()])


def losses(model: Any, bounds: list[float], weight: float, work: Path) -> None:
    """The table of ``fixed_loss``."""
    splits = dataset.split_in_three(dataset.load(DIGITS))

    def accuracies() -> Iterator[str]:
        predict = evaluation.file_predictor(work / "file.tflite")
        for part in (splits.choosing, splits.stopping, splits.judging):
            yield f"{evaluation.accuracy(predict, part):.4f}"

    head("loss", "chooses", "stops", "judges")
    row([*cells_of(model, None, "-", work), *accuracies()])
    for bound in bounds:
        for kind, structure in VARIANTS:
            settings = Settings(structure, kind, weight, max_acc_loss=bound)
            began = time.monotonic()
            found = by_loss(model, evaluation.Evaluation(splits), settings)
            print(f"{kind}, {structure.name}: {time.monotonic() - began:.0f} s", file=sys.stderr, flush=True)
            row([*cells_of(model, found, f"{bound:g}", work), *accuracies()])


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description="Types, structures and budgets of the decomposition lab, measured.")
    parser.add_argument("--loss", action="store_true", help="fixed_loss in place of fixed_params")
    parser.add_argument("--settings", type=float, nargs="+", help="budgets (default: 0.8 0.6 0.4), or losses (0.02)")
    parser.add_argument("--sparsity-weight", type=float, default=4.0, help="the cost of a kept weight (default: 4)")
    args = parser.parse_args()
    model = surgery.load_model(MODEL)
    with tempfile.TemporaryDirectory() as work:
        if args.loss:
            losses(model, args.settings or [0.02], args.sparsity_weight, Path(work))
        else:
            budgets(model, args.settings or [0.8, 0.6, 0.4], args.sparsity_weight, Path(work))


if __name__ == "__main__":
    main()
