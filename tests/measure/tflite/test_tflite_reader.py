"""The reader against what the LiteRT interpreter says of the same files."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import ai_edge_litert.schema_py_generated as schema
import numpy as np
import pytest
from ai_edge_litert.interpreter import Interpreter, OpResolverType

from graders.measure.tflite import MalformedModel, Model, Operator, Tensor, reader
from graders.measure.tflite.constants import constant_values, decoded_bytes
from graders.measure.tflite.model import Quantization
from graders.measure.tflite.reader import MAX_TENSOR_ELEMENTS, read_model
from graders.measure.tflite.weights import weights

NAMES = sorted(path.stem for path in (Path(__file__).resolve().parents[2] / "data" / "tflite").glob("*.tflite"))
RUNNABLE = [name for name in NAMES if name != "flex"]


def interpreter(data: bytes) -> Interpreter:
    return Interpreter(
        model_content=data,
        num_threads=1,
        experimental_op_resolver_type=OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
        experimental_preserve_all_tensors=True,
    )


def named(model: Model, part: str) -> Tensor:
    (found,) = (tensor for tensor in model.main.tensors if part in tensor.name)
    return found


def operator(model: Model, code: str) -> Operator:
    return next(operator for operator in model.main.operators if operator.code == code)


@pytest.mark.parametrize("name", NAMES)
def test_tensors_are_as_the_interpreter_says(name: str, sample: Callable[[str], bytes]) -> None:
    """Name, shape, type and quantisation of every tensor equal the interpreter's."""
    data = sample(name)
    tensors = {tensor.index: tensor for tensor in read_model(data).main.tensors}
    details = interpreter(data).get_tensor_details()
    assert {detail["index"] for detail in details} == set(tensors)
    for detail in details:
        tensor = tensors[detail["index"]]
        parameters = detail["quantization_parameters"]
        assert tensor.name == detail["name"]
        assert tensor.shape == tuple(detail["shape"])
        assert tensor.shape_signature == tuple(detail["shape_signature"])
        assert tensor.dtype == np.dtype(detail["dtype"]).name
        if tensor.quantization is None:
            assert not parameters["scales"].size
            continue
        assert tensor.quantization.scales == tuple(parameters["scales"].tolist())
        assert tensor.quantization.zero_points == tuple(parameters["zero_points"].tolist())
        assert tensor.quantization.quantized_dimension == parameters["quantized_dimension"]


@pytest.mark.parametrize("name", RUNNABLE)
def test_constants_are_as_the_interpreter_says(name: str, sample: Callable[[str], bytes]) -> None:
    """The values of every dense constant equal the interpreter's, to the bit."""
    data = sample(name)
    running = interpreter(data)
    running.allocate_tensors()
    constants = [tensor for tensor in read_model(data).main.tensors if tensor.constant]
    assert constants
    for tensor in constants:
        if tensor.sparsity is None:
            values = constant_values(data, tensor)
            np.testing.assert_array_equal(values, running.get_tensor(tensor.index), strict=True)


def test_densify_computes_what_the_reader_decodes(sample: Callable[[str], bytes]) -> None:
    """A sparse constant's dense values equal what the runtime's DENSIFY makes of it."""
    data = sample("sparse_random")
    model = read_model(data)
    running = interpreter(data)
    running.allocate_tensors()
    running.invoke()
    densified = [operator for operator in model.main.operators if operator.code == "DENSIFY"]
    assert len(densified) == 2
    for each in densified:
        sparse = model.main.tensors[each.inputs[0]]
        values = constant_values(data, sparse)
        assert sparse.sparsity is not None
        assert sparse.stored_bytes == 4 * np.count_nonzero(values)
        np.testing.assert_array_equal(values, running.get_tensor(each.outputs[0]), strict=True)


