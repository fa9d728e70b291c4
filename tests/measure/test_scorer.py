"""The scorer over a real LiteRT: what it measures is what LiteRT gives, and what is wrong with a file is the file's."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import ai_edge_litert.schema_py_generated as schema
import numpy as np
import psutil
import pytest
from numpy.typing import NDArray

from graders.core.errors import RunError, ScorerError
from graders.core.verdicts import Verdict
from graders.labs.l02_quantization import dataset
from graders.measure.scorer.client import Scorer, start_server
from graders.measure.scorer.measurement import Measurement
from graders.profiles.profile import IMAGENET
from graders.sandbox.host.isolation import Bare

MAX_BYTES = 64 << 20
KIT = Path(__file__).resolve().parents[2] / "student_template"
LITERT_SAMPLES = Path(__file__).resolve().parents[1] / "data" / "tflite"
# An inference for each image on its own, prepared by the starter code, quantised as the course teaches it.
DIRECT = """
import json, sys
import numpy as np
from ai_edge_litert.interpreter import Interpreter
model, kit, root, images, out = sys.argv[1:]
sys.path.insert(0, kit)
from dl_in_iot_course.misc.pet_dataset import PetDataset
dataset = PetDataset(root)
interpreter = Interpreter(model, num_threads=1)
interpreter.allocate_tensors()
entrance, exit = interpreter.get_input_details()[0], interpreter.get_output_details()[0]
inputs, outputs = [], []
for image in json.loads(images):
    sample = dataset.prepare_input_sample(image)
    if entrance["dtype"] == np.int8:
        scale, zero_point = entrance["quantization"]
        sample = np.clip(np.round(sample / scale) + zero_point, -128, 127).astype(np.int8)
    interpreter.set_tensor(entrance["index"], sample)
    interpreter.invoke()
    inputs.append(sample[0])
    outputs.append(interpreter.get_tensor(exit["index"])[0])
np.savez(out, inputs=np.stack(inputs), outputs=np.stack(outputs))
"""

Edited = Callable[..., Path]
Change = Callable[[Any], object]


@pytest.fixture(scope="module")
def direct(
    pocket: Any, pictures: list[Path], tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str], dict[str, NDArray[Any]]]:
    """Inputs and outputs of one of the reference's files for the pictures, from LiteRT itself in a process of its own."""
    folder = tmp_path_factory.mktemp("direct")

    def run(name: str) -> dict[str, NDArray[Any]]:
        out = folder / f"{name}.npz"
        if not out.exists():
            images = json.dumps([str(path) for path in pictures])
            argv = [sys.executable, "-I", "-c", DIRECT, getattr(pocket, name), KIT, pocket.dataset, images, out]
            subprocess.run([str(word) for word in argv], check=True)
        with np.load(out) as arrays:
            return dict(arrays)

    return run


def change_main(change: Change) -> Change:
    """A change to the main graph of a file whose signatures are taken away, which would name its old ends."""

    def changed(model: Any) -> None:
        model.signatureDefs = None
        change(model.subgraphs[0])

    return changed


# Reading


def test_a_good_file_is_read(scorer: Scorer, pocket: Any) -> None:
    """A good file's facts cross the process boundary whole."""
    with scorer.measure(pocket.int8) as measurement:
        model = measurement.read(MAX_BYTES)
    (entrance,) = model.main.tensors_of(model.main.inputs)
    assert (entrance.dtype, entrance.shape) == ("int8", (1, 224, 224, 3))
    assert model.size == pocket.int8.stat().st_size


def test_a_file_over_the_limit_is_refused(scorer: Scorer, pocket: Any) -> None:
    """A file with one byte more than allowed is refused, one with just as many is read."""
    size = pocket.fp32.stat().st_size
    with scorer.measure(pocket.fp32) as measurement:
        assert measurement.read(size).size == size
        with pytest.raises(RunError) as raised:
            measurement.read(size - 1)
    assert raised.value.verdict is Verdict.FAILED


BROKEN: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda data: b"",
    "text": lambda data: b"This is no model.\n" * 100,
    "garbage": lambda data: np.random.default_rng(0).bytes(50_000),
    "garbage with the identifier": lambda data: data[:8] + np.random.default_rng(1).bytes(50_000),
    "zeros with the identifier": lambda data: data[:8] + bytes(50_000),
    "truncated to the half": lambda data: data[: len(data) // 2],
    "truncated to the identifier": lambda data: data[:8],
    "archive": lambda data: b"PK\x03\x04" + data,
}

