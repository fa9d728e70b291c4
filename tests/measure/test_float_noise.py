"""How exactly activations are known: the error of float32 sums, and what a calibration records of them."""

from __future__ import annotations

import numpy as np
import pytest

from graders.measure.float_noise import ROUNDING, Computation, as_recorded, computations, noise
from graders.measure.tflite import aligned_activations
from graders.measure.tflite.reader import read_model

from .conftest import Pocket

INPUT = Computation((), 1, 1.0, 0.0, None)


def errors_of(found: list[Computation], sizes: list[float]) -> list[float]:
    values = np.array([sizes], np.float32)
    return [float(error) for error in noise(found, np.zeros_like(values), values)]


def test_an_ordinary_sum_is_nearly_exact() -> None:
    """A sum as large as its terms has an error of some units in the last place."""
    layer = Computation((0,), 1000, 1.0, 0.0, None)
    relative = errors_of([INPUT, layer], [1.0, 1.0])[1]
    assert 10 * ROUNDING < relative < 100 * ROUNDING


def test_cancelled_sums_are_noise() -> None:
    """What remains of terms a million times as large, such as little behind a ReLU, is known to a share only."""
    layer = Computation((0,), 1000, 1.0, 0.0, None)
    assert errors_of([INPUT, layer], [1.0, 1e-6])[1] > 1e-6
    biased = Computation((0,), 1000, 1e-6, 1.0, None)
    assert errors_of([INPUT, biased], [1.0, 1e-6])[1] > 0.05e-6


def test_small_values_are_as_exact_as_large_ones() -> None:
    """Errors are relative: a network that scales everything down by 1e-10 is known as well as any other."""
    usual = errors_of([INPUT, Computation((0,), 100, 1.0, 0.0, None)], [1.0, 1.0])[1]
    small = errors_of([INPUT, Computation((0,), 100, 1e-10, 0.0, None)], [1.0, 1e-10])[1]
    assert small == pytest.approx(1e-10 * usual, rel=1e-3)


def test_errors_add_up_along_the_network() -> None:
    """Each layer adds its own error to that of its source, slowly."""
    layers = [INPUT, *(Computation((place,), 100, 1.0, 0.0, None) for place in range(50))]
    found = errors_of(layers, [1.0] * 51)
    assert found == sorted(found)
    assert 3 * found[1] < found[-1] < 20 * found[1]


def test_a_result_in_its_operands_place() -> None:
    """An operand that the result is written over is recorded with both ranges; others as they are."""
    found = [INPUT, Computation((0,), 9, 1.0, 0.0, 2), Computation((1, 0), 2, 1.0, 0.0, None)]
    low = np.array([[-1, -2, -1], [-1, -1, -5]], np.float32)
    high = np.array([[1, 2, 3], [1, 9, 8]], np.float32)
    assert as_recorded(found, low, larger=False).tolist() == [[-1, -2, -1], [-1, -5, -5]]
    assert as_recorded(found, high, larger=True).tolist() == [[1, 3, 3], [1, 9, 8]]
    assert low.tolist()[1] == [-1, -1, -5]


def test_computations_of_the_embedded_model(pocket: Pocket) -> None:
    """Every activation of a real file has its sources and its sums; the addition writes over the convolution before it."""
    data = pocket.fp32.read_bytes()
    model = read_model(data)
    pairs = aligned_activations(model, model).pairs
    assert pairs is not None
    found = computations(data)
    assert len(found) == len(pairs)
    codes = [pair.operator.code if pair.operator else "INPUT" for pair in pairs]
    assert found[0].sources == ()
    assert all(each.sources for each in found[1:])
    assert [(codes[place], codes[each.overwritten]) for place, each in enumerate(found) if each.overwritten] == [
        ("CONV_2D", "ADD")
    ]
    assert found[codes.index("CONV_2D")].terms == 5 * 5 * 3
    assert found[codes.index("MEAN")].terms > 1
