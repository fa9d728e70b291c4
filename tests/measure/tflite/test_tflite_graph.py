"""What the graph says: integer or not, and which activations of two files are the same."""

from collections.abc import Callable
from typing import Any

import ai_edge_litert.schema_py_generated as schema
import flatbuffers
import pytest

from graders.measure.tflite import Alignment, Model, aligned_activations, compute_ops, integer_violations, io_dtypes
from graders.measure.tflite.reader import read_model

Handmade = Callable[..., bytes]
Sample = Callable[[str], bytes]

NETWORK = ["CONV_2D", "DEPTHWISE_CONV_2D", "CONV_2D", "ADD", "MEAN", "FULLY_CONNECTED"]
INT8, INT32, FLOAT32 = schema.TensorType.INT8, schema.TensorType.INT32, schema.TensorType.FLOAT32


def parameters(alignment: Alignment) -> list[tuple[Any, Any]]:
    assert alignment.pairs is not None, alignment.reason
    return [(pair.first.quantization, pair.second.quantization) for pair in alignment.pairs]


@pytest.mark.parametrize("name", ["int8", "int8_concrete", "uint8_io", "branches_int8"])
def test_full_integer_files_have_no_violations(name: str, sample: Sample) -> None:
    """A file of full integer quantisation is integer throughout, int32 biases and shapes included."""
    assert integer_violations(read_model(sample(name))) == ()


def test_float_shells_are_named(sample: Sample) -> None:
    """Float inputs and outputs around an integer network are violations: the two operators and the two tensors."""
    found = integer_violations(read_model(sample("float_io")))
    assert [(each.kind, each.name) for each in found[:2]] == [("operator", "QUANTIZE"), ("operator", "DEQUANTIZE")]
    assert [(each.kind, each.reason) for each in found[2:]] == [("tensor", "is float32")] * 2
    assert str(found[0]) == "operator 0 (QUANTIZE): converts between integers and float32"


@pytest.mark.parametrize("name", ["float32", "dynamic_range", "float16", "flex", "sparse_block_int8"])
def test_float_files_have_violations(name: str, sample: Sample) -> None:
    """Float weights or activations anywhere are violations, int8 weights with float activations included."""
    assert any(each.reason == "is float32" for each in integer_violations(read_model(sample(name))))


def test_custom_and_flex_operators_are_named(handmade: Handmade) -> None:
    """Custom and Flex operators are violations though every tensor is integer, in whatever subgraph they are."""
    operators = [
        {"code": "CUSTOM", "custom": "FlexErf", "inputs": [0], "outputs": [1]},
        {"code": "CUSTOM", "custom": "Mine", "inputs": [1], "outputs": [1]},
    ]

    def adjust(model: Any) -> None:
        model.subgraphs.insert(0, schema.SubGraphT())

    found = integer_violations(read_model(handmade([{"shape": [1], "type": INT8}] * 2, operators, adjust=adjust)))
    assert [(each.subgraph, each.name, each.reason) for each in found] == [
        (1, "CUSTOM FlexErf", "is run by TensorFlow itself"),
        (1, "CUSTOM Mine", "is a custom operator"),
    ]


def test_requantising_is_integer(handmade: Handmade) -> None:
    """QUANTIZE from integer to integer is no violation, and a float tensor that nothing uses is none."""
    data = handmade(
        [{"shape": [1], "type": INT8}, {"shape": [1], "type": INT8}, {"shape": [1], "type": FLOAT32}],
        [{"code": "QUANTIZE", "inputs": [0], "outputs": [1]}],
        inputs=[0],
        outputs=[1],
    )
    assert integer_violations(read_model(data)) == ()


@pytest.mark.parametrize(
    ("name", "dtype"), [("int8", "int8"), ("uint8_io", "uint8"), ("float_io", "float32"), ("float32", "float32")]
)
def test_input_and_output_types(name: str, dtype: str, sample: Sample) -> None:
    """The types of inputs and outputs are those of the file, shells included."""
    types = io_dtypes(read_model(sample(name)))
    assert (types.inputs, types.outputs) == ((dtype,), (dtype,))


