"""Decoding and dequantising constants."""

from collections.abc import Callable
from dataclasses import replace

import ai_edge_litert.schema_py_generated as schema
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from graders.measure.tflite import MalformedModel, Quantization, constants
from graders.measure.tflite import weights as decoding
from graders.measure.tflite.constants import constant_values, dequantized
from graders.measure.tflite.model import IndexArray, Span
from graders.measure.tflite.reader import read_model
from graders.measure.tflite.weights import weights

Handmade = Callable[..., bytes]
Sample = Callable[[str], bytes]

PLAIN = ["float16", "float32", "float64", "complex64", "int8", "uint8", "int16", "uint16", "int32", "uint32", "int64"]


def decoded(data: bytes) -> np.ndarray:
    (tensor,) = read_model(data).main.tensors
    return constant_values(data, tensor)


@pytest.mark.parametrize("name", [*PLAIN, "uint64", "bool"])
def test_types_that_numpy_has_are_read_as_they_are(name: str, handmade: Handmade) -> None:
    """A dense buffer of a type that numpy has gives the values that were stored."""
    values = np.random.default_rng(0).integers(0, 2, (2, 3)).astype(name)
    data = handmade([{"shape": [2, 3], "type": getattr(schema.TensorType, name.upper()), "data": values.tobytes()}])
    np.testing.assert_array_equal(decoded(data), values, strict=True)


def test_a_scalar_has_no_dimensions(handmade: Handmade) -> None:
    """A constant without dimensions is one value."""
    data = handmade([{"shape": [], "data": np.float32(2.5).tobytes()}])
    assert decoded(data).shape == ()
    assert decoded(data) == 2.5


@given(hnp.arrays(np.float32, hnp.array_shapes(), elements=st.floats(width=32, allow_nan=False)))
def test_bfloat16_is_the_upper_half_of_float32(handmade: Handmade, values: np.ndarray) -> None:
    """A bfloat16 buffer decodes to the float32 with those upper 16 bits."""
    upper = (values.view(np.uint32) >> 16).astype("<u2")
    data = handmade([{"shape": values.shape, "type": schema.TensorType.BFLOAT16, "data": upper.tobytes()}])
    np.testing.assert_array_equal(decoded(data), (upper.astype(np.uint32) << 16).view(np.float32), strict=True)