@pytest.mark.parametrize(("name", "tolerance"), [("sparse_block", 1e-5), ("sparse_block_int8", 0.05)])
def test_a_blocked_kernel_computes_what_the_runtime_computes(
    name: str, tolerance: float, sample: Callable[[str], bytes]
) -> None:
    """A block-sparse dense layer gives the runtime's output when computed from the reader's kernel."""
    data = sample(name)
    (layer,) = weights(data, read_model(data))
    assert layer.bias is not None
    assert 0.05 < np.count_nonzero(layer.kernel) / layer.kernel.size < 0.3
    row = np.random.default_rng(0).normal(size=(1, 64)).astype(np.float32)
    running = interpreter(data)
    running.allocate_tensors()
    running.set_tensor(running.get_input_details()[0]["index"], row)
    running.invoke()
    output = running.get_tensor(running.get_output_details()[0]["index"])
    np.testing.assert_allclose(row @ layer.kernel.T + layer.bias, output, atol=tolerance)


@pytest.mark.parametrize("name", NAMES)
def test_inputs_outputs_and_signatures_are_as_the_interpreter_says(name: str, sample: Callable[[str], bytes]) -> None:
    """Inputs, outputs, and the names of every signature equal the interpreter's."""
    data = sample(name)
    model = read_model(data)
    running = interpreter(data)
    assert model.main.inputs == tuple(detail["index"] for detail in running.get_input_details())
    assert model.main.outputs == tuple(detail["index"] for detail in running.get_output_details())
    signatures = running.get_signature_list()
    assert {signature.name for signature in model.signatures} == set(signatures)
    for signature in model.signatures:
        assert sorted(entry.name for entry in signature.inputs) == sorted(signatures[signature.name]["inputs"])
        assert sorted(entry.name for entry in signature.outputs) == sorted(signatures[signature.name]["outputs"])


def test_operators_and_their_options(sample: Callable[[str], bytes]) -> None:
    """Operators come in execution order with version, fused activation, stride and padding."""
    model = read_model(sample("float32"))
    assert [each.code for each in model.main.operators] == [
        "CONV_2D",
        "DEPTHWISE_CONV_2D",
        "CONV_2D",
        "ADD",
        "MEAN",
        "FULLY_CONNECTED",
    ]
    stem, depthwise = operator(model, "CONV_2D"), operator(model, "DEPTHWISE_CONV_2D")
    assert (stem.options.fused_activation, stem.options.stride, stem.options.padding) == ("RELU6", (2, 2), "SAME")
    assert (depthwise.options.depth_multiplier, depthwise.options.dilation) == (1, (1, 1))
    assert operator(model, "ADD").options.fused_activation == "NONE"
    assert operator(model, "MEAN").options.fused_activation is None
    assert stem.version == 1
    assert operator(read_model(sample("int8")), "CONV_2D").version == 3


def test_kernels_are_quantised_per_channel(sample: Callable[[str], bytes]) -> None:
    """An int8 convolution has a scale per output channel, an activation has one."""
    model = read_model(sample("int8"))
    stem = operator(model, "CONV_2D")
    _, kernel, bias = model.main.tensors_of(stem.inputs)
    (output,) = model.main.tensors_of(stem.outputs)
    assert (kernel.dtype, bias.dtype, output.dtype) == ("int8", "int32", "int8")
    assert kernel.quantization is not None
    assert bias.quantization is not None
    assert output.quantization is not None
    assert len(kernel.quantization.scales) == len(bias.quantization.scales) == 8
    assert kernel.quantization.per_channel
    assert set(kernel.quantization.zero_points) == {0}
    assert len(output.quantization.scales) == 1


def test_flex_operators_are_seen(sample: Callable[[str], bytes]) -> None:
    """An operator that TensorFlow itself must run is custom, and is Flex."""
    flex = [each for each in read_model(sample("flex")).main.operators if each.is_flex]
    assert [each.label for each in flex] == ["CUSTOM FlexMatrixInverse"]
    assert flex[0].is_custom


def test_the_file_as_a_whole(sample: Callable[[str], bytes]) -> None:
    """Version, description, metadata names, buffer sizes and the file's own size are there."""
    data = sample("float32")
    model = read_model(data)
    assert (model.version, model.size) == (3, len(data))
    assert model.description == "MLIR Converted."
    assert "min_runtime_version" in model.metadata
    assert sum(model.buffer_sizes) < len(data)
    assert not model.external_buffers
    kernels = [tensor for tensor in model.main.tensors if tensor.constant]
    assert all(tensor.stored_bytes == model.buffer_sizes[tensor.buffer] for tensor in kernels)


