"""How exactly a float file computes its activations: the error of float32 sums, carried along the network.

Two runtimes, or two versions of one, add up a layer's products in another order. So a range can be foretold as far as
that error allows and no further: where large terms cancel each other out, or ReLU lets hardly anything through, what is
left may be nothing but error. Errors of single additions are independent and grow with the root of their number
(Higham, *Accuracy and Stability of Numerical Algorithms*, section 2.8); each is at most half a unit in the last place
of the sum so far, whose typical size is the root of the sum of the products' squares.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from graders.measure.compression.kernels import Kernel, kernels
from graders.measure.tflite.graph import Wiring, aligned_activations
from graders.measure.tflite.model import Model, Operator
from graders.measure.tflite.weights import weights

ROUNDING = 2.0**-24
"""The largest relative error of one float32 operation."""
CANCELLED = 64.0
"""The values of a sum's terms spread; only one that is smaller than its largest terms allow by more has lost digits."""
OVERWRITING = frozenset({"ADD", "SUB", "MUL"})
"""The operators that TensorFlow Lite lets write their result over an operand that nothing else uses."""


@dataclass(frozen=True)
class Computation:
    """How one activation is computed from others, which ``sources`` counts as activations.

    ``terms``: the number of values that each value is a sum of. ``weight_norm``: the largest root of the sum of an
    output channel's squared weights, 1 if it has none. ``bias``: the largest one. ``overwritten``: the activation that
    is written into the same memory later, if there is one.
    """

    sources: tuple[int, ...]
    terms: int
    weight_norm: float
    bias: float
    overwritten: int | None


def computations(data: bytes) -> tuple[Computation, ...]:
    """How each activation of a float file is computed, in the order of :func:`aligned_activations`.

    :raises MalformedModel: it is no ``.tflite`` file.
    """
    # The format's schema takes long to import, and many who need this module read no file.
    from graders.measure.tflite.reader import read_model

    model = read_model(data)
    known = {kernel.operator: kernel for kernel in kernels(weights(data, model))}
    pairs = aligned_activations(model, model).pairs or ()
    places = {pair.first.index: place for place, pair in enumerate(pairs)}
    overwritten = _overwritten(model, places)
    return tuple(
        _computation(model, pair.operator, known, places, overwritten.get(place)) for place, pair in enumerate(pairs)
    )


def _computation(
    model: Model,
    operator: Operator | None,
    known: Mapping[int, Kernel],
    places: Mapping[int, int],
    overwritten: int | None,
) -> Computation:
    if operator is None:
        return Computation((), 1, 1.0, 0.0, overwritten)
    wiring = Wiring(model.main)
    origins = [wiring.origin(index) for index in operator.inputs if index >= 0]
    sources = tuple(places[index] for index in origins if index in places)
    kernel = known.get(operator.index)
    if kernel is not None:
        norm = float(np.sqrt(np.square(kernel.rows.astype(np.float64)).sum(axis=1)).max(initial=0.0))
        bias = 0.0 if kernel.bias is None else float(np.abs(kernel.bias).max(initial=0.0))
        return Computation(sources, kernel.rows.shape[1], norm, bias, overwritten)
    results = sum(model.main.tensors[index].elements for index in operator.outputs)
    taken = sum(model.main.tensors[index].elements for index in origins if index in places)
    return Computation(sources, max(1, taken // max(1, results)), 1.0, 0.0, overwritten)


def _overwritten(model: Model, places: Mapping[int, int]) -> dict[int, int]:
    """The activations whose memory another one's values are written into, by that one's place."""
    users: dict[int, int] = {}
    for operator in model.main.operators:
        for index in set(operator.inputs):
            users[index] = users.get(index, 0) + 1
    found = {}
    for operator in model.main.operators:
        if operator.code not in OVERWRITING or not operator.outputs or operator.outputs[0] not in places:
            continue
        size = model.main.tensors[operator.outputs[0]].elements
        alone = [
            index
            for index in operator.inputs
            if users.get(index) == 1 and index in places and model.main.tensors[index].elements == size
        ]
        if alone:
            found[places[alone[0]]] = places[operator.outputs[0]]
    return found


def noise(found: Sequence[Computation], low: NDArray[np.float32], high: NDArray[np.float32]) -> NDArray[np.float64]:
    """The error of each activation's values, in their own unit: that of its own sums, and what its sources bring along.

    Errors of sources stay as large as they were, relative to the values, unless the values cancel each other out.

    :param low: the smallest values of the activations for any number of samples. :param high: the largest ones.
    """
    sizes = np.maximum(np.abs(low), np.abs(high)).astype(np.float64).max(axis=0)
    errors = np.zeros(len(found))
    for place, each in enumerate(found):
        sources = list(each.sources)
        values = float(sizes[sources].max()) if sources else float(sizes[place])
        brought = max((errors[source] / sizes[source] for source in sources if sizes[source]), default=0.0)
        sums = each.weight_norm * values
        own = ROUNDING * (np.sqrt(each.terms) * sums + each.bias + float(sizes[place]))
        errors[place] = np.hypot(own, brought * max(float(sizes[place]), sums / CANCELLED))
    return errors


def as_recorded(found: Sequence[Computation], values: NDArray[np.float32], larger: bool) -> NDArray[np.float32]:
    """The ends of ranges (samples, activations) as a calibration records them.

    It looks at an operator's operands after its result was computed, so where that was written over an operand, the
    operand's range has the result's values as well.

    :param larger: whether these are the upper ends.
    """
    recorded = values.copy()
    for place, each in enumerate(found):
        if each.overwritten is not None:
            pick = np.maximum if larger else np.minimum
            recorded[:, place] = pick(values[:, place], values[:, each.overwritten])
    return recorded