OPERATIONS: dict[str, Callable[[Measurement, Path, Path], Any]] = {
    "read": lambda measurement, baseline, frames: measurement.read(MAX_BYTES),
    "compare_weights": lambda measurement, baseline, frames: measurement.compare_weights(baseline),
    "infer_frames": lambda measurement, baseline, frames: measurement.infer_frames(frames, 2, IMAGENET),
    "infer_tensors": lambda measurement, baseline, frames: measurement.infer_tensors(
        np.zeros((2, 224, 224, 3), dtype=np.float32)
    ),
    "prepare_pair": lambda measurement, baseline, frames: measurement.prepare_pair(baseline),
}


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("broken", BROKEN)
def test_a_broken_file_is_its_own_fault(
    broken: str, operation: str, scorer: Scorer, pocket: Any, frames: Path, tmp_path: Path
) -> None:
    """Whatever is done with a file that is no model, it ends in one line about the file, never in a fault of ours."""
    path = tmp_path / "model.tflite"
    path.write_bytes(BROKEN[broken](pocket.fp32.read_bytes()))
    with scorer.measure(path) as measurement, pytest.raises(RunError) as raised:
        OPERATIONS[operation](measurement, pocket.fp32, frames)
    assert raised.value.verdict in (Verdict.FAILED, Verdict.CRASHED)
    assert str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_file_of_ours_that_is_missing_is_our_fault(scorer: Scorer, pocket: Any, tmp_path: Path) -> None:
    """A path that leads nowhere is the grader's fault: artifacts are taken in before they are measured."""
    for operation in (lambda each: each.read(MAX_BYTES), lambda each: each.compare_weights(pocket.fp32)):
        with scorer.measure(tmp_path / "none.tflite") as measurement, pytest.raises(ScorerError, match=r"none\.tflite"):
            operation(measurement)


def test_each_file_has_a_process_of_its_own(scorer: Scorer, pocket: Any, tmp_path: Path) -> None:
    """After a file that can't be measured, the next one is measured as ever; so are two at once."""
    broken = tmp_path / "model.tflite"
    broken.write_bytes(b"")
    with scorer.measure(broken) as bad, scorer.measure(pocket.fp32) as good:
        with pytest.raises(RunError):
            bad.read(MAX_BYTES)
        assert good.read(MAX_BYTES).size
        with pytest.raises(RunError):
            bad.read(MAX_BYTES)
    with scorer.measure(pocket.int8) as other:
        assert other.read(MAX_BYTES).size


# Inference


@pytest.mark.parametrize("name", ["fp32", "int8"])
def test_inference_is_litert_s_own(
    name: str, scorer: Scorer, pocket: Any, pictures: list[Path], frames: Path, direct: Callable[[str], Any]
) -> None:
    """Frames give what LiteRT gives for the same images one by one, prepared by the starter code."""
    with scorer.measure(getattr(pocket, name)) as measurement:
        found = measurement.infer_frames(frames, len(pictures), IMAGENET)
    expected = direct(name)["outputs"]
    assert found.dtype == expected.dtype
    if name == "int8":
        np.testing.assert_array_equal(found, expected)
    else:
        np.testing.assert_allclose(found, expected, atol=1e-4)


@pytest.mark.parametrize("name", ["fp32", "int8"])
def test_tensors_are_taken_as_they_are(name: str, scorer: Scorer, pocket: Any, direct: Callable[[str], Any]) -> None:
    """Input tensors that a class made give the same outputs as the images that they were made from."""
    known = direct(name)
    with scorer.measure(getattr(pocket, name)) as measurement:
        found = measurement.infer_tensors(known["inputs"])
    np.testing.assert_allclose(found.astype(float), known["outputs"].astype(float), atol=1e-4)


def test_only_the_first_frames_are_taken(scorer: Scorer, pocket: Any, frames: Path) -> None:
    """As many frames as asked for are evaluated, the first ones, whether they fill a batch or not."""
    with scorer.measure(pocket.int8) as measurement:
        every = measurement.infer_frames(frames, 40, IMAGENET)
        for count in (1, 3, 37, 38):
            np.testing.assert_array_equal(measurement.infer_frames(frames, count, IMAGENET), every[:count])


def test_outputs_differ_between_images(scorer: Scorer, pocket: Any, frames: Path) -> None:
    """No two images have the same outputs: batches are not mixed up and the input does reach the network."""
    with scorer.measure(pocket.fp32) as measurement:
        found = measurement.infer_frames(frames, 40, IMAGENET)
    assert len(np.unique(found, axis=0)) == 40


