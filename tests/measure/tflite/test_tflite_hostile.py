"""Files that are broken or made to do harm: a Model or MalformedModel, soon, and in little memory."""

import json
import struct
import time
import tracemalloc
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import ai_edge_litert.schema_py_generated as schema
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graders.measure.tflite import (
    MalformedModel,
    aligned_activations,
    compute_ops,
    facts,
    from_facts,
    integer_violations,
    io_dtypes,
)
from graders.measure.tflite.reader import MAX_TENSOR_ELEMENTS, read_model
from graders.measure.tflite.weights import weights

Handmade = Callable[..., bytes]
Sample = Callable[[str], bytes]

INT8 = schema.TensorType.INT8
SOON_S = 10.0
"""Far above what any of these takes, far below a hang."""


def exercise(data: bytes, original: bytes) -> bool:
    """Read a file and do all that graders do with it; whether it was read."""
    started = time.process_time()
    try:
        model = read_model(data)
        assert from_facts(json.loads(json.dumps(facts(model), allow_nan=False))) == model
        integer_violations(model)
        io_dtypes(model)
        compute_ops(model)
        aligned_activations(model, read_model(original))
        aligned_activations(read_model(original), model)
        aligned_activations(model, model)
        weights(data, model)
        return True
    except MalformedModel as error:
        message = str(error)
        assert message
        assert "\n" not in message
        return False
    finally:
        assert time.process_time() - started < SOON_S


