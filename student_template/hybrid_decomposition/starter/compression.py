"""The way of a model: factors are chosen for each layer, layers replaced, and the result is converted and judged."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from .costs import TOLERANCE, total_cost
from .dataset import load, split_in_three
from .errors import CompressionError
from .evaluation import Evaluation, TrialKernel, check_data, file_predictor
from .report import LayerReport, Report, progress_line
from .settings import Decomposition, Factors, Kernel, Settings, Structure
from .surgery import Place, Replacement, compressible_places, load_model, replace_layers


class Steps(Protocol):
    """What the lab is about: the functions of ``compress.py``."""

    def decompose_kernel(self, kernel: Kernel, rank: int, share: float, structure: Structure) -> Decomposition:
        """A kernel as a Tucker decomposition and a sparse kernel."""

    def replace_layer(self, layer: Any, decomposition: Decomposition) -> Replacement:
        """What computes the same as ``layer`` with the decomposed kernel."""

    def choose_by_loss(
        self, kernel: Kernel, accuracy_with: Callable[[Kernel], float], least_accuracy: float, settings: Settings
    ) -> Factors | None:
        """The cheapest factors that keep the accuracy."""

    def layer_budgets(self, kernels: Sequence[Kernel], compression_factor: float) -> list[float]:
        """What each layer may cost."""

    def choose_by_budget(self, kernel: Kernel, budget: float, settings: Settings) -> Factors | None:
        """The most exact factors within a budget."""


@dataclass(frozen=True)
class Chosen:
    """A layer, what was chosen for it, and its decomposition; neither of them if it stays as it is."""

    place: Place
    factors: Factors | None = None
    decomposition: Decomposition | None = None
    note: str = ""


def decompose(steps: Steps, place: Place, factors: Factors | None, settings: Settings, note: str = "") -> Chosen:
    """The layer's kernel with these factors."""
    if factors is None:
        return Chosen(place, note=note)
    rank, share = factors
    return Chosen(place, factors, steps.decompose_kernel(place.kernel, rank, share, settings.structure), note)


def by_loss(
    steps: Steps, model: Any, evaluation: Evaluation, settings: Settings, tell: Callable[[Chosen], None]
) -> list[Chosen]:
    """Compresses layer after layer while the accuracy allows it. Afterwards the model has its own kernels again.

    A layer may cost ``max_acc_loss`` ÷ number of layers on the data that chooses. If all layers so far cost more than
    ``max_acc_loss`` on the data that stops, the last one stays as it is.
    """
    places = compressible_places(model)
    originals = [place.kernel for place in places]
    least_stopping = evaluation.stopping(model) - settings.max_acc_loss - TOLERANCE
    result = []
    try:
        for place in places:
            chosen = layer_by_loss(steps, model, place, evaluation, settings, settings.max_acc_loss / len(places))
            if chosen.decomposition is not None:
                original = place.kernel
                place.layer.kernel.assign(chosen.decomposition.reconstruction)
                if evaluation.stopping(model) < least_stopping:
                    place.layer.kernel.assign(original)
                    chosen = Chosen(place, note=f"{chosen.note}; refused by the data that stops")
            tell(chosen)
            result.append(chosen)
    finally:
        for place, original in zip(places, originals, strict=True):
            place.layer.kernel.assign(original)
    return result


def layer_by_loss(
    steps: Steps, model: Any, place: Place, evaluation: Evaluation, settings: Settings, bound: float
) -> Chosen:
    """What is chosen for a layer if the accuracy may fall by ``bound``."""
    trial = TrialKernel(evaluation, model, place.layer)
    least = evaluation.choosing(model) - bound - TOLERANCE
    factors = steps.choose_by_loss(place.kernel, trial, least, settings)
    return decompose(steps, place, factors, settings, f"{trial.calls} tried")