@pytest.mark.parametrize("name", ["fp32", "int8"])
def test_delegates_change_nothing(name: str, scorer: Scorer, pocket: Any, frames: Path) -> None:
    """With and without XNNPACK the embedded model gives the same, float rounding or one code aside."""
    with scorer.measure(getattr(pocket, name)) as measurement:
        plain = measurement.infer_frames(frames, 40, IMAGENET, delegates=False).astype(float)
        quick = measurement.infer_frames(frames, 40, IMAGENET, delegates=True).astype(float)
    np.testing.assert_allclose(quick, plain, atol=1 if name == "int8" else 1e-4)


def ending_in(code: str, *inputs: int, dtype: str = "FLOAT32", constant: list[int] | None = None) -> Change:
    """Ends the network with one more operator, of the old output, more inputs, and perhaps a constant of int32."""

    def change(model: Any) -> None:
        graph = model.subgraphs[0]
        model.signatureDefs = None
        operands = [int(graph.outputs[0]), *inputs]
        if constant is not None:
            buffer, shape = schema.BufferT(), schema.TensorT()
            buffer.data = list(np.array(constant, dtype="<i4").tobytes())
            model.buffers.append(buffer)
            shape.name, shape.type, shape.shape = "constant", schema.TensorType.INT32, [len(constant)]
            shape.buffer = len(model.buffers) - 1
            graph.tensors.append(shape)
            operands.append(len(graph.tensors) - 1)
        last, kind, operator = schema.TensorT(), schema.OperatorCodeT(), schema.OperatorT()
        last.name, last.type, last.shape, last.buffer = "last", getattr(schema.TensorType, dtype), [1, 37], 0
        graph.tensors.append(last)
        kind.builtinCode = kind.deprecatedBuiltinCode = getattr(schema.BuiltinOperator, code)
        kind.version = 1
        model.operatorCodes.append(kind)
        operator.opcodeIndex = len(model.operatorCodes) - 1
        operator.inputs, operator.outputs = operands, [len(graph.tensors) - 1]
        graph.operators.append(operator)
        graph.outputs = [len(graph.tensors) - 1]

    return change


@pytest.mark.parametrize("delegates", [True, False])
def test_a_file_for_single_images(delegates: bool, scorer: Scorer, pocket: Any, frames: Path, edited: Edited) -> None:
    """A file that takes a single image only is evaluated one by one, and gives the same."""
    with scorer.measure(edited(pocket.fp32, ending_in("RESHAPE", constant=[1, 37]))) as measurement:
        found = measurement.infer_frames(frames, 40, IMAGENET, delegates=delegates)
    with scorer.measure(pocket.fp32) as measurement:
        expected = measurement.infer_frames(frames, 40, IMAGENET, delegates=delegates)
    assert found.shape == (40, 37)
    np.testing.assert_allclose(found, expected, atol=1e-4)


def other_side(graph: Any) -> None:
    graph.tensors[graph.inputs[0]].shape = [1, 96, 96, 3]
    graph.tensors[graph.inputs[0]].shapeSignature = None


def no_shape(graph: Any) -> None:
    graph.tensors[graph.inputs[0]].shape = []
    graph.tensors[graph.inputs[0]].shapeSignature = None


def of_type(name: str) -> Change:
    return lambda graph: setattr(graph.tensors[graph.inputs[0]], "type", getattr(schema.TensorType, name))


def more_outputs(graph: Any) -> None:
    graph.outputs = [int(graph.outputs[0]), int(graph.operators[0].outputs[0])]


def more_inputs(graph: Any) -> None:
    extra = schema.TensorT()
    extra.name, extra.type, extra.shape, extra.buffer = "more", schema.TensorType.FLOAT32, [1, 1], 0
    graph.tensors.append(extra)
    graph.inputs = [int(graph.inputs[0]), len(graph.tensors) - 1]


def constant_output(graph: Any) -> None:
    graph.outputs = [int(graph.operators[0].inputs[1])]


def no_way_through(graph: Any) -> None:
    graph.operators = graph.operators[1:]


def cycle(graph: Any) -> None:
    graph.operators[0].inputs[0] = graph.outputs[0]


def huge_weights(graph: Any) -> None:
    graph.tensors[graph.operators[0].inputs[1]].shape = [2**15, 2**15, 2**15, 3]


