"""MACs and parameters against values worked out by hand."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from graders.measure.tflite.cost import Cost, cost
from graders.measure.tflite.reader import read_model

from .conftest import DATA, handmade_model

Shape = tuple[int, ...]


def macs_of(code: str, inputs: Sequence[Shape], output: Shape) -> Cost:
    """The cost of a file with one operator on activations of these shapes."""
    tensors: list[dict[str, Any]] = [{"shape": list(shape)} for shape in (*inputs, output)]
    operator = {"code": code, "inputs": list(range(len(inputs))), "outputs": [len(inputs)]}
    return cost(read_model(handmade_model(tensors, [operator], inputs=[0], outputs=[len(inputs)])))


@pytest.mark.parametrize(
    ("code", "inputs", "output", "macs"),
    [
        # 6 x 6 x 8 values, each of 3 x 3 x 3 weights.
        ("CONV_2D", [(1, 12, 12, 3), (8, 3, 3, 3), (8,)], (1, 6, 6, 8), 7776),
        # Two groups: each value sums over 2 of 4 channels.
        ("CONV_2D", [(1, 5, 5, 4), (6, 1, 1, 2), (6,)], (1, 5, 5, 6), 300),
        # A batch of 2 costs twice as much.
        ("CONV_2D", [(2, 5, 5, 4), (6, 1, 1, 4), (6,)], (2, 5, 5, 6), 1200),
        ("DEPTHWISE_CONV_2D", [(1, 6, 6, 8), (1, 3, 3, 8), (8,)], (1, 6, 6, 8), 2592),
        # A depth multiplier of 2: 16 channels from 8.
        ("DEPTHWISE_CONV_2D", [(1, 6, 6, 8), (1, 3, 3, 16), (16,)], (1, 3, 3, 16), 1296),
        ("FULLY_CONNECTED", [(1, 8), (5, 8), (5,)], (1, 5), 40),
        ("FULLY_CONNECTED", [(7, 8), (5, 8)], (7, 5), 280),
        # Each of 4 x 4 x 2 input values goes to 3 x 3 x 5 outputs.
        ("TRANSPOSE_CONV", [(4,), (5, 3, 3, 2), (1, 4, 4, 2)], (1, 8, 8, 5), 1440),
        ("CONV_3D", [(1, 4, 4, 4, 2), (3, 3, 3, 2, 6), (6,)], (1, 2, 2, 2, 6), 2592),
        ("BATCH_MATMUL", [(2, 3, 4), (2, 4, 5)], (2, 3, 5), 120),
        # The first one transposed: (4, 3) for (3, 4).
        ("BATCH_MATMUL", [(2, 4, 3), (2, 4, 5)], (2, 3, 5), 120),
        ("ADD", [(1, 100), (1, 100)], (1, 100), 0),
        ("MAX_POOL_2D", [(1, 4, 4, 8)], (1, 2, 2, 8), 0),
        ("CONV_2D", [(1, 12, 12, 3)], (1, 6, 6, 8), 0),
    ],
)
def test_macs_of_one_operator(code: str, inputs: list[Shape], output: Shape, macs: int) -> None:
    assert macs_of(code, inputs, output) == Cost(macs, 0)


def test_what_does_not_follow_from_shapes_is_named() -> None:
    assert macs_of("SVDF", [(1, 4), (8, 4)], (1, 8)) == Cost(0, 0, ("SVDF",))


def test_an_operator_whose_input_is_left_out_costs_nothing() -> None:
    tensors = [{"shape": [1, 4]}, {"shape": [1, 2]}]
    operator = {"code": "FULLY_CONNECTED", "inputs": [0, -1], "outputs": [1]}
    assert cost(read_model(handmade_model(tensors, [operator], inputs=[0], outputs=[1]))).macs == 2


@pytest.mark.parametrize(
    ("name", "macs", "parameters"),
    [
        # Stem 6·6·8·27, depthwise 6·6·8·9, projection 6·6·8·8, dense 8·5; 27·8+8, 9·8+8, 8·8+8, 8·5+5.
        ("float32", 12712, 421),
        ("int8", 12712, 421),
        ("int16x8", 12712, 421),
        ("float16", 12712, 421),
        # Two convolutions of 12·12·4·27, one of 12·12·4·36, dense 1152·3; 2·(27·4+4), 36·4+4, 1152·3+3.
        ("branches_float32", 55296, 3831),
        ("branches_int8", 55296, 3831),
        ("dynamic_range", 55296, 3831),
        # Stored sparsely, computed densely: 8·8·16·8 and 1024·4; 8·16+16 and 4096+4.
        ("sparse_random", 12288, 4244),
    ],
)
def test_one_network_in_every_form(name: str, macs: int, parameters: int) -> None:
    assert cost(read_model((DATA / f"{name}.tflite").read_bytes())) == Cost(macs, parameters)


def test_shapes_and_axes_are_no_parameters_and_a_shared_buffer_counts_once() -> None:
    tensors = [
        {"shape": [1, 4]},
        {"shape": [2], "type": 2, "data": bytes(8)},
        {"shape": [3, 4], "data": bytes(48)},
        {"shape": [3, 4], "buffer": 2},
        {"shape": [1, 3]},
    ]
    assert cost(read_model(handmade_model(tensors, inputs=[0], outputs=[4]))).parameters == 12


def test_a_custom_operator_is_named_and_costs_nothing_known() -> None:
    assert cost(read_model((DATA / "flex.tflite").read_bytes())).uncounted == ("CUSTOM FlexMatrixInverse",)