def packed(values: np.ndarray, bits: int) -> bytes:
    """Values of fewer than 8 bits, the first in the lowest bits of a byte, the last byte filled with zeros."""
    number = 0
    for position, value in enumerate(values.reshape(-1).tolist()):
        number |= (value % 2**bits) << (bits * position)
    return number.to_bytes(-(-values.size * bits // 8), "little")


@pytest.mark.parametrize(("name", "bits", "lowest"), [("INT4", 4, -8), ("UINT4", 4, 0), ("INT2", 2, -2)])
@given(data=st.data())
def test_packed_integers(handmade: Handmade, name: str, bits: int, lowest: int, data: st.DataObject) -> None:
    """Packed integers of odd and even count decode to the values that were packed."""
    kind = np.uint8 if lowest == 0 else np.int8
    elements = st.integers(lowest, lowest + 2**bits - 1)
    values = data.draw(hnp.arrays(kind, hnp.array_shapes(max_side=7), elements=elements))
    file = handmade([{"shape": values.shape, "type": getattr(schema.TensorType, name), "data": packed(values, bits)}])
    np.testing.assert_array_equal(decoded(file), values, strict=True)


@given(
    hnp.arrays(np.int8, st.tuples(st.integers(1, 5), st.just(3))),
    st.lists(st.floats(2**-20, 2**10, width=32), min_size=3, max_size=3),
    st.lists(st.integers(-128, 127), min_size=3, max_size=3),
)
def test_per_channel_is_per_tensor_on_each_channel(
    values: np.ndarray, scales: list[float], zero_points: list[int]
) -> None:
    """Each channel of a per-channel tensor is dequantised with its own scale and zero point, in float32."""
    real = dequantized(values, Quantization(tuple(scales), tuple(zero_points), 1))
    for channel in range(3):
        alone = Quantization((scales[channel],), (zero_points[channel],), 0)
        np.testing.assert_array_equal(real[:, channel], dequantized(values[:, channel], alone), strict=True)
        expected = np.float32(scales[channel]) * (values[:, channel].astype(np.float32) - zero_points[channel])
        np.testing.assert_array_equal(real[:, channel], expected, strict=True)


def test_without_quantisation_values_stay() -> None:
    """Values that are not quantised come back as float32."""
    np.testing.assert_array_equal(dequantized(np.array([1.5], np.float16), None), np.array([1.5], np.float32))


def test_scales_that_do_not_fit_are_an_error() -> None:
    """More scales than channels can't be applied, and neither can a scheme that is not read."""
    with pytest.raises(ValueError, match="2 scales along dimension 0"):
        dequantized(np.zeros((3, 2), np.int8), Quantization((1.0, 2.0), (0, 0), 0))
    with pytest.raises(ValueError, match="BlockwiseQuantization"):
        dequantized(np.zeros(3, np.int8), Quantization((), (), 0, "BlockwiseQuantization"))


def test_activations_and_text_have_no_values(handmade: Handmade) -> None:
    """Asking for the values of an activation, or of a string constant, says what is wrong."""
    data = handmade([{"shape": [1]}, {"shape": [1], "type": schema.TensorType.STRING, "data": b"\1\0\0\0"}])
    activation, text = read_model(data).main.tensors
    assert text.sha256
    with pytest.raises(MalformedModel, match=r"tensor 0 .* has no values in the file"):
        constant_values(data, activation)
    with pytest.raises(MalformedModel, match=r"tensor 1 .* is of type string"):
        constant_values(data, text)


@pytest.mark.parametrize(("other", "steps"), [("int8", 1.0), ("float_io", 1.0), ("uint8_io", 1.0), ("int16x8", 1.0)])
def test_weights_of_a_quantised_file_are_near_those_of_the_float_file(other: str, steps: float, sample: Sample) -> None:
    """Dequantised kernels and biases are within a step of the float network's, layer by layer."""
    original = weights(sample("float32"), read_model(sample("float32")))
    quantised = weights(sample(other), read_model(sample(other)))
    assert [entry.operator.code for entry in original] == [entry.operator.code for entry in quantised]
    assert [entry.operator.code for entry in original] == [
        "CONV_2D",
        "DEPTHWISE_CONV_2D",
        "CONV_2D",
        "FULLY_CONNECTED",
    ]
    for one, two in zip(original, quantised, strict=True):
        quantization = two.kernel_tensor.quantization
        assert quantization is not None
        np.testing.assert_allclose(one.kernel, two.kernel, rtol=0, atol=steps * max(quantization.scales))
        assert one.bias is not None
        assert two.bias is not None
        np.testing.assert_allclose(one.bias, two.bias, rtol=0, atol=0.01)


def test_float16_weights_are_found_behind_dequantize(sample: Sample) -> None:
    """Float16 kernels, which reach their operator through DEQUANTIZE, are the float32 ones rounded."""
    original = weights(sample("float32"), read_model(sample("float32")))
    half = weights(sample("float16"), read_model(sample("float16")))
    for one, two in zip(original, half, strict=True):
        assert two.kernel_tensor.dtype == "float16"
        np.testing.assert_array_equal(one.kernel.astype(np.float16).astype(np.float32), two.kernel)


def test_sparse_weights_are_found_behind_densify(sample: Sample) -> None:
    """Sparse kernels, which reach their operator through DENSIFY, are there in the shape of the dense ones."""
    found = weights(sample("sparse_random"), read_model(sample("sparse_random")))
    assert [entry.kernel.shape for entry in found] == [(16, 1, 1, 8), (4, 1024)]
    assert all(entry.kernel_tensor.sparsity for entry in found)


def test_dynamic_range_kernels_are_int8(sample: Sample) -> None:
    """A dynamic-range file has int8 kernels where they are large, with float inputs and biases."""
    entry = weights(sample("dynamic_range"), read_model(sample("dynamic_range")))[-1]
    assert (entry.operator.code, entry.kernel_tensor.dtype) == ("FULLY_CONNECTED", "int8")
    assert entry.bias_tensor is not None
    assert entry.bias_tensor.dtype == "float32"


def test_values_outside_of_the_file_are_refused() -> None:
    """Bytes are read up to the last one of the file, and none before or behind it."""
    assert constants._bytes(b"abcd", Span(0, 4)).tobytes() == b"abcd"
    assert constants._bytes(b"abcd", Span(4, 0)).size == 0
    for offset, size in ((-1, 2), (0, -1), (1, 4), (5, 0)):
        with pytest.raises(MalformedModel, match=f"{size} bytes at {offset} lie outside a file of 4"):
            constants._bytes(b"abcd", Span(offset, size))
    with pytest.raises(MalformedModel, match="indices of 3 bytes"):
        constants._indices(b"abc", IndexArray(Span(0, 3), 3))


def test_more_values_than_may_be_read_are_refused(handmade: Handmade, monkeypatch: pytest.MonkeyPatch) -> None:
    """A constant's size is that of its values as float32 or as they are, whichever is more, and has a limit."""
    for name, size in (("INT8", 24), ("FLOAT32", 24), ("FLOAT64", 48)):
        values = np.zeros(6, name.lower())
        data = handmade([{"shape": [2, 3], "type": getattr(schema.TensorType, name), "data": values.tobytes()}])
        (tensor,) = read_model(data).main.tensors
        assert constants.decoded_bytes(tensor) == size
        monkeypatch.setattr(constants, "MAX_CONSTANT_BYTES", size)
        assert constant_values(data, tensor).shape == (2, 3)
        monkeypatch.setattr(constants, "MAX_CONSTANT_BYTES", size - 1)
        with pytest.raises(MalformedModel, match=r"claims 6 values of .*, too many to read"):
            constant_values(data, tensor)
        monkeypatch.undo()


def test_values_beyond_float32_are_infinite() -> None:
    """A product that float32 can't hold is infinite, without a warning; an axis that values lack is an error."""
    wide = Quantization((3e38,), (0,), 0)
    assert dequantized(np.array([100], np.int8), wide).tolist() == [np.inf]
    with pytest.raises(ValueError, match="along dimension 1 do not fit"):
        dequantized(np.zeros(2, np.int8), Quantization((1.0, 2.0), (0, 0), 1))


def test_weights_have_a_limit_together(sample: Sample, monkeypatch: pytest.MonkeyPatch) -> None:
    """All kernels and biases may take so many bytes as float32, and none more; one that two operators share counts once."""
    data = sample("float32")
    model = read_model(data)
    found = weights(data, model)
    taken = {each.kernel_tensor.index: each.kernel.nbytes for each in found}
    taken |= {each.bias_tensor.index: each.bias.nbytes for each in found if each.bias_tensor and each.bias is not None}
    assert len(taken) > 4
    monkeypatch.setattr(decoding, "MAX_DECODED_BYTES", sum(taken.values()))
    assert len(weights(data, model)) == len(found)
    monkeypatch.setattr(decoding, "MAX_DECODED_BYTES", sum(taken.values()) - 1)
    with pytest.raises(MalformedModel, match="the weights have more than"):
        weights(data, model)


def test_weights_that_can_not_be_read_are_the_files_fault(sample: Sample) -> None:
    """A scheme of quantisation that is not read makes the file malformed, and says which tensor it is."""
    data = sample("int8")
    model = read_model(data)
    found = weights(data, model)[0].kernel_tensor
    odd = replace(found, quantization=Quantization((), (), 0, "BlockwiseQuantization"))
    tensors = tuple(odd if each.index == found.index else each for each in model.main.tensors)
    with pytest.raises(MalformedModel, match=f"tensor {found.index}: quantisation by BlockwiseQuantization"):
        weights(data, replace(model, subgraphs=(replace(model.main, tensors=tensors),)))


def test_operators_of_one_operand_have_no_weights(handmade: Handmade) -> None:
    """What would be a kernel's place is not there."""
    data = handmade([{"shape": [1]}] * 2, [{"code": "ABS", "inputs": [0], "outputs": [1]}], inputs=[0], outputs=[1])
    assert weights(data, read_model(data)) == ()


def test_weights_of_another_file_are_refused(sample: Sample) -> None:
    """Bytes that are not those of the model hold none of its constants."""
    data = sample("float32")
    with pytest.raises(MalformedModel, match="outside"):
        weights(data[:100], read_model(data))