ODD: dict[str, Change] = {
    "another side": other_side,
    "no shape": no_shape,
    "no inputs": lambda graph: setattr(graph, "inputs", []),
    "no outputs": lambda graph: setattr(graph, "outputs", []),
    "two inputs": more_inputs,
    "two outputs": more_outputs,
    "a constant output": constant_output,
    "string input": of_type("STRING"),
    "complex input": of_type("COMPLEX64"),
    "int64 input": of_type("INT64"),
    "the first operator missing": no_way_through,
    "a cycle": cycle,
    "huge weights": huge_weights,
}


@pytest.mark.parametrize("kind", ["complex64", "complex128", "U4"])
def test_inputs_that_are_no_plain_numbers(scorer: Scorer, pocket: Any, kind: str) -> None:
    """A file that takes complex numbers or texts is at fault itself: nothing of the grader's broke."""
    with scorer.measure(pocket.fp32) as measurement, pytest.raises(RunError, match="values, and can't be given any"):
        measurement.infer_tensors(np.zeros((1, 2), dtype=kind))


@pytest.mark.parametrize("operation", ["infer_frames", "infer_tensors"])
def test_an_output_of_no_numbers_is_the_file_s_fault(
    operation: str, scorer: Scorer, pocket: Any, frames: Path, edited: Edited
) -> None:
    """A file that answers yes or no has no scores."""

    def change(model: Any) -> None:
        ending_in("EQUAL", int(model.subgraphs[0].outputs[0]), dtype="BOOL")(model)

    with (
        scorer.measure(edited(pocket.fp32, change)) as measurement,
        pytest.raises(RunError, match="no array of numbers"),
    ):
        OPERATIONS[operation](measurement, pocket.fp32, frames)


@pytest.mark.parametrize("operation", ["infer_frames", "infer_tensors"])
@pytest.mark.parametrize("odd", ODD)
def test_an_odd_file_is_its_own_fault(
    odd: str, operation: str, scorer: Scorer, pocket: Any, frames: Path, edited: Edited
) -> None:
    """A file that is a model but no classifier of images can't be evaluated, in one line, and it is no fault of ours."""
    path = edited(pocket.fp32, change_main(ODD[odd]))
    with scorer.measure(path) as measurement, pytest.raises(RunError) as raised:
        OPERATIONS[operation](measurement, pocket.fp32, frames)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("operation", ["read", "compare_weights", "prepare_pair"])
@pytest.mark.parametrize("odd", ODD)
def test_an_odd_file_is_measured_or_its_own_fault(
    odd: str, operation: str, scorer: Scorer, pocket: Any, frames: Path, edited: Edited
) -> None:
    """Reading, comparing and timing such a file either work or are the file's fault."""
    path = edited(pocket.fp32, change_main(ODD[odd]))
    # A ScorerError would come through.
    with scorer.measure(path) as measurement, contextlib.suppress(RunError):
        OPERATIONS[operation](measurement, pocket.fp32, frames)


def test_more_scores_than_any_classifier_s(scorer: Scorer, pocket: Any, frames: Path, edited: Edited) -> None:
    """A file whose output would fill an answer is its own fault, and nobody seems to have tampered."""
    path = edited(pocket.fp32, ending_in("TILE", constant=[1, 100_000]))
    with scorer.measure(path) as measurement, pytest.raises(RunError, match="numbers for 2 inputs") as raised:
        measurement.infer_frames(frames, 2, IMAGENET)
    assert raised.value.verdict is Verdict.FAILED


def test_more_facts_than_any_network_s(scorer: Scorer, pocket: Any, edited: Edited) -> None:
    """A file whose facts would fill an answer is its own fault as well."""

    def many_scales(model: Any) -> None:
        for _ in range(3):
            tensor = schema.TensorT()
            tensor.name, tensor.type, tensor.shape, tensor.buffer = "many", schema.TensorType.INT8, [90_000], 0
            tensor.quantization = schema.QuantizationParametersT()
            tensor.quantization.scale, tensor.quantization.zeroPoint = [0.123456789] * 90_000, [0] * 90_000
            model.subgraphs[0].tensors.append(tensor)

    with scorer.measure(edited(pocket.fp32, many_scales)) as measurement, pytest.raises(RunError) as raised:
        measurement.read(MAX_BYTES)
    assert raised.value.verdict is Verdict.FAILED
    assert "more parts" in str(raised.value)


