"""Kernels as matrices, pairs of them, what moved, and wrappers that were left in."""

from __future__ import annotations

import warnings
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray

from graders.measure.compression import (
    Kernel,
    KernelPair,
    OperatorCount,
    Tuning,
    WeightDelta,
    WrapperResidue,
    find_weight_deltas,
    find_wrapper_residue,
    kernels,
    tuning,
    unfinished,
)
from graders.measure.compression.kernels import OUTPUT_AXIS, as_rows, computed_kernels, unwrapped
from graders.measure.compression.weight_deltas import STILL
from graders.measure.tflite.model import Model, Operator, Options, Quantization, Span, Sparsity, Subgraph, Tensor
from graders.measure.tflite.weights import Weights

Array = NDArray[Any]

SHAPES = {
    "CONV_2D": (4, 3, 5, 2),
    "TRANSPOSE_CONV": (4, 3, 5, 2),
    "FULLY_CONNECTED": (4, 7),
    "DEPTHWISE_CONV_2D": (1, 3, 5, 4),
    "CONV_3D": (2, 3, 5, 2, 4),
    "CONV_3D_TRANSPOSE": (2, 3, 5, 4, 2),
}


def operator(code: str, index: int = 3) -> Operator:
    return Operator(index, code, None, 1, (), (), Options())


def entry(
    values: Array, code: str = "CONV_2D", quantization: Quantization | None = None, sparsity: Sparsity | None = None
) -> Weights:
    """A kernel as the reader gives it."""
    shape = tuple(values.shape)
    tensor = Tensor(0, "kernel", shape, shape, "float32", False, 1, quantization, sparsity, None, None, False)
    return Weights(operator(code), values.astype(np.float32), tensor, None, None)


def kernel(rows: Array, *, kind: str = "CONV_2D", bias: Array | None = None) -> Kernel:
    """A kernel with these weights, (output channels, weights of each)."""
    biases = None if bias is None else np.asarray(bias, np.float32)
    return Kernel(3, kind, np.asarray(rows, np.float32), biases, kind != "FULLY_CONNECTED", stored_sparse=False)


def pair(found: Array, original: Array, **more: Any) -> KernelPair:
    return KernelPair(kernel(found, **more), kernel(original, **more))


def normal(*shape: int, seed: int = 0) -> Array:
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


