"""What the runner does with a student's functions: calls each with the grader's kernels, layers and models.

It runs beside the student's code, so the grader trusts nothing from here; it imports nothing of optgrade.
"""

from __future__ import annotations

import functools
import importlib
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

Answer = tuple[dict[str, Any], dict[str, Any]]
PARTS = ("core", "first", "last", "sparse")
STEPS, WORST = 100.0, 0.1
"""Of accuracies: a data set of so many images, of ten classes."""


class MissingFunction(Exception):
    """The student's file has no function of that name."""


class BadReturn(Exception):
    """A function returned something else than the assignment says."""


_own: dict[str, Any] = {}
_called: set[str] = set()


def _noting(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    """The function, which notes that it was called."""

    @functools.wraps(function)
    def call(*positional: Any, **named: Any) -> Any:
        _called.add(name)
        return function(*positional, **named)

    return call


def _function(module: str, name: str) -> Callable[..., Any]:
    found = getattr(importlib.import_module(module), name, None)
    if not callable(found):
        raise MissingFunction(f"no function {name} in {module.replace('.', '/')}.py")
    called: Callable[..., Any] = found
    return called


def _stand_in(module: str, sources: dict[str, str]) -> None:
    """Has the student's code use the grader's functions, in whichever of its modules it has its own.

    :param sources: the source that defines a function, by its name.
    """
    student = importlib.import_module(module)
    top = Path(student.__file__ or ".").resolve().parents[1]
    own = [student]
    for each in list(sys.modules.values()):
        file = getattr(each, "__file__", None)
        if isinstance(file, str) and Path(file).resolve().is_relative_to(top):
            own.append(each)
    _called.clear()
    for name, source in sources.items():
        space: dict[str, Any] = {"__name__": "stand_in"}
        exec(compile(source, "<stand-in>", "exec"), space)  # noqa: S102 - the grader's own
        theirs, ours = getattr(student, name, None), _noting(name, space[name])
        _own.setdefault(name, theirs)
        for each in own:
            for key, value in list(vars(each).items()):
                if theirs is not None and value is theirs:
                    setattr(each, key, ours)
        setattr(student, name, ours)


def _structure(described: dict[str, Any]) -> Any:
    from hybrid_decomposition.starter.settings import Structure

    block = described["block"]
    return Structure(described["name"], None if block is None else tuple(block))


def _settings(described: dict[str, Any]) -> Any:
    from hybrid_decomposition.starter.settings import Settings

    rest = {key: value for key, value in described.items() if key != "structure"}
    return Settings(structure=_structure(described["structure"]), **rest)


def _numbers(value: Any, what: str) -> Any:
    array = np.asarray(value)
    if array.dtype.kind not in "biuf":
        raise BadReturn(f"{what} is {type(value).__name__}, not an array of numbers")
    return array


def sparse(module: str, share: float, structure: dict[str, Any], residual: np.ndarray) -> Answer:
    """The sparse part of a residual, and the residual afterwards."""
    given = np.array(residual)
    found = _function(module, "sparse_residual")(given, share, _structure(structure))
    return {}, {"kept": _numbers(found, "the result of sparse_residual"), "given": given}


def decompose(
    module: str, rank: int, share: float, structure: dict[str, Any], stand_ins: dict[str, str], kernel: np.ndarray
) -> Answer:
    """The parts of a kernel, and the kernel afterwards."""
    _stand_in(module, stand_ins)
    given = np.array(kernel)
    found = _function(module, "decompose_kernel")(given, rank, share, _structure(structure))
    return {}, {"given": given, **_parts(found)}


def _parts(found: Any) -> dict[str, Any]:
    parts = {}
    for name in PARTS:
        if not hasattr(found, name):
            raise BadReturn(f"decompose_kernel returned {type(found).__name__} without {name}, not a Decomposition")
        value = getattr(found, name)
        if value is not None:
            parts[name] = _numbers(value, f"{name} of the decomposition")
    return parts


def replace(module: str, file: str, layer: dict[str, Any], image: list[int], uses: int, **arrays: np.ndarray) -> Answer:
    """Writes a network in which a layer has been replaced, as ``.tflite``, and its weights by layer as ``.h5``.

    :param uses: how many inputs the layer is called with, one after the other.
    """
    import tensorflow as tf
    from hybrid_decomposition.starter.conversion import write_tflite
    from hybrid_decomposition.starter.settings import Decomposition

    def network(call: Callable[[Any], Any], name: str) -> Any:
        inputs = tf.keras.Input(image, name="image")
        outputs = [call(inputs if number == 0 else inputs * float(number + 1)) for number in range(uses)]
        merged = tf.keras.layers.Subtract(name="difference")(outputs) if uses > 1 else outputs[0]
        return tf.keras.Model(inputs, tf.keras.layers.Flatten(name="flat")(merged), name=name)

    original = tf.keras.layers.Conv2D(**layer)
    network(original, "given")
    original.set_weights([arrays["kernel"], *([arrays["bias"]] if original.use_bias else [])])
    decomposition = Decomposition(*(arrays.get(name) for name in PARTS))
    call = _function(module, "replace_layer")(original, decomposition)
    if not callable(call):
        raise BadReturn(f"replace_layer returned {type(call).__name__}, not a function of a tensor")
    made = network(call, "made")
    made.save_weights(f"{file}.h5")
    write_tflite(made, Path(f"{file}.tflite"))
    return {}, {}


def _factors(found: Any, what: str) -> dict[str, Any]:
    if found is None:
        return {"factors": None}
    try:
        rank, share = found
        factors = [int(rank), float(share)]
    except (TypeError, ValueError):
        raise BadReturn(f"{what} returned {type(found).__name__}, neither Factors nor None") from None
    return {"factors": factors}


def _own_kernels(kernel: np.ndarray, chosen: Any, others: Sequence[Any], structure: dict[str, Any]) -> dict[str, Any]:
    """What the student's own decomposition makes of the chosen factors and of others.

    Only if the grader's was not called, since the student's code gets to its own in another way: the best factors are
    then those for its own.
    """
    own = _own.get("decompose_kernel")
    if "decompose_kernel" in _called or chosen is None or not callable(own):
        return {}
    try:
        made = [
            own(np.array(kernel), rank, share, _structure(structure)).reconstruction
            for rank, share, *_ in (chosen, *others)
        ]
        return {"own": np.stack([np.asarray(each, np.float32) for each in made])}
    except Exception:  # noqa: BLE001 - whatever the student's code raises; a mistake in it costs other points
        return {}


def _cheaper(chosen: Any, tried: Sequence[Any]) -> list[Any] | None:
    """For each rank, the largest share with which it costs clearly less than these factors; None if unknown."""
    for rank, share, cost in tried:
        if chosen == [rank, share]:
            return list({each[0]: each for each in tried if each[2] < 0.98 * cost}.values())
    return None


def loss(
    module: str,
    scale: float,
    least: float,
    settings: dict[str, Any],
    stand_ins: dict[str, str],
    kernel: np.ndarray,
    tried: Sequence[Any] = (),
) -> Answer:
    """The factors that are chosen if the accuracy falls with the error of the kernel, ``scale`` times as fast.

    :param tried: all that may be chosen: rank, share and cost, in ascending order of shares.
    """
    _stand_in(module, stand_ins)
    exact = np.array(kernel, np.float64)

    def accuracy_with(other: Any) -> float:
        error = np.linalg.norm(np.asarray(other, np.float64) - exact) / np.linalg.norm(exact)
        return max(WORST, round((1 - scale * float(error)) * STEPS) / STEPS)

    found = _function(module, "choose_by_loss")(np.array(kernel), accuracy_with, least, _settings(settings))
    answer = _factors(found, "choose_by_loss")
    others = _cheaper(answer["factors"], tried)
    return answer, {} if others is None else _own_kernels(kernel, answer["factors"], others, settings["structure"])


def budgets(module: str, factor: float, **kernels: np.ndarray) -> Answer:
    """What each of some layers may cost."""
    found = _function(module, "layer_budgets")([np.array(kernels[name]) for name in sorted(kernels)], factor)
    return {}, {"budgets": _numbers(found, "the result of layer_budgets")}


def budget(
    module: str,
    budget: float,
    settings: dict[str, Any],
    stand_ins: dict[str, str],
    kernel: np.ndarray,
    tried: Sequence[Any] = (),
) -> Answer:
    """The factors that are chosen within a budget.

    :param tried: all that may be chosen: rank and share.
    """
    _stand_in(module, stand_ins)
    found = _function(module, "choose_by_budget")(np.array(kernel), budget, _settings(settings))
    answer = _factors(found, "choose_by_budget")
    return answer, _own_kernels(kernel, answer["factors"], tried, settings["structure"])


_chosen: list[Any] = []


def choose(module: str, model: str, images: str, settings: dict[str, Any]) -> Answer:
    """Chooses factors for each layer of a model with the student's functions alone, and decomposes it.

    :param images: a data set; an empty name if factors are chosen by budget, without data.
    """
    from hybrid_decomposition.starter import compression, dataset, evaluation, surgery

    for name in ("replace_layer", "decompose_kernel", "sparse_residual"):
        _function(module, name)
    steps, chosen_by = importlib.import_module(module), _settings(settings)
    network = surgery.load_model(model)
    _chosen[:] = [network]
    if images:
        splits = dataset.split_in_three(dataset.load(Path(images)))
        data = evaluation.Evaluation(splits)
        _chosen.extend(compression.by_loss(steps, network, data, chosen_by, lambda _: None))
    else:
        places = surgery.compressible_places(network)
        shares = steps.layer_budgets([place.kernel for place in places], chosen_by.compression_factor)
        for place, share in zip(places, shares, strict=True):
            factors = steps.choose_by_budget(place.kernel, share, chosen_by)
            _chosen.append(compression.decompose(steps, place, factors, chosen_by))
    layers = [{"layer": each.place.name, **_factors(each.factors, "the function")} for each in _chosen[1:]]
    return {"layers": layers}, {}


def build(module: str, file: str) -> Answer:
    """Writes the model with every chosen layer replaced."""
    from hybrid_decomposition.starter import compression
    from hybrid_decomposition.starter.conversion import write_tflite

    write_tflite(compression.replaced(importlib.import_module(module), _chosen[0], _chosen[1:]), Path(file))
    return {}, {}


OPERATIONS = {
    "sparse": sparse,
    "decompose": decompose,
    "replace": replace,
    "loss": loss,
    "budgets": budgets,
    "budget": budget,
    "choose": choose,
    "build": build,
}