def endless(model: Any) -> None:
    """Ends the network in a WHILE whose condition is always true."""
    graph, test, body = model.subgraphs[0], schema.SubGraphT(), schema.SubGraphT()
    yes, model.signatureDefs = schema.BufferT(), None
    yes.data = [1]
    model.buffers.append(yes)

    def tensor(of: Any, dtype: int, shape: list[int], buffer: int = 0) -> int:
        made = schema.TensorT()
        made.name, made.type, made.shape, made.buffer = f"more-{len(of.tensors)}", dtype, shape, buffer
        of.tensors.append(made)
        return len(of.tensors) - 1

    def operator(of: Any, code: int, inputs: list[int], outputs: list[int]) -> Any:
        kind, made = schema.OperatorCodeT(), schema.OperatorT()
        kind.builtinCode, kind.deprecatedBuiltinCode, kind.version = code, code, 1
        model.operatorCodes.append(kind)
        made.opcodeIndex, made.inputs, made.outputs = len(model.operatorCodes) - 1, inputs, outputs
        of.operators.append(made)
        return made

    for each in (test, body):
        each.tensors, each.operators = [], []
        each.inputs = [tensor(each, schema.TensorType.FLOAT32, [1, 37])]
    test.outputs = [tensor(test, schema.TensorType.BOOL, [1], len(model.buffers) - 1)]
    body.outputs = [tensor(body, schema.TensorType.FLOAT32, [1, 37])]
    operator(body, schema.BuiltinOperator.NEG, body.inputs, body.outputs)
    leaving = tensor(graph, schema.TensorType.FLOAT32, [1, 37])
    loop = operator(graph, schema.BuiltinOperator.WHILE, [int(graph.outputs[0])], [leaving])
    loop.builtinOptionsType, loop.builtinOptions = schema.BuiltinOptions.WhileOptions, schema.WhileOptionsT()
    loop.builtinOptions.condSubgraphIndex, loop.builtinOptions.bodySubgraphIndex = 1, 2
    graph.outputs, model.subgraphs = [leaving], [graph, test, body]


def test_a_file_that_never_ends_is_waited_for_once(
    pocket: Any, frames: Path, edited: Edited, tmp_path: Path
) -> None:
    """A file that hangs costs a scorer's patience once, whatever else was to be measured of it."""
    path = edited(pocket.fp32, endless)
    with start_server(Bare()) as server:
        hurried = Scorer(server, tmp_path / "boxes", patience_s=2.0)
        found = []
        for _ in range(4):
            with hurried.measure(path) as measurement, pytest.raises(RunError) as raised:
                measurement.infer_frames(frames, 2, IMAGENET)
            found.append(raised.value)
        assert found[0].verdict is Verdict.TIMEOUT
        # Nothing was waited for again, where another error would be raised.
        assert all(error is found[0] for error in found)
        with hurried.measure(pocket.fp32) as measurement:
            assert measurement.infer_frames(frames, 2, IMAGENET).shape == (2, 37)


# Weights


def kernel(model: Any, operator: int = 0) -> NDArray[np.float32]:
    """The values of an operator's kernel, to be changed in place."""
    buffer = model.buffers[model.subgraphs[0].tensors[model.subgraphs[0].operators[operator].inputs[1]].buffer]
    buffer.data = np.array(buffer.data, dtype=np.uint8)
    values: NDArray[np.float32] = buffer.data.view("<f4")
    return values


def nudged(factor: float, operator: int = 0) -> Change:
    """One weight, the largest of a kernel, times the factor."""

    def change(model: Any) -> None:
        values = kernel(model, operator)
        values[np.argmax(np.abs(values))] *= np.float32(factor)

    return change


def test_weights_of_the_same_file(scorer: Scorer, pocket: Any) -> None:
    """A file's weights do not differ from its own, and there are some."""
    with scorer.measure(pocket.fp32) as measurement:
        found = measurement.compare_weights(pocket.fp32)
    assert (found.changed, found.worst) == (0, 0.0)
    assert found.tensors > 10


def test_weights_of_the_same_network_written_anew(scorer: Scorer, pocket: Any, edited: Edited) -> None:
    """Other bytes with the same weights are the same weights."""
    path = edited(pocket.fp32, lambda model: setattr(model, "description", "another converter"))
    assert path.read_bytes() != pocket.fp32.read_bytes()
    with scorer.measure(path) as measurement:
        assert measurement.compare_weights(pocket.fp32).worst == 0.0


@pytest.mark.parametrize("by", [1e-2, 1e-3, 1e-4])
def test_one_weight_nudged(by: float, scorer: Scorer, pocket: Any, edited: Edited) -> None:
    """One changed weight is found: one tensor, as far off as it was moved, relative to the largest weight."""
    with scorer.measure(edited(pocket.fp32, nudged(1 + by))) as measurement:
        found = measurement.compare_weights(pocket.fp32)
    assert found.changed == 1
    assert found.worst == pytest.approx(by, rel=1e-2)
    assert found.where.startswith("kernel of CONV_2D 0")