@pytest.mark.parametrize("code", OUTPUT_AXIS)
def test_a_row_is_an_output_channel(code: str) -> None:
    """Each kind's kernel becomes a matrix whose rows are the output channels, with every weight in it once."""
    values = np.zeros(SHAPES[code])
    np.moveaxis(values, OUTPUT_AXIS[code], -1)[...] = np.arange(4)

    (found,) = kernels([entry(values, code)])

    assert found.rows.shape == (4, values.size // 4)
    assert (found.rows == np.arange(4)[:, None]).all()
    assert found.name == f"{code} 3"
    assert found.compressible == (code != "DEPTHWISE_CONV_2D")


@given(hnp.array_shapes(min_dims=2, max_dims=5, min_side=0), st.data())
def test_rows_hold_every_weight_once(shape: tuple[int, ...], data: st.DataObject) -> None:
    """No weight is lost or doubled by the change of form."""
    axis = data.draw(st.integers(0, len(shape) - 1))
    values = np.arange(np.prod(shape), dtype=np.float32).reshape(shape)

    rows = as_rows(values, axis)

    assert rows.ndim == 2
    assert len(rows) == shape[axis]
    assert sorted(rows.ravel().tolist()) == values.ravel().tolist()


@pytest.mark.parametrize(("code", "shape"), [("MUL", (4,)), ("CONV_2D", (4, 3)), ("FULLY_CONNECTED", (1, 1, 4, 3))])
def test_other_constants_are_no_kernels(code: str, shape: tuple[int, ...]) -> None:
    """Constants of other operators, and kernels of an impossible rank, are left out."""
    assert kernels([entry(np.zeros(shape), code)]) == ()


def test_rows_with_factors_of_their_own_are_known() -> None:
    """Convolutions may have batch normalisation folded in; dense kernels have a factor a row when quantised so."""
    scales = Quantization((0.5,) * 4, (0,) * 4, 0)
    found = kernels([
        entry(np.zeros(SHAPES["CONV_2D"])),
        entry(np.zeros((4, 7)), "FULLY_CONNECTED"),
        entry(np.zeros((4, 7)), "FULLY_CONNECTED", Quantization((0.5,), (0,), 0)),
        entry(np.zeros((4, 7)), "FULLY_CONNECTED", scales),
    ])  # fmt: skip

    assert [each.rowwise for each in found] == [True, False, False, True]
    assert [len(each.groups()) for each in found] == [4, 1, 1, 4]


def test_sparse_storage_is_told() -> None:
    """A kernel of which the file holds the non-zeros alone is marked."""
    stored = Sparsity((), (), ())

    assert [each.stored_sparse for each in kernels([entry(np.zeros((4, 7)), "FULLY_CONNECTED", None, stored)])] == [
        True
    ]


@given(hnp.arrays(np.float32, (3, 5), elements=st.floats(-1e6, 1e6, width=32)))
def test_what_did_not_change_did_not_move(rows: Array) -> None:
    """A kernel against itself moved by nothing, and every value is equal."""
    (found,) = find_weight_deltas([pair(rows, rows)])

    assert (found.largest, found.relative, found.moved) == (0, 0, False)
    assert found.equal == found.compared == found.values == 15


def test_the_last_bit_is_no_movement() -> None:
    """Weights that differ in the last bit, as where they were folded in another order, did not move."""
    before = normal(4, 25)
    (found,) = find_weight_deltas([pair(np.nextafter(before, np.float32(9)), before)])

    assert found.equal == 0
    assert 0 < found.relative < 1e-6
    assert not found.moved


@given(step=st.floats(1e-4, 0.5), seed=st.integers(0, 1000))
def test_steps_are_measured(step: float, seed: int) -> None:
    """Weights that each moved by one step have that step as the largest difference, and are all other than before."""
    before = normal(4, 25, seed=seed)
    after = (before + step * np.sign(normal(4, 25, seed=seed + 1))).astype(np.float32)

    found = find_weight_deltas([pair(after, before, bias=np.zeros(4))])

    assert [each.part for each in found] == ["kernel", "bias"]
    assert found[0].largest == pytest.approx(step, rel=1e-2)
    assert found[0].relative == pytest.approx(step / np.abs(before).max(), rel=1e-2)
    assert found[0].moved
    assert not found[1].moved


@given(factor=st.floats(0.2, 5), seed=st.integers(0, 1000))
def test_folded_statistics_do_not_bend(factor: float, seed: int) -> None:
    """A factor for each channel moves its weights and bends nothing; a step of one weight does."""
    before = normal(3, 20, seed=seed)
    factors = np.array([[factor], [1.5], [1 / factor]], np.float32)
    stepped = before * factors
    stepped[1, 0] += 1

    shape_change = [find_weight_deltas([pair(rows, before)])[0].shape_change for rows in (before * factors, stepped)]

    assert shape_change[0] is not None
    assert shape_change[0] < 1e-5
    assert shape_change[1] is not None
    assert shape_change[1] > 0.1


def test_pruned_weights_did_not_move() -> None:
    """Weights made zero, or nearly, are no movement; those kept are compared."""
    before = normal(4, 50)
    cut = np.where(np.abs(before) > 0.5, before, 0)
    nearly = np.where(cut == 0, np.float32(1e-9), cut)

    for rows in (cut, nearly):
        (found,) = find_weight_deltas([pair(rows, before)])
        assert not found.moved
        assert found.compared == found.equal == np.count_nonzero(cut)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_weights_that_are_no_numbers_moved_a_long_way(value: float) -> None:
    """A diverged training is a large movement, a finite number, and no warning."""
    before = normal(2, 3)
    after = before.copy()
    after[0, 0] = value

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        (found,) = find_weight_deltas([pair(after, before)])

    assert found.moved
    assert np.isfinite([found.largest, found.relative, found.shape_change or 0.0]).all()


def test_movement_from_zero_is_finite() -> None:
    """Parts that were all zero before have moved if they are anything else."""
    (_, found) = find_weight_deltas([pair(normal(2, 3), normal(2, 3), bias=np.zeros(2))])
    (_, moved) = find_weight_deltas([KernelPair(kernel(normal(2, 3), bias=np.ones(2)), kernel(normal(2, 3), bias=np.zeros(2)))])

    assert not found.moved
    assert moved.moved
    assert np.isfinite(moved.relative)


def part(name: str, relative: float, *, compressible: bool = False, kept: int = 5) -> WeightDelta:
    return WeightDelta(1, name, "kernel", compressible, 5, kept, 0, relative, relative, None)


def test_tuning_sorts_parts() -> None:
    """Parts that moved and parts that did not are told apart; clustered kernels say nothing about training."""
    found = [part("CONV_2D", 0.1, compressible=True), part("DEPTHWISE_CONV_2D", 0.0), part("ADD", 0.0, kept=0)]

    assert tuning(found, clustered=True) == Tuning((), ("kernel of DEPTHWISE_CONV_2D 1",))
    assert not tuning(found, clustered=True).tuned
    pruned = tuning(found, clustered=False)
    assert pruned == Tuning(("kernel of CONV_2D 1",), ("kernel of DEPTHWISE_CONV_2D 1",))
    assert pruned.tuned
    assert pruned.frozen
    assert not tuning([], clustered=False).tuned


def model(*codes: str, size: int = 100) -> Model:
    graph = Subgraph(0, "main", (), (), (), tuple(operator(code, at) for at, code in enumerate(codes)))
    return Model(size, 3, "", (graph,), (), (), (), False)


@pytest.mark.parametrize(
    ("more", "wrapper"),
    [
        ((), None),
        (("CONV_2D",), None),
        (("VAR_HANDLE", "ASSIGN_VARIABLE", "READ_VARIABLE", "MUL"), "pruning"),
        (("VAR_HANDLE", "ASSIGN_VARIABLE", "ARG_MIN", "GATHER"), "clustering"),
        (("VAR_HANDLE", "ASSIGN_VARIABLE"), "clustering"),
    ],
)
def test_wrappers_are_known_by_their_operators(more: tuple[str, ...], wrapper: str | None) -> None:
    """What the original does not have is counted, and a wrapper named by it."""
    found = find_wrapper_residue(model("CONV_2D", "MEAN", *more, size=250), model("CONV_2D", "MEAN"))

    assert found == WrapperResidue(wrapper, tuple(OperatorCount(code, 1) for code in sorted(more)), 2.5)


def test_movement_begins_beyond_the_last_bits() -> None:
    """A part that moved by no more than two conversions may differ did not move."""
    assert not part("CONV_2D", STILL).moved
    assert part("CONV_2D", 1.001 * STILL).moved


def test_all_parts_moved_is_not_frozen() -> None:
    """Only where some parts moved and others did not were layers kept from training."""
    assert not Tuning(("a",), ()).frozen
    assert not Tuning((), ("a",)).frozen


def test_each_value_of_a_bias_is_compared() -> None:
    """A value of a bias that became tiny beside the others is compared all the same, and is no kernel's weight."""
    now, before = kernel(normal(3, 4), bias=np.array([1, 1e-7, 2])), kernel(normal(3, 4), bias=np.array([1, 0.5, 2]))
    weights, bias = find_weight_deltas([KernelPair(now, before)])
    assert (bias.values, bias.compared, bias.equal, bias.shape_change) == (3, 3, 2, None)
    assert (weights.compressible, bias.compressible) == (True, False)
    (depthwise,) = find_weight_deltas([pair(normal(3, 4), normal(3, 4), kind="DEPTHWISE_CONV_2D")])
    assert not depthwise.compressible


def test_what_was_pruned_whole_did_not_move() -> None:
    """Of a kernel without a weight left there is nothing to compare, and zeros that were zeros are the same."""
    for before, kept in ((np.ones((2, 3)), 0), (np.zeros((2, 3)), 6)):
        (found,) = find_weight_deltas([pair(np.zeros((2, 3)), before)])
        assert (found.compared, found.largest, found.relative, found.shape_change) == (kept, 0, 0, 0)


def test_a_movement_of_1_is_a_movement() -> None:
    """The largest difference is told as a share of the original's largest value, whatever it is."""
    (found,) = find_weight_deltas([pair(np.array([[3.0, 4.0]]), np.array([[2.0, 4.0]]))])
    assert (found.largest, found.relative) == (1, 0.25)


@pytest.mark.parametrize("size", [0.1, 1.0])
def test_pruned_weights_do_not_bend(size: float) -> None:
    """A channel's factor is told by the weights that it kept, and one without any has none."""
    before = size * np.array([[1.0, 2.0, 3.0, 4.0], [0.0, 0.0, 0.0, 0.0]])
    (found,) = find_weight_deltas([pair(2 * before * np.array([1, 1, 1, 0]), before)])
    assert found.moved
    assert found.shape_change == pytest.approx(0, abs=1e-6)


def test_infinite_weights_of_both_files_raise_no_warning() -> None:
    """Where the original itself has weights that are no numbers, a movement is still told by a finite one."""
    rows = np.array([[np.inf, 1.0], [1.0, 2.0]])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        (found,) = find_weight_deltas([pair(rows, rows)])
    assert np.isfinite([found.largest, found.relative, found.shape_change or 0.0]).all()


def wired(*inputs: tuple[int, ...], codes: tuple[str, ...]) -> Model:
    """Operators of these kinds on these tensors, of which tensor 1 alone is a constant."""

    def tensor(index: int) -> Tensor:
        stored = Span(0, 4) if index == 1 else None
        return Tensor(index, f"t{index}", (1,), (1,), "float32", False, 1, None, None, stored, None, False)

    made = [
        Operator(at, code, None, 1, used, (at + 4,), Options())
        for at, (code, used) in enumerate(zip(codes, inputs, strict=True))
    ]
    tensors = tuple(tensor(index) for index in range(4 + len(made)))
    return Model(100, 3, "", (Subgraph(0, "main", (0,), (), tensors, tuple(made)),), (), (), (), False)


def test_kernels_that_are_computed_are_known() -> None:
    """Of the operators that have kernels, those whose kernel is no constant are told with its tensor."""
    codes = ("CONV_2D", "FULLY_CONNECTED", "ADD", "CONV_2D")
    assert unfinished(wired((0, 1), (0, 2), (0, 3), (0,), codes=codes)) == {1: 2}


def test_computed_kernels_are_kernels() -> None:
    """What an inference computed for an operator's kernel is a kernel; values of another rank or operator are none."""
    found = wired((0, 2), (0, 2), (0, 2), (0, 2), codes=("CONV_2D", "CONV_2D", "ADD", "FULLY_CONNECTED"))
    values = {0: np.ones((4, 7)), 1: np.ones((4, 3, 5, 2)), 2: np.ones((1, 1, 1, 1)), 3: np.ones((4, 7))}
    conv, dense = computed_kernels(found, values)
    assert [(each.operator, each.kind, each.rows.shape, each.rowwise) for each in (conv, dense)] == [
        (1, "CONV_2D", (4, 30), True),
        (3, "FULLY_CONNECTED", (4, 7), False),
    ]
    assert (conv.bias, conv.stored_sparse) == (None, False)
    assert computed_kernels(found, {}) == ()


def at(operator: int, kind: str, bias: Array | None = None, rows: int = 2) -> Kernel:
    return replace(kernel(normal(rows, 3), kind=kind, bias=bias), operator=operator)


def test_wrapped_kernels_are_paired_in_order() -> None:
    """Under wrappers, kernels that are constants are paired with their bias, computed dense ones without, others not."""
    bias = np.ones(2)
    original = [at(number, kind, bias) for number, kind in enumerate(("CONV_2D", "CONV_2D", "FULLY_CONNECTED"))]
    found = [at(5, "CONV_2D", bias), at(6, "CONV_2D"), at(7, "FULLY_CONNECTED")]
    pairs = unwrapped(found, original, computed={6, 7})
    assert [(each.found.operator, each.original.operator) for each in pairs] == [(5, 0), (7, 2)]
    assert pairs[0].original.bias is not None
    assert pairs[1].original.bias is None
    assert unwrapped(found[:2], original, computed=()) == ()
    assert unwrapped([at(5, "CONV_2D", rows=3)], original[:1], computed=()) == ()


def test_biases_of_other_sizes_are_no_pair() -> None:
    """A bias of another size is of another layer; where only one file has any, the other's counts as zeros."""
    alone, two, three = at(1, "CONV_2D"), at(1, "CONV_2D", np.ones(2)), at(1, "CONV_2D", np.ones(3))
    assert unwrapped([two], [three], computed=()) == ()
    for found, original in ((alone, two), (two, alone), (two, two), (alone, alone)):
        assert len(unwrapped([found], [original], computed=())) == 1


def test_a_kernel_without_channels_has_no_weights() -> None:
    """Its matrix has no rows and no columns."""
    assert as_rows(np.zeros((0, 3, 3, 2)), 0).shape == (0, 0)