@pytest.mark.parametrize("name", ["int8", "float_io", "flex", "sparse_random"])
def test_truncated_files(name: str, sample: Sample) -> None:
    """A file cut short at any of many places is read or refused."""
    data = sample(name)
    results = [exercise(data[:length], data) for length in range(0, len(data), max(1, len(data) // 40))]
    assert not any(results[:5])


@given(data=st.data())
def test_flipped_bits(samples: dict[str, bytes], data: st.DataObject) -> None:
    """A file with up to eight bits flipped is read or refused."""
    original = samples[data.draw(st.sampled_from(sorted(samples)))]
    spoiled = bytearray(original)
    for position in data.draw(st.lists(st.integers(0, 8 * len(original) - 1), min_size=1, max_size=8)):
        spoiled[position // 8] ^= 1 << position % 8
    exercise(bytes(spoiled), original)


@given(data=st.data())
def test_overwritten_words(samples: dict[str, bytes], data: st.DataObject) -> None:
    """A file with words overwritten by values that offsets and lengths go wrong on is read or refused."""
    original = samples[data.draw(st.sampled_from(sorted(samples)))]
    spoiled = bytearray(original)
    wrong = st.sampled_from([0, 1, 2, 4, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 0xFFFFFFFC, len(original), 65536])
    for _ in range(data.draw(st.integers(1, 4))):
        at = 4 * data.draw(st.integers(0, len(original) // 4 - 1))
        struct.pack_into("<I", spoiled, at, data.draw(wrong | st.integers(0, len(original))))
    exercise(bytes(spoiled), original)


@given(st.binary(max_size=300))
def test_noise(noise: bytes) -> None:
    """Bytes of any kind behind the identifier are read or refused, and without it refused."""
    with pytest.raises(MalformedModel, match="identifier"):
        read_model(noise[:4] + b"TFL2" + noise[4:])
    with suppress(MalformedModel):
        read_model(noise[:4].ljust(4, b"\0") + b"TFL3" + noise[4:])


@pytest.mark.parametrize("data", [b"", b"TFL3", b"\0" * 8, b"PK\3\4" + b"\0" * 100, b"version https://git-lfs"])
def test_what_is_no_model(data: bytes) -> None:
    """Empty files, archives and pointers to files are refused by the identifier."""
    with pytest.raises(MalformedModel, match=r"not the identifier TFL3: not a \.tflite file"):
        read_model(data)


def test_a_file_over_the_cap_is_not_read(sample: Sample) -> None:
    """A file larger than the caller allows is refused."""
    data = sample("int8")
    assert read_model(data, max_bytes=len(data)).size == len(data)
    with pytest.raises(MalformedModel, match=f"{len(data)} bytes, more than the {len(data) - 1} allowed"):
        read_model(data, max_bytes=len(data) - 1)


def wrong_version(model: Any) -> None:
    model.version = 2


def no_subgraph(model: Any) -> None:
    model.subgraphs = []


def negative_dimension(model: Any) -> None:
    model.subgraphs[0].tensors[0].shape = [2, -3]


def overflowing_shape(model: Any) -> None:
    model.subgraphs[0].tensors[0].shape = [2**31 - 1] * 5


def endless_rank(model: Any) -> None:
    model.subgraphs[0].tensors[0].shape = [1] * 1000


def unknown_type(model: Any) -> None:
    model.subgraphs[0].tensors[0].type = 99


def no_such_buffer(model: Any) -> None:
    model.subgraphs[0].tensors[0].buffer = 9


def buffer_too_short(model: Any) -> None:
    model.buffers[1].data = [0]


def buffer_past_the_end(model: Any) -> None:
    model.buffers[1] = schema.BufferT()
    model.buffers[1].offset, model.buffers[1].size = 2**40, 2**40


def buffer_around_the_end(model: Any) -> None:
    model.buffers[1] = schema.BufferT()
    model.buffers[1].offset, model.buffers[1].size = 2**64 - 4, 8


def no_such_input(model: Any) -> None:
    model.subgraphs[0].inputs = [5]


def input_left_out(model: Any) -> None:
    model.subgraphs[0].inputs = [-1]


def no_such_operand(model: Any) -> None:
    model.subgraphs[0].operators[0].inputs = [0, 77]


def no_such_code(model: Any) -> None:
    model.subgraphs[0].operators[0].opcodeIndex = 3


def scales_without_channels(model: Any) -> None:
    quantization = schema.QuantizationParametersT()
    quantization.scale, quantization.zeroPoint = [1.0] * 3, [0] * 3
    model.subgraphs[0].tensors[0].quantization = quantization


def endless_scale(model: Any) -> None:
    scales_without_channels(model)
    model.subgraphs[0].tensors[0].quantization.scale = [float("inf")]
    model.subgraphs[0].tensors[0].quantization.zeroPoint = [0]


def zero_points_too_many(model: Any) -> None:
    scales_without_channels(model)
    model.subgraphs[0].tensors[0].quantization.scale = [1.0] * 2


def signature_elsewhere(model: Any) -> None:
    model.signatureDefs = [schema.SignatureDefT()]
    model.signatureDefs[0].subgraphIndex = 4


def signature_just_behind(model: Any) -> None:
    signature_elsewhere(model)
    model.signatureDefs[0].subgraphIndex = 1


def signature_of_no_tensor(model: Any) -> None:
    signature_elsewhere(model)
    model.signatureDefs[0].subgraphIndex = 0
    model.signatureDefs[0].outputs = [schema.TensorMapT()]
    model.signatureDefs[0].outputs[0].tensorIndex = 2


def buffer_just_behind(model: Any) -> None:
    model.subgraphs[0].tensors[0].buffer = 2


def input_just_behind(model: Any) -> None:
    model.subgraphs[0].inputs = [2]


def output_left_out(model: Any) -> None:
    model.subgraphs[0].outputs = [-1]


def operand_before_the_first(model: Any) -> None:
    model.subgraphs[0].operators[0].inputs = [-2]


def code_just_behind(model: Any) -> None:
    model.subgraphs[0].operators[0].opcodeIndex = 1


def one_value_too_many(model: Any) -> None:
    model.subgraphs[0].tensors[1].shape = [MAX_TENSOR_ELEMENTS + 1]


def one_scale_without_end(model: Any) -> None:
    scales_without_channels(model)
    model.subgraphs[0].tensors[0].quantization.scale = [1.0, float("inf"), 1.0]


def scales_of_no_dimension(model: Any) -> None:
    scales_without_channels(model)
    model.subgraphs[0].tensors[0].quantization.quantizedDimension = 1


def two_scales_of_three_channels(model: Any) -> None:
    scales_without_channels(model)
    model.subgraphs[0].tensors[1].shape = [3]
    model.subgraphs[0].tensors[1].quantization = model.subgraphs[0].tensors[0].quantization
    model.subgraphs[0].tensors[0].quantization = None
    model.subgraphs[0].tensors[1].quantization.scale = [1.0] * 2
    model.subgraphs[0].tensors[1].quantization.zeroPoint = [0] * 2


def sparse_in_no_format(model: Any) -> None:
    sparsity = schema.SparsityParametersT()
    sparsity.traversalOrder, sparsity.dimMetadata = [0], [schema.DimensionMetadataT()]
    sparsity.dimMetadata[0].format = 9
    model.subgraphs[0].tensors[0].sparsity = sparsity


def long_name(model: Any) -> None:
    model.subgraphs[0].tensors[0].name = "x" * 100_000


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (wrong_version, "schema version 2, expected 3"),
        (no_subgraph, "no subgraph"),
        (negative_dimension, r"tensor 0 has the shape \(2, -3\)"),
        (overflowing_shape, "tensor 0 of shape .* has more than"),
        (endless_rank, "Shape has 1000 entries, more than 32"),
        (unknown_type, "tensor 0 is of unknown type 99"),
        (no_such_buffer, "tensor 0 has buffer 9 of 2"),
        (buffer_too_short, "tensor 0 .* has 1 bytes stored, its shape and type need 2"),
        (buffer_past_the_end, "buffer 1 lies outside the file"),
        (buffer_around_the_end, "buffer 1 lies outside the file"),
        (no_such_input, "Inputs names tensor 5 of 2"),
        (input_left_out, "Inputs names tensor -1 of 2"),
        (no_such_operand, "Inputs names tensor 77 of 2"),
        (no_such_code, "operator 0 has code 3 of 1"),
        (scales_without_channels, r"tensor 0 of shape \(2,\) has 3 scales along dimension 0"),
        (endless_scale, "not a finite number"),
        (zero_points_too_many, "2 scales and 3 zero points"),
        (signature_elsewhere, "signature names subgraph 4 of 1"),
        (signature_just_behind, "signature names subgraph 1 of 1"),
        (signature_of_no_tensor, "signature names tensor 2 of 2"),
        (buffer_just_behind, "tensor 0 has buffer 2 of 2"),
        (input_just_behind, "Inputs names tensor 2 of 2"),
        (output_left_out, "Outputs names tensor -1 of 2"),
        (operand_before_the_first, "Inputs names tensor -2 of 2"),
        (code_just_behind, "operator 0 has code 1 of 1"),
        (one_value_too_many, "tensor 1 of shape .* has more than 268435456 values"),
        (one_scale_without_end, "not a finite number"),
        (scales_of_no_dimension, r"tensor 0 of shape \(2,\) has 3 scales along dimension 1"),
        (two_scales_of_three_channels, r"tensor 1 of shape \(3,\) has 2 scales along dimension 0"),
        (sparse_in_no_format, "a sparse dimension is of unknown format 9"),
        (long_name, "the name of tensor 0 is 100000 bytes long"),
    ],
)
def test_what_is_wrong_is_said(handmade: Handmade, spoil: Callable[[Any], None], message: str) -> None:
    """Each thing that can be wrong with a model is refused with a message of its own."""
    parts = (
        [{"shape": [2], "type": INT8, "data": b"ab"}, {"shape": [2], "type": INT8}],
        [{"code": "ABS", "inputs": [0], "outputs": [1]}],
    )
    read_model(handmade(*parts))
    with pytest.raises(MalformedModel, match=message):
        read_model(handmade(*parts, adjust=spoil))


def peak_bytes(action: Callable[[], Any]) -> int:
    tracemalloc.start()
    try:
        action()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def repeated(data: bytes, field: int, count: int) -> bytes:
    """The file with the first entry of one of its model's vectors of tables named ``count`` times over."""
    table = struct.unpack_from("<I", data, 0)[0]
    vtable = table - struct.unpack_from("<i", data, table)[0]
    place = table + struct.unpack_from("<H", data, vtable + field)[0]
    vector = place + struct.unpack_from("<I", data, place)[0]
    entry = vector + 4 + struct.unpack_from("<I", data, vector + 4)[0]
    data = data.ljust(-(-len(data) // 4) * 4, b"\0")
    # Offsets are unsigned, so the table must lie behind the vector that names it: the file is put in front of itself.
    start = 4 + 4 * count
    front = bytearray(data)
    moved = len(data) + start
    front += struct.pack("<I", count)
    front += b"".join(struct.pack("<I", moved - (len(data) + 4 + 4 * at) + entry) for at in range(count))
    front += data
    struct.pack_into("<I", front, place, len(data) - place)
    return bytes(front)


SUBGRAPHS, BUFFERS = 8, 12


def test_one_table_named_many_times(sample: Sample) -> None:
    """A vector that names one table a million times is refused before it is walked."""
    data = sample("int8")
    assert len(read_model(repeated(data, SUBGRAPHS, 3)).subgraphs) == 3
    for field in (SUBGRAPHS, BUFFERS):
        bomb = repeated(data, field, 1_000_000)
        started = time.process_time()
        with pytest.raises(MalformedModel, match="too many entries"):
            read_model(bomb)
        assert time.process_time() - started < SOON_S


def test_subgraphs_named_many_times_within_the_count(sample: Sample) -> None:
    """Few enough subgraphs, each full of the same tensors, come to the limit as well."""
    with pytest.raises(MalformedModel, match="too many entries"):
        read_model(repeated(sample("int8"), SUBGRAPHS, 20_000))


def test_one_large_buffer_shared_by_many_tensors(handmade: Handmade) -> None:
    """Tensors that share a buffer can't have it decoded without end, and not all at once."""
    size = 2**22
    tensors: list[dict[str, Any]] = [{"shape": [size], "type": INT8, "buffer": 1} for _ in range(400)]

    def adjust(model: Any) -> None:
        buffer = schema.BufferT()
        buffer.data = np.zeros(size, np.uint8)
        model.buffers.append(buffer)

    data = handmade(tensors, adjust=adjust)
    with pytest.raises(MalformedModel, match="the constants have more than"):
        read_model(data)
    few = handmade(tensors[:20], adjust=adjust)
    assert peak_bytes(lambda: read_model(few)) < 4 * size


def test_operators_that_share_a_kernel(handmade: Handmade) -> None:
    """A kernel that a thousand operators share is decoded once."""
    size = 2**20
    tensors = [{"shape": [1, size], "data": bytes(4 * size)}, {"shape": [1, size]}, {"shape": [1, 1]}]
    data = handmade(tensors, [{"code": "FULLY_CONNECTED", "inputs": [1, 0], "outputs": [2]}] * 1000)
    model = read_model(data)
    assert len(weights(data, model)) == 1000
    assert peak_bytes(lambda: weights(data, model)) < 20 * size


def chain(handmade: Handmade, length: int) -> bytes:
    """QUANTIZE operators in a row, and as many additions that all use the end of the row."""
    tensors = [{"shape": [1], "type": INT8}] * (2 * length + 1)
    row = [{"code": "QUANTIZE", "inputs": [at], "outputs": [at + 1]} for at in range(length)]
    users = [{"code": "ADD", "inputs": [length, length], "outputs": [length + 1 + at]} for at in range(length)]
    return handmade(tensors, row + users, inputs=[0], outputs=[2 * length])


def test_long_chains_are_followed_once(handmade: Handmade) -> None:
    """Looking through a long row of QUANTIZE from many places takes time in proportion to its length."""
    data = chain(handmade, 3000)
    assert exercise(data, data)


def test_rings_end(handmade: Handmade) -> None:
    """Operators that use each other's outputs, or write a tensor twice, end in an answer."""
    operators = [
        {"code": "DEQUANTIZE", "inputs": [1], "outputs": [0]},
        {"code": "QUANTIZE", "inputs": [0], "outputs": [1]},
        {"code": "ADD", "inputs": [0, 2], "outputs": [2]},
        {"code": "ADD", "inputs": [2, 3], "outputs": [3, 2]},
        {"code": "CONCATENATION", "inputs": [3, 2, 1, 0], "outputs": [2]},
        {"code": "QUANTIZE", "inputs": [], "outputs": [3]},
        {"code": "DENSIFY", "inputs": [-1], "outputs": [-1]},
    ]
    data = handmade([{"shape": [1], "type": INT8}] * 4, operators, inputs=[0], outputs=[3, 2, 1])
    assert exercise(data, data)


def test_tensors_written_again(handmade: Handmade) -> None:
    """Files that agree on their outputs but later write an intermediate tensor in two ways end in an answer."""

    def written_again(code: str, inputs: list[int]) -> bytes:
        operators = [
            {"code": "NEG", "inputs": [0], "outputs": [1]},
            {"code": "EXP", "inputs": [1], "outputs": [2]},
            {"code": code, "inputs": inputs, "outputs": [1]},
        ]
        return handmade([{"shape": [1]}] * 3, operators, inputs=[0], outputs=[2])

    assert exercise(written_again("CONCATENATION", [0, 0, 0]), written_again("ABS", [0]))


def test_operands_left_out_by_the_thousand(handmade: Handmade) -> None:
    """An operator with very many operands left out is read at once."""
    operators = [{"code": "CONCATENATION", "inputs": [0] + [-1] * 500_000, "outputs": [1]}]
    data = handmade([{"shape": [1], "type": INT8}] * 2, operators, inputs=[0], outputs=[1])
    assert exercise(data, data)


def test_names_that_are_not_text(handmade: Handmade) -> None:
    """A name that is not UTF-8 is shown with replacements and does not stop the reading."""

    def adjust(model: Any) -> None:
        model.subgraphs[0].tensors[0].name = b"\xff\xfename"

    model = read_model(handmade([{"shape": [1]}], adjust=adjust))
    assert model.main.tensors[0].name == "��name"
    json.dumps(facts(model)).encode()