def test_float_rounding_is_no_change(scorer: Scorer, pocket: Any, edited: Edited) -> None:
    """Weights that differ in their last bit, as BatchNorm folded in another order gives them, have not changed."""

    def last_bits(model: Any) -> None:
        values = kernel(model)
        values[:] = np.nextafter(values, np.float32(np.inf))

    with scorer.measure(edited(pocket.fp32, last_bits)) as measurement:
        found = measurement.compare_weights(pocket.fp32)
    assert found.changed == 0
    assert 0 < found.worst < 1e-6


def test_the_worst_tensor_is_named(scorer: Scorer, pocket: Any, edited: Edited) -> None:
    """Of several changed tensors the one that is farthest off is named."""

    def two(model: Any) -> None:
        nudged(1.01, 0)(model)
        nudged(1.5, 1)(model)

    with scorer.measure(edited(pocket.fp32, two)) as measurement:
        found = measurement.compare_weights(pocket.fp32)
    assert found.changed == 2
    assert found.worst == pytest.approx(0.5, rel=1e-2)
    assert found.where.endswith(" 1")


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_weights_that_are_no_numbers_differ(value: float, scorer: Scorer, pocket: Any, edited: Edited) -> None:
    """NaN and infinities among the weights are as far off as can be."""

    def spoil(model: Any) -> None:
        kernel(model)[0] = value

    with scorer.measure(edited(pocket.fp32, spoil)) as measurement:
        found = measurement.compare_weights(pocket.fp32)
    assert found.changed == 1
    assert found.worst >= 1e9


def test_a_changed_bias_is_found(scorer: Scorer, pocket: Any, edited: Edited) -> None:
    """A bias, which BatchNorm is folded into, is compared too."""

    def change(model: Any) -> None:
        graph = model.subgraphs[0]
        buffer = model.buffers[graph.tensors[graph.operators[0].inputs[2]].buffer]
        buffer.data = np.array(buffer.data, dtype=np.uint8)
        buffer.data.view("<f4")[:] += np.float32(0.5)

    with scorer.measure(edited(pocket.fp32, change)) as measurement:
        found = measurement.compare_weights(pocket.fp32)
    assert found.changed == 1
    assert found.where.startswith("bias of")


def test_batchnorm_folded_by_another_converter_s_path(scorer: Scorer) -> None:
    """A network with BatchNorm, converted from Keras and from a concrete function, has the same weights."""
    with scorer.measure(LITERT_SAMPLES / "float32_concrete.tflite") as measurement:
        found = measurement.compare_weights(LITERT_SAMPLES / "float32.tflite")
    assert found.tensors > 0
    assert found.worst < 1e-5


def test_quantised_weights_are_not_the_same(scorer: Scorer, pocket: Any) -> None:
    """The INT8 file of the same network does not pass for the given weights."""
    with scorer.measure(pocket.int8) as measurement:
        found = measurement.compare_weights(pocket.fp32)
    assert found.changed > found.tensors / 2
    assert found.worst > 1e-3


def test_another_network_is_said_to_be_one(scorer: Scorer, pocket: Any) -> None:
    """A file with other weight tensors has lost, and the message says that shapes differ."""
    with (
        scorer.measure(LITERT_SAMPLES / "float32.tflite") as measurement,
        pytest.raises(RunError, match="shapes") as raised,
    ):
        measurement.compare_weights(pocket.fp32)
    assert raised.value.verdict is Verdict.LOST


# Samples, ranges, time


def test_samples_are_those_of_the_starter_code(calibration: Any, pocket: Any) -> None:
    """The data set's images and splits are those that the starter code gives, named without a folder."""
    script = (
        "import json, sys; sys.path.insert(0, sys.argv[1])\n"
        "from dl_in_iot_course.misc.pet_dataset import PetDataset\n"
        "d = PetDataset(sys.argv[2]); name = lambda path: str(path).replace('\\\\', '/').rsplit('/', 1)[-1]\n"
        "print(json.dumps([[name(p) for p in d.dataX], d.dataY, [name(p) for p in d.testX],\n"
        "                  [name(p) for p in d.split_dataset(0.08, 1234)[1]]]))"
    )
    argv = [sys.executable, "-I", "-c", script, str(KIT), str(pocket.dataset)]
    told = json.loads(subprocess.run(argv, check=True, capture_output=True, text=True).stdout)
    found = calibration.samples
    assert [list(found.train), list(found.labels), list(found.test), list(found.splits[0.08, 1234])] == told