def test_equal_constants_have_equal_hashes(sample: Callable[[str], bytes]) -> None:
    """The hash of a constant is that of its values: the same in two conversions, another for other values."""
    one, other = read_model(sample("float32")), read_model(sample("float32_concrete"))

    def hashes(model: Model) -> list[Any]:
        return [tensor.sha256 for each in model.main.operators for tensor in model.main.tensors_of(each.inputs[1:])]

    assert hashes(one) == hashes(other)
    assert len({digest for digest in hashes(one) if digest}) > 5


def test_buffers_after_the_flatbuffer_are_read(handmade: Callable[..., bytes]) -> None:
    """A constant stored by offset and size, behind the flatbuffer, is read from there."""
    values = np.arange(6, dtype=np.float32)

    def build(offset: int) -> bytes:
        def adjust(model: Any) -> None:
            buffer = schema.BufferT()
            buffer.offset, buffer.size = offset, values.nbytes
            model.buffers.append(buffer)

        return handmade([{"shape": [2, 3], "buffer": 1}], adjust=adjust)

    front = build(1000)
    data = build(len(front)) + values.tobytes()
    (tensor,) = read_model(data).main.tensors
    np.testing.assert_array_equal(constant_values(data, tensor), values.reshape(2, 3), strict=True)
    assert read_model(data).buffer_sizes == (0, 24)


def test_weights_outside_the_file_are_seen(handmade: Callable[..., bytes]) -> None:
    """A tensor whose values are in another file is constant and external, and the model says so."""

    def adjust(model: Any) -> None:
        model.externalBuffers = [schema.ExternalBufferT()]
        model.subgraphs[0].tensors[0].externalBuffer = 1

    model = read_model(handmade([{"shape": [2]}, {"shape": [2]}], adjust=adjust))
    assert model.external_buffers
    assert [(tensor.external, tensor.constant) for tensor in model.main.tensors] == [(True, True), (False, False)]


def test_buffer_zero_means_no_values(handmade: Callable[..., bytes]) -> None:
    """A tensor of buffer 0 is an activation, as it is for the runtime, whatever that buffer holds."""

    def adjust(model: Any) -> None:
        model.buffers[0].data = [0] * 8

    model = read_model(handmade([{"shape": [2]}], adjust=adjust))
    assert not model.main.tensors[0].constant


def test_constants_without_elements(handmade: Callable[..., bytes]) -> None:
    """A constant of no elements is a constant: the shape of a scalar."""
    data = handmade([{"shape": [0], "type": schema.TensorType.INT32, "data": b""}])
    (tensor,) = read_model(data).main.tensors
    assert tensor.constant
    assert constant_values(data, tensor).shape == (0,)


@pytest.mark.parametrize(("code", "older"), [("CONV_2D", 3), ("GELU", 127), ("STABLEHLO_CASE", 127)])
def test_operator_codes_old_and_new(code: str, older: int, handmade: Callable[..., bytes]) -> None:
    """A code is found in the older field of one byte, where it fits, and in the newer one."""

    def written_by_an_old_converter(model: Any) -> None:
        assert model.operatorCodes[0].deprecatedBuiltinCode == older
        if older < 127:
            model.operatorCodes[0].builtinCode = 0

    operators = [{"code": code, "inputs": [0], "outputs": [0]}]
    data = handmade([{"shape": [1]}], operators, adjust=written_by_an_old_converter)
    assert read_model(data).main.operators[0].code == code


@pytest.mark.parametrize("where", ["externalBuffers", "externalBufferGroups", "tensor"])
def test_any_sign_of_weights_outside_the_file_is_seen(where: str, handmade: Callable[..., bytes]) -> None:
    """A list of other files' buffers, a list of their groups, or one tensor that names one: each is enough."""

    def adjust(model: Any) -> None:
        if where == "tensor":
            model.subgraphs[0].tensors[0].externalBuffer = 1
        else:
            kind = {"externalBuffers": schema.ExternalBufferT, "externalBufferGroups": schema.ExternalBufferGroupT}
            setattr(model, where, [kind[where]()])

    assert read_model(handmade([{"shape": [2]}, {"shape": [2]}], adjust=adjust)).external_buffers
    assert not read_model(handmade([{"shape": [2]}])).external_buffers