def by_budget(steps: Steps, model: Any, settings: Settings, tell: Callable[[Chosen], None]) -> list[Chosen]:
    """Compresses each layer to its budget, without data."""
    places = compressible_places(model)
    factor = settings.compression_factor
    if factor is None:
        raise CompressionError("there is no compression factor")
    budgets = steps.layer_budgets([place.kernel for place in places], factor)
    result = []
    for place, budget in zip(places, budgets, strict=True):
        factors = steps.choose_by_budget(place.kernel, budget, settings)
        check_budget(place, factors, budget, settings)
        chosen = decompose(steps, place, factors, settings, f"budget {budget:.1%}")
        tell(chosen)
        result.append(chosen)
    return result


def check_budget(place: Place, factors: Factors | None, budget: float, settings: Settings) -> None:
    """Raises ``CompressionError`` if a layer costs more than it may."""
    cost = 1.0 if factors is None else total_cost(place.kernel.shape, factors, settings.sparsity_weight)
    if cost > max(budget, 0.0) + 1e-6:
        what = "nothing fits its budget" if factors is None else f"it costs {cost:.2%}"
        raise CompressionError(f"the layer {place.name} may cost {budget:.2%}, but {what}: use a larger factor")


def replaced(steps: Steps, model: Any, chosen: Sequence[Chosen]) -> Any:
    """The model with each decomposed layer replaced."""
    replacements = {
        id(each.place.layer): steps.replace_layer(each.place.layer, each.decomposition)
        for each in chosen
        if each.decomposition is not None
    }
    return replace_layers(model, replacements)


def layer_report(chosen: Chosen, settings: Settings) -> LayerReport:
    """The figures of one layer."""
    kernel = chosen.place.kernel
    if chosen.factors is None or chosen.decomposition is None:
        return LayerReport(chosen.place.name, kernel.shape, kernel.size, None, None, 1.0, kernel.size, chosen.note)
    used = Factors(chosen.factors.rank, chosen.decomposition.kept_share)
    return LayerReport(
        name=chosen.place.name,
        kernel_shape=kernel.shape,
        parameters_before=kernel.size,
        rank=chosen.factors.rank,
        kept_share=chosen.decomposition.kept_share,
        cost=total_cost(kernel.shape, used, settings.sparsity_weight),
        parameters=chosen.decomposition.parameters,
        note=chosen.note,
    )


def accuracies(evaluation: Evaluation, model: Any, compressed: Any, path: Path) -> dict[str, float]:
    """Of the model and of what became of it: on the data that chooses, and at last on the data that judges."""
    chosen = {"choosing_before": evaluation.choosing(model), "choosing": evaluation.choosing(compressed)}
    before, after = evaluation.judge(model.predict_on_batch), evaluation.judge(file_predictor(path))
    return {**chosen, "accuracy_before": before, "accuracy": after}


def run(args: argparse.Namespace, settings: Settings, steps: Steps, say: Callable[[str], None] = print) -> Report:
    """Everything that the command line stands for."""
    from .conversion import write_tflite

    model = load_model(args.input_path)
    places = compressible_places(model)
    if not places:
        raise CompressionError("the model has no convolution that could be compressed")
    splits = split_in_three(load(args.dataset_path, args.dataset_size)) if args.dataset_path else None
    if splits is not None:
        check_data(model, splits)
    evaluation = Evaluation(splits) if splits is not None else None
    layers: list[LayerReport] = []

    def tell(each: Chosen) -> None:
        layers.append(layer_report(each, settings))
        say(progress_line(layers[-1], len(layers), len(places)))

    if args.method == "fixed_params":
        chosen = by_budget(steps, model, settings, tell)
    elif evaluation is not None:
        chosen = by_loss(steps, model, evaluation, settings, tell)
    else:
        raise CompressionError("fixed_loss needs a data set")
    compressed = replaced(steps, model, chosen)
    size = write_tflite(compressed, args.output_path)
    report = Report(
        method=args.method,
        compression_type=settings.compression_type,
        structure=settings.structure.name,
        layers=tuple(layers),
        parameters_before=model.count_params(),
        parameters=model.count_params() - sum(each.parameters_before - each.parameters for each in layers),
        bytes=size,
        **(accuracies(evaluation, model, compressed, args.output_path) if evaluation else {}),
    )
    say(report.summary())
    return report