def test_ranges_hold_what_they_should(calibration: Any, direct: Callable[[str], Any], scorer: Scorer, pocket: Any,
                                      pictures: list[Path]) -> None:  # fmt: skip
    """An image's ranges are those of its own input and of its own scores, and every activation of a ReLU6 is in 0..6."""
    known = direct("fp32")
    with scorer.measure(pocket.fp32, dataset.DRIVER) as measurement:
        graph = measurement.read(MAX_BYTES).main
        ends = [graph.inputs[0], graph.outputs[0]]
        table = dataset.activation_ranges(measurement, KIT, [str(path) for path in pictures], ends, IMAGENET)
    flat = known["inputs"].reshape(len(pictures), -1)
    np.testing.assert_array_equal(table.low[:, 0], flat.min(axis=1))
    np.testing.assert_array_equal(table.high[:, 0], flat.max(axis=1))
    np.testing.assert_allclose(table.low[:, 1], known["outputs"].min(axis=1), atol=1e-4)
    np.testing.assert_allclose(table.high[:, 1], known["outputs"].max(axis=1), atol=1e-4)
    assert (calibration.table.low <= calibration.table.high).all()


@pytest.mark.parametrize(("transform", "low", "high"), [("pixels", 0, 255), ("unit", 0, 1)])
def test_ranges_without_normalisation(
    transform: str, low: float, high: float, scorer: Scorer, pocket: Any, pictures: list[Path]
) -> None:
    """Images that were not normalised stay in 0..255 or in 0..1, and use most of it."""
    with scorer.measure(pocket.fp32, dataset.DRIVER) as measurement:
        images = [str(path) for path in pictures[:5]]
        table = dataset.activation_ranges(measurement, KIT, images, [0], IMAGENET, transform)
    assert low <= table.low.min() < low + 0.2 * high
    assert 0.8 * high < table.high.max() <= high


def test_an_image_of_ours_that_is_missing_is_our_fault(scorer: Scorer, pocket: Any, tmp_path: Path) -> None:
    """An image that can't be read is not the file's fault."""
    with scorer.measure(pocket.fp32, dataset.DRIVER) as measurement, pytest.raises(ScorerError):
        dataset.activation_ranges(measurement, KIT, [str(tmp_path / "none.jpg")], [0], IMAGENET)


def test_a_pair_is_timed(scorer: Scorer, pocket: Any) -> None:
    """A file and its baseline have positive durations each time."""
    with scorer.measure(pocket.int8) as measurement:
        measurement.prepare_pair(pocket.fp32)
        for _ in range(3):
            times = measurement.time_pair()
            assert min(times.ours, times.baseline) > 0


def test_a_file_that_does_more_takes_longer(scorer: Scorer, pocket: Any, edited: Edited) -> None:
    """The whole network takes longer than its first layer, and the other way about: each duration is its own file's."""

    def first_layer(graph: Any) -> None:
        graph.operators = graph.operators[:1]
        graph.outputs = [int(graph.operators[0].outputs[0])]

    less = edited(pocket.fp32, change_main(first_layer))
    ratios = []
    for mine, baseline in ((pocket.fp32, less), (less, pocket.fp32)):
        with scorer.measure(mine) as measurement:
            measurement.prepare_pair(baseline)
            pairs = [measurement.time_pair() for _ in range(9)]
        ratios.append(float(np.median([times.ours / times.baseline for times in pairs])))
    assert ratios[0] > 1 > ratios[1]


def test_measuring_leaves_nothing_running(pocket: Any, tmp_path: Path) -> None:
    """When the server is closed, none of its processes is left."""

    def processes() -> set[int]:
        return {child.pid for child in psutil.Process().children(recursive=True)}

    before = processes()
    with start_server(Bare()) as server, Scorer(server, tmp_path).measure(pocket.fp32) as measurement:
        measurement.read(MAX_BYTES)
        assert processes() - before
    assert not processes() - before


# Values that no file has by accident