@pytest.mark.parametrize(("offset", "size"), [(0, 0), (1, 0), (2, 2)])
def test_an_offset_of_one_is_none(offset: int, size: int, handmade: Callable[..., bytes]) -> None:
    """Converters write an offset of 1 in place of one that is not known yet; from 2 on it is where the bytes lie."""

    def adjust(model: Any) -> None:
        buffer = schema.BufferT()
        buffer.offset, buffer.size = offset, 2
        model.buffers.append(buffer)

    data = handmade([{"shape": [2], "type": schema.TensorType.INT8, "buffer": 1}], adjust=adjust)
    model = read_model(data)
    assert model.buffer_sizes == (0, size)
    assert model.main.tensors[0].stored_bytes == size


def test_a_tensor_of_as_many_values_as_are_allowed(handmade: Callable[..., bytes]) -> None:
    """The limit itself is allowed."""
    (tensor,) = read_model(handmade([{"shape": [MAX_TENSOR_ELEMENTS]}])).main.tensors
    assert tensor.elements == MAX_TENSOR_ELEMENTS
    assert tensor.stored_bytes == 0


def test_as_many_bytes_as_are_decoded(handmade: Callable[..., bytes], monkeypatch: pytest.MonkeyPatch) -> None:
    """All constants together may have as many bytes as the limit says, and not one more."""
    data = handmade([{"shape": [2], "type": schema.TensorType.INT8, "data": b"ab"}] * 2)
    most = sum(decoded_bytes(tensor) for tensor in read_model(data).main.tensors)
    monkeypatch.setattr(reader, "MAX_DECODED_BYTES", most)
    assert len(read_model(data).main.tensors) == 2
    monkeypatch.setattr(reader, "MAX_DECODED_BYTES", most - 1)
    with pytest.raises(MalformedModel, match=f"the constants have more than {most - 1} bytes"):
        read_model(data)


def test_tensors_left_out_are_skipped(sample: Callable[[str], bytes]) -> None:
    """An optional tensor that is left out is not the last one."""
    graph = read_model(sample("int8")).main
    assert list(graph.tensors_of((1, -1, 0))) == [graph.tensors[1], graph.tensors[0]]


def test_the_filter_of_a_pool(handmade: Callable[..., bytes]) -> None:
    """A pooling operator's filter has a height and a width, in this order, as its strides do."""

    def pooled(model: Any) -> None:
        options = schema.Pool2DOptionsT()
        options.filterHeight, options.filterWidth, options.strideH, options.strideW = 2, 3, 4, 5
        operator = model.subgraphs[0].operators[0]
        operator.builtinOptionsType, operator.builtinOptions = schema.BuiltinOptions.Pool2DOptions, options

    operators = [{"code": "MAX_POOL_2D", "inputs": [0], "outputs": [1]}]
    options = read_model(handmade([{"shape": [1]}] * 2, operators, adjust=pooled)).main.operators[0].options
    assert (options.filter_size, options.stride, options.padding) == ((2, 3), (4, 5), "SAME")
    assert (options.dilation, options.depth_multiplier) == (None, None)


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"scale": [0.5]}, Quantization((0.5,), (0,), 0, None)),
        ({"scale": [0.5], "zeroPoint": [3], "quantizedDimension": 5}, Quantization((0.5,), (3,), 5, None)),
        ({"scale": [0.5, 1.0], "zeroPoint": [3]}, Quantization((0.5, 1.0), (3, 3), 0, None)),
        ({"scale": [0.5, 1.0]}, Quantization((0.5, 1.0), (0, 0), 0, None)),
        ({"scale": [], "zeroPoint": []}, None),
        (
            {"detailsType": schema.QuantizationDetails.CustomQuantization, "details": schema.CustomQuantizationT()},
            Quantization((), (), 0, "CustomQuantization"),
        ),
    ],
)
def test_quantisation_that_is_written_in_part(
    fields: dict[str, Any], expected: Quantization | None, handmade: Callable[..., bytes]
) -> None:
    """Zero points may be left out, or be one for all channels; another scheme may have no scales at all."""
    tensor = {"shape": [2, 4], "type": schema.TensorType.INT8, "quantization": fields}
    assert read_model(handmade([tensor])).main.tensors[0].quantization == expected