@pytest.mark.parametrize("name", ["float32", "float16", "int8", "uint8_io", "float_io", "int16x8"])
def test_compute_operators_are_the_network(name: str, sample: Sample) -> None:
    """Whatever the conversion adds, the compute operators are those of the network."""
    assert [each.code for each in compute_ops(read_model(sample(name)))] == NETWORK


@pytest.mark.parametrize("other", ["float32_concrete", "float16", "int8", "uint8_io", "float_io", "int16x8"])
def test_activations_of_one_network_are_paired(other: str, sample: Sample) -> None:
    """The input and each operator's output find their counterpart in every other conversion of the network."""
    alignment = aligned_activations(read_model(sample("float32")), read_model(sample(other)))
    assert alignment.pairs is not None
    assert alignment.reason == ""
    assert [pair.operator and pair.operator.code for pair in alignment.pairs] == [None, *NETWORK]
    assert all(pair.first.shape == pair.second.shape for pair in alignment.pairs)


@pytest.mark.parametrize("other", ["int8_concrete", "float_io", "uint8_io"])
def test_the_same_calibration_gives_the_same_parameters(other: str, sample: Sample) -> None:
    """Same network, same calibration, another conversion: each pair has the same scale and zero point."""
    pairs = parameters(aligned_activations(read_model(sample("int8")), read_model(sample(other))))
    assert len(pairs) == 7
    assert all(first is not None and first == second for first, second in pairs)


def test_another_calibration_gives_other_parameters(sample: Sample) -> None:
    """Same network, other calibration samples: the pairs differ."""
    pairs = parameters(aligned_activations(read_model(sample("int8")), read_model(sample("int8_other_calibration"))))
    assert sum(first != second for first, second in pairs) >= 3


@pytest.mark.parametrize("other", ["branches_int8_concrete", "branches_float32"])
def test_parallel_branches_are_not_mixed_up(other: str, sample: Sample) -> None:
    """Two branches of the same shapes are told apart by what follows them."""
    one, two = read_model(sample("branches_int8")), read_model(sample(other))
    alignment = aligned_activations(one, two)
    assert alignment.pairs is not None
    assert len(alignment.pairs) == 8
    kernels = {pair.operator.outputs: pair for pair in alignment.pairs if pair.operator}
    addition = next(each for each in two.main.operators if each.code == "ADD")
    assert (
        kernels[next(each for each in one.main.operators if each.code == "ADD").outputs].second
        == (two.main.tensors[addition.outputs[0]])
    )
    if other == "branches_int8_concrete":
        assert all(first == second for first, second in parameters(alignment))


def test_the_order_of_independent_branches_does_not_count(sample: Sample) -> None:
    """The same graph with its two independent convolutions written in the other order is paired as before."""
    data = sample("branches_int8")

    def reordered(swap_operands: bool) -> Model:
        model = schema.ModelT.InitFromObj(schema.Model.GetRootAs(data, 0))
        graph = model.subgraphs[0]
        assert [model.operatorCodes[each.opcodeIndex].builtinCode for each in graph.operators[:2]] == [3, 3]
        graph.operators[0], graph.operators[1] = graph.operators[1], graph.operators[0]
        if swap_operands:
            addition = next(each for each in graph.operators if model.operatorCodes[each.opcodeIndex].builtinCode == 0)
            addition.inputs = list(reversed(addition.inputs))
        builder = flatbuffers.Builder(1024)
        builder.Finish(model.Pack(builder), b"TFL3")
        return read_model(bytes(builder.Output()))

    original = read_model(data)
    for swap_operands in (False, True):
        alignment = aligned_activations(original, reordered(swap_operands))
        assert alignment.pairs is not None
        assert len(alignment.pairs) == 8
        assert all(pair.first == pair.second for pair in alignment.pairs)


@pytest.mark.parametrize(
    ("one", "two", "reason"),
    [
        ("int8", "branches_int8", "6 operators in the first, 7 in the second"),
        ("int8", "flex", "6 operators in the first, 2 in the second"),
        ("sparse_block", "sparse_random", "1 operators in the first, 3 in the second"),
    ],
)
def test_other_networks_are_not_paired(one: str, two: str, reason: str, sample: Sample) -> None:
    """Files of two networks have no pairs, and the reason says how they differ."""
    alignment = aligned_activations(read_model(sample(one)), read_model(sample(two)))
    assert alignment.pairs is None
    assert alignment.reason == reason