def all_weights(value: float) -> Change:
    """Every float weight of the network, replaced."""

    def change(model: Any) -> None:
        graph = model.subgraphs[0]
        for operator in graph.operators:
            if operator.inputs is not None and len(operator.inputs) > 2:
                buffer = model.buffers[graph.tensors[int(operator.inputs[1])].buffer]
                buffer.data = np.full(len(buffer.data) // 4, value, np.float32).view(np.uint8)

    return change


def input_of(**values: Any) -> Change:
    """The input's fields, replaced."""

    def change(model: Any) -> None:
        tensor = model.subgraphs[0].tensors[int(model.subgraphs[0].inputs[0])]
        for name, value in values.items():
            setattr(tensor, name, value)

    return change


def scaled(scale: list[float], zero_point: list[int]) -> Any:
    quantization = schema.QuantizationParametersT()
    quantization.scale, quantization.zeroPoint = scale, zero_point
    return quantization


HOSTILE: dict[str, tuple[str, Change]] = {
    "complex input": ("fp32", input_of(type=schema.TensorType.COMPLEX64)),
    "text input": ("fp32", input_of(type=schema.TensorType.STRING)),
    "variant input": ("fp32", input_of(type=schema.TensorType.VARIANT)),
    "no-number scale": ("int8", input_of(quantization=scaled([float("nan")], [0]))),
    "endless scale": ("int8", input_of(quantization=scaled([float("inf")], [0]))),
    "scale of nothing": ("int8", input_of(quantization=scaled([0.0], [0]))),
    "far zero point": ("int8", input_of(quantization=scaled([0.1], [2**62]))),
    "huge sides": ("fp32", input_of(shape=[1, 2**31 - 1, 2**31 - 1, 3])),
    "sides of nothing": ("fp32", input_of(shape=[0, 0, 0, 0])),
    "no-number weights": ("fp32", all_weights(float("nan"))),
    "endless weights": ("fp32", all_weights(float("inf"))),
    "no subgraph": ("fp32", lambda model: setattr(model, "subgraphs", [])),
    "an empty subgraph first": ("fp32", lambda model: model.subgraphs.insert(0, schema.SubGraphT())),
    "no buffers": ("fp32", lambda model: setattr(model, "buffers", [])),
    "inputs left out": (
        "fp32",
        lambda model: [setattr(each, "inputs", [-1] * len(each.inputs)) for each in model.subgraphs[0].operators],
    ),
}


@pytest.mark.parametrize("hostile", HOSTILE)
def test_hostile_values_are_measured_or_the_file_s_fault(
    hostile: str, scorer: Scorer, pocket: Any, frames: Path, edited: Edited
) -> None:
    """Every operation gives numbers or blames the file; a fault of the grader's would come through."""
    name, change = HOSTILE[hostile]
    path = edited(getattr(pocket, name), change)
    operations = {
        **OPERATIONS,
        "tensors": lambda measurement, *_: measurement.tensors(),
        "compress": lambda measurement, *_: measurement.compress(pocket.fp32, clusters=4),
        "lineage": lambda measurement, *_: measurement.lineage(pocket.fp32, pocket.int8),
        "unusual": lambda measurement, *_: measurement.unusual(pocket.fp32),
    }
    for operation in operations.values():
        with scorer.measure(path) as measurement, contextlib.suppress(RunError):
            operation(measurement, pocket.fp32, frames)


def test_a_file_like_the_given_one_is_usual(scorer: Scorer, pocket: Any) -> None:
    """Its float and its INT8 form are, so that two runtimes' disagreement about them is the grader's problem."""
    for name in ("fp32", "int8"):
        with scorer.measure(getattr(pocket, name)) as measurement:
            assert measurement.unusual(pocket.fp32) == ""


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (all_weights(1e30), "has a weight of 1e+30"),
        (all_weights(float("nan")), "no finite numbers"),
        (lambda model: model.subgraphs[0].operators.pop(), "another network"),
    ],
)
def test_a_file_unlike_the_given_one_is_named(
    change: Change, said: str, scorer: Scorer, pocket: Any, edited: Edited
) -> None:
    """Weights of another size, none that are numbers, another network."""
    with scorer.measure(edited(pocket.fp32, change)) as measurement:
        assert said in measurement.unusual(pocket.fp32)


def test_what_is_wrong_with_a_file_of_the_grader_s_is_its_fault(scorer: Scorer, tmp_path: Path) -> None:
    """The same broken file costs points if a run wrote it, and leaves criteria unscored if it is the reference's."""
    path = tmp_path / "broken.tflite"
    path.write_bytes(b"no model")
    for operation in (lambda each: each.read(MAX_BYTES), lambda each: each.tensors()):
        with scorer.measure(path) as measurement, pytest.raises(RunError):
            operation(measurement)
        with scorer.measure(path, own=True) as measurement, pytest.raises(ScorerError, match=r"broken\.tflite"):
            operation(measurement)