def dense(handmade: Handmade, kernel: list[int], code: str = "FULLY_CONNECTED") -> Model:
    tensors = [
        {"shape": [1, kernel[1]]},
        {"shape": kernel, "data": bytes(4 * kernel[0] * kernel[1])},
        {"shape": [1, 2]},
    ]
    return read_model(
        handmade(tensors, [{"code": code, "inputs": [0, 1, -1], "outputs": [2]}], inputs=[0], outputs=[2])
    )


def test_the_first_operator_that_differs_is_the_reason(handmade: Handmade) -> None:
    """Where kernels have other shapes, or operators other kinds, the reason names the first."""
    same = aligned_activations(dense(handmade, [2, 3]), dense(handmade, [2, 3]))
    assert same.pairs is not None
    other = aligned_activations(dense(handmade, [2, 3]), dense(handmade, [3, 2]))
    assert other.reason == (
        "operator 0 is FULLY_CONNECTED with constants (2, 3) in the first, "
        "FULLY_CONNECTED with constants (3, 2) in the second"
    )
    other = aligned_activations(dense(handmade, [2, 3]), dense(handmade, [2, 3], "BATCH_MATMUL"))
    assert "BATCH_MATMUL" in other.reason


def test_floats_between_integers_are_named(handmade: Handmade) -> None:
    """A tensor that only operators use counts; one that nothing uses does not, even where an operand is left out."""
    int8 = {"type": schema.TensorType.INT8, "shape": [1]}
    tensors = [int8, {"type": schema.TensorType.FLOAT32, "shape": [1]}, int8, {"shape": [1]}]
    through = [
        {"code": "ADD", "inputs": [0, -1], "outputs": [1]},
        {"code": "ADD", "inputs": [1, -1], "outputs": [2]},
    ]
    model = read_model(handmade(tensors, through, inputs=[0], outputs=[2]))
    assert [(each.kind, each.index) for each in integer_violations(model)] == [("tensor", 1)]
    straight = [{"code": "ADD", "inputs": [0, -1], "outputs": [2]}]
    assert integer_violations(read_model(handmade(tensors, straight, inputs=[0], outputs=[2]))) == ()


def subtraction(handmade: Handmade, *inputs: int) -> Model:
    """A subtraction of two inputs of the network."""
    operator = {"code": "SUB", "inputs": list(inputs), "outputs": [2]}
    return read_model(handmade([{"shape": [1, 2]}] * 3, [operator], inputs=[0, 1], outputs=[2]))


def test_other_connections_are_another_network(handmade: Handmade) -> None:
    """The same operators are another network where their operands are exchanged, or one is missing."""
    one, other = subtraction(handmade, 0, 1), subtraction(handmade, 1, 0)
    assert aligned_activations(one, one).pairs is not None
    assert aligned_activations(one, other).reason == (
        "the operators are the same, the connections between them are not"
    )
    assert aligned_activations(subtraction(handmade, 1, 0), subtraction(handmade, 1)).pairs is None


@pytest.mark.parametrize("left_out", [(), (-1,), (-1, -1)])
def test_operands_left_out_at_the_end_may_not_be_written(handmade: Handmade, left_out: tuple[int, ...]) -> None:
    """An optional operand that is left out is as good as one that is not written; one in between is not."""
    assert aligned_activations(subtraction(handmade, 0, 1), subtraction(handmade, 0, 1, *left_out)).pairs is not None
    assert aligned_activations(subtraction(handmade, 0, 1), subtraction(handmade, 0, -1, 1)).pairs is None


def test_other_options_are_another_network(handmade: Handmade) -> None:
    """Operators that compute in another way are told with their options."""

    def with_relu(model: Any) -> None:
        options = schema.SubOptionsT()
        options.fusedActivationFunction = schema.ActivationFunctionType.RELU
        operator = model.subgraphs[0].operators[0]
        operator.builtinOptionsType, operator.builtinOptions = schema.BuiltinOptions.SubOptions, options

    operators = [{"code": "SUB", "inputs": [0, 1], "outputs": [2]}]
    data = handmade([{"shape": [1, 2]}] * 3, operators, inputs=[0, 1], outputs=[2], adjust=with_relu)
    reason = aligned_activations(subtraction(handmade, 0, 1), read_model(data)).reason
    assert reason.startswith("operator 0 (SUB) has other options: ")


def small(
    handmade: Handmade, operators: list[tuple[str, list[int], int]], output: int, shape: tuple[int, ...] = (1, 2)
) -> Model:
    """A network of five float tensors whose input is tensor 0; an operator is its kind, its inputs and its output."""
    written = [{"code": code, "inputs": inputs, "outputs": [into]} for code, inputs, into in operators]
    return read_model(handmade([{"shape": shape}] * 5, written, inputs=[0], outputs=[output]))


def paired(one: Model, other: Model) -> list[tuple[str, str]] | None:
    """The names of the tensors that are paired."""
    pairs = aligned_activations(one, other).pairs
    return None if pairs is None else [(pair.first.name, pair.second.name) for pair in pairs]


def test_operands_of_an_addition_are_paired_in_any_order(handmade: Handmade) -> None:
    """What an addition adds is paired by how it is computed, on both sides of the addition; so is an operand of none."""
    one = small(handmade, [("NEG", [0], 1), ("ABS", [0], 2), ("ADD", [1, 2], 3)], 3)
    other = small(handmade, [("NEG", [0], 2), ("ABS", [0], 1), ("ADD", [1, 2], 3)], 3)
    assert paired(one, other) == [("t0", "t0"), ("t1", "t2"), ("t2", "t1"), ("t3", "t3")]
    first, last = small(handmade, [("ADD", [-1, 0], 1)], 1), small(handmade, [("ADD", [-1, 0], 2)], 2)
    assert paired(first, last) == [("t0", "t0"), ("t1", "t2")]


def test_the_shape_of_an_input_counts_without_its_batch(handmade: Handmade) -> None:
    """Inputs of other sizes are other networks; how many samples come at once does not matter."""
    one = small(handmade, [("ABS", [0], 1)], 1)
    assert paired(one, small(handmade, [("ABS", [0], 1)], 1, (8, 2))) is not None
    assert paired(one, small(handmade, [("ABS", [0], 1)], 1, (1, 3))) is None


def test_what_nothing_computes_is_no_input(handmade: Handmade) -> None:
    """An operand that is neither computed nor an input is not taken for the second input."""
    operator = {"code": "SUB", "inputs": [0, 3], "outputs": [2]}
    undefined = read_model(handmade([{"shape": [1, 2]}] * 4, [operator], inputs=[0, 1], outputs=[2]))
    assert paired(subtraction(handmade, 0, 1), undefined) is None


def test_a_tensor_that_is_written_twice_is_not_paired(handmade: Handmade) -> None:
    """Where a tensor is overwritten after it was used, what overwrote it is no partner of what was used."""
    used = [("NEG", [0], 1), ("ABS", [1], 2)]
    twice, once = small(handmade, [*used, ("EXP", [0], 1)], 2), small(handmade, [*used, ("EXP", [0], 3)], 2)
    assert paired(twice, once) == [("t0", "t0"), ("t2", "t2")]


def test_operators_in_a_circle_are_followed_once(handmade: Handmade) -> None:
    """Operators that change the form of their own outputs have no origin; looking for it ends."""
    circle = small(handmade, [("QUANTIZE", [2], 1), ("DEQUANTIZE", [1], 2), ("ADD", [0, 1], 3)], 3)
    assert paired(circle, circle) == [("t0", "t0"), ("t3", "t3")]


def test_an_input_behind_a_quantisation_may_be_tensor_0(handmade: Handmade) -> None:
    """The network computes on the quantised input, wherever that is in the list of tensors."""
    tensors = [{"shape": [1, 2], "type": INT8}, {"shape": [1, 2]}, {"shape": [1, 2], "type": INT8}]
    operators = [
        {"code": "QUANTIZE", "inputs": [1], "outputs": [0]},
        {"code": "ABS", "inputs": [0], "outputs": [2]},
    ]
    model = read_model(handmade(tensors, operators, inputs=[1], outputs=[2]))
    assert paired(model, model) == [("t0", "t0"), ("t2", "t2")]
