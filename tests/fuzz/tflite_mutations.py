"""Changes to ``.tflite`` files: flipped bits, other sizes and offsets, giant shapes, swapped buffers, another graph."""

from __future__ import annotations

import random
import struct
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import ai_edge_litert.schema_py_generated as schema
import flatbuffers
import numpy as np
from numpy.typing import NDArray

SIZES = (0, 1, 2, 4, 127, 128, 255, 2**15, 2**16, 2**24, 2**30, 2**31 - 1, 2**31, 2**32 - 1, 2**32 - 4)
SIDES = (-1, 0, 1, 2, 3, 7, 223, 225, 2**10, 2**15, 2**16, 2**20, 2**28, 2**30, 2**31 - 1)


@dataclass(frozen=True)
class Layout:
    """Where things lie in a file: constants, shapes, and the rest, which is structure."""

    constants: tuple[tuple[int, int], ...]
    shapes: tuple[tuple[int, int], ...]
    structure: tuple[int, ...]
    weights: tuple[tuple[int, int], ...]


@lru_cache(64)
def layout(data: bytes) -> Layout:
    """The layout of a file."""
    model = schema.Model.GetRootAs(data, 0)
    graph = model.Subgraphs(0)
    tensors = [graph.Tensors(index) for index in range(graph.TensorsLength())]
    spans: dict[int, tuple[int, int]] = {}
    for index in range(model.BuffersLength()):
        inner = model.Buffers(index)._tab
        field = inner.Offset(4)
        if field and inner.VectorLen(field):
            spans[index] = (inner.Vector(field), inner.VectorLen(field))
    shapes = []
    for tensor in tensors:
        field = tensor._tab.Offset(4)
        if field:
            shapes.append((tensor._tab.Vector(field), tensor.ShapeLength()))
    inside = np.zeros(len(data), bool)
    for start, size in spans.values():
        inside[start : start + size] = True
    floats = {tensor.Buffer() for tensor in tensors if tensor.Type() == schema.TensorType.FLOAT32}
    weights = tuple(span for index, span in spans.items() if index in floats)
    return Layout(tuple(spans.values()), tuple(shapes), tuple(np.flatnonzero(~inside).tolist()), weights)


def flip_anywhere(draw: random.Random, data: bytes) -> bytes:
    """One to sixteen bits, anywhere: mostly in weights."""
    return _flipped(draw, data, [draw.randrange(len(data)) for _ in range(draw.randint(1, 16))])


def _flipped(draw: random.Random, data: bytes, places: Iterable[int]) -> bytes:
    changed = bytearray(data)
    for place in places:
        changed[place] ^= 1 << draw.randrange(8)
    return bytes(changed)


def _flip_structure(draw: random.Random, data: bytes, where: Layout) -> bytes:
    return _flipped(draw, data, draw.choices(where.structure, k=draw.randint(1, 6)))


def truncate(draw: random.Random, data: bytes) -> bytes:
    """Cut off at the end, sometimes with zeros in place of the missing part."""
    kept = draw.choice((draw.randrange(len(data)), len(data) - draw.randint(1, 64), draw.randint(0, 64)))
    return data[:kept] + (bytes(len(data) - kept) if draw.random() < 0.3 else b"")


def _splice(draw: random.Random, data: bytes, where: Layout) -> bytes:
    """Other 32-bit numbers in the structure: sizes, offsets, indices."""
    changed = bytearray(data)
    for _ in range(draw.randint(1, 4)):
        place = min(draw.choice(where.structure) & ~3, len(data) - 4)
        number = draw.choice((*SIZES, len(data), len(data) - place, draw.randrange(len(data)), draw.randrange(64)))
        struct.pack_into("<I", changed, place, number & 0xFFFFFFFF)
    return bytes(changed)


def _giant(draw: random.Random, data: bytes, where: Layout) -> bytes:
    """Other sides of tensors' shapes, zero and negative ones too."""
    changed = bytearray(data)
    for start, rank in draw.sample(where.shapes, draw.randint(1, 4)):
        for axis in range(rank):
            if draw.random() < 0.5:
                struct.pack_into("<i", changed, start + 4 * axis, draw.choice(SIDES))
    return bytes(changed)


def chunks(draw: random.Random, data: bytes) -> bytes:
    """A chunk taken from one place and put in, or over what is, at another."""
    size = draw.choice((1, 4, 16, 256, 4096))
    start, end = draw.randrange(len(data)), draw.randrange(len(data))
    piece = data[start : start + size]
    return data[:end] + piece + data[end + draw.choice((0, len(piece))) :]


def objects(draw: random.Random, data: bytes) -> bytes:
    """A whole file again, with another graph: buffers swapped, connections, types, codes and options changed."""
    while True:
        model = schema.ModelT.InitFromPackedBuf(bytearray(data), 0)
        for _ in range(draw.randint(1, 3)):
            draw.choice(GRAPH_CHANGES)(draw, model)
        if draw.random() < 0.5:
            model.signatureDefs = None
        builder = flatbuffers.Builder(1 << 18)
        try:
            builder.Finish(model.Pack(builder), b"TFL3")
        except TypeError:
            continue  # A number that its field can't hold.
        return bytes(builder.Output())


def _tensor(draw: random.Random, model: Any) -> Any:
    return draw.choice(model.subgraphs[0].tensors)


def _operator(draw: random.Random, model: Any) -> Any:
    return draw.choice(model.subgraphs[0].operators)


def swap_buffers(draw: random.Random, model: Any) -> None:
    """Two tensors exchange their values."""
    one, two = _tensor(draw, model), _tensor(draw, model)
    one.buffer, two.buffer = two.buffer, one.buffer


def cut_buffer(draw: random.Random, model: Any) -> None:
    """A constant with fewer or more bytes than its shape needs, or none."""
    buffer = draw.choice([each for each in model.buffers if each.data is not None and len(each.data)] or [None])
    if buffer is not None:
        values = np.asarray(buffer.data, np.uint8)
        buffer.data = np.resize(values, draw.choice((0, 1, len(values) // 2, len(values) + 4)))


def rewire(draw: random.Random, model: Any) -> None:
    """An operator that takes or gives another tensor, its own output among them: cycles."""
    operator, tensors = _operator(draw, model), len(model.subgraphs[0].tensors)
    ends = draw.choice(("inputs", "outputs"))
    wires = [int(each) for each in getattr(operator, ends)]
    if wires:
        place = draw.randrange(len(wires))
        wires[place] = draw.choice((-1, draw.randrange(tensors), int(operator.outputs[0]), int(operator.inputs[0])))
    setattr(operator, ends, draw.choice((wires, wires, wires[:-1], wires * 2)))


def reorder(draw: random.Random, model: Any) -> None:
    """Operators in another order, one twice, or one missing."""
    operators = model.subgraphs[0].operators
    first, second = draw.randrange(len(operators)), draw.randrange(len(operators))
    operators[first] = operators[second]
    if draw.random() < 0.3:
        del operators[first]


def recode(draw: random.Random, model: Any) -> None:
    """Another kind of operator: any built-in one, a custom one, or one of another version."""
    code = draw.choice(model.operatorCodes)
    kind = draw.randrange(3)
    if kind == 0:
        code.builtinCode = draw.randrange(210)
        code.deprecatedBuiltinCode = min(code.builtinCode, 127)
    elif kind == 1:
        code.builtinCode = code.deprecatedBuiltinCode = schema.BuiltinOperator.CUSTOM
        code.customCode = draw.choice((b"FlexErf", b"TFLite_Detection_PostProcess", b"", b"\xff\x00no"))
    else:
        code.version = draw.choice((-1, 0, 2, 99))


def retype(draw: random.Random, model: Any) -> None:
    """A tensor of another type."""
    _tensor(draw, model).type = draw.randrange(20)


def requantise(draw: random.Random, model: Any) -> None:
    """Other scales and zero points, useless ones among them."""
    tensor = _tensor(draw, model)
    made = schema.QuantizationParametersT()
    count = draw.choice((0, 1, 1, 2, (list(tensor.shape) or [1])[-1] if tensor.shape is not None else 1))
    made.scale = [draw.choice((0.0, 1e-45, 1e38, -1.0, 0.5, float("nan"), float("inf")))] * min(int(count), 64)
    made.zeroPoint = [draw.choice((0, -129, 2**31, -(2**63), 2**63 - 1))] * len(made.scale)
    made.quantizedDimension = draw.choice((0, 0, 3, -1, 99))
    tensor.quantization = made


def reoption(draw: random.Random, model: Any) -> None:
    """Other strides, dilations, activations."""
    options = _operator(draw, model).builtinOptions
    fields = [name for name, value in vars(options or object).items() if isinstance(value, int)] if options else []
    if fields:
        limits = {"padding": 1, "fusedActivationFunction": 5}
        name = draw.choice(fields)
        most = limits.get(name)
        value = draw.choice((0, -1, 2, 3, 1000, 2**31 - 1)) if most is None else draw.randint(0, most + 1)
        setattr(options, name, value)


def reends(draw: random.Random, model: Any) -> None:
    """Other inputs and outputs of the whole network, none or several."""
    graph = model.subgraphs[0]
    ends = draw.choice(("inputs", "outputs"))
    setattr(graph, ends, [draw.randrange(len(graph.tensors)) for _ in range(draw.choice((0, 1, 1, 2)))])


def variable(draw: random.Random, model: Any) -> None:
    """A tensor that is a variable, is stored elsewhere, or has no shape that is known."""
    tensor = _tensor(draw, model)
    kind = draw.randrange(3)
    if kind == 0:
        tensor.isVariable = not tensor.isVariable
    elif kind == 1:
        tensor.shapeSignature = [draw.choice(SIDES) for _ in tensor.shape if tensor.shape is not None]
    elif hasattr(tensor, "externalBuffer"):
        tensor.externalBuffer = draw.randrange(1, 9)


def subgraphs(draw: random.Random, model: Any) -> None:
    """The graph twice, or an operator that runs the graph it is in."""
    if draw.random() < 0.5:
        model.subgraphs.append(model.subgraphs[0])
        return
    code, options = schema.OperatorCodeT(), schema.IfOptionsT()
    code.builtinCode = code.deprecatedBuiltinCode = schema.BuiltinOperator.IF
    model.operatorCodes.append(code)
    options.thenSubgraphIndex, options.elseSubgraphIndex = draw.choice((0, 0, 1, -1)), 0
    operator = _operator(draw, model)
    operator.opcodeIndex = len(model.operatorCodes) - 1
    operator.builtinOptionsType, operator.builtinOptions = schema.BuiltinOptions.IfOptions, options


GRAPH_CHANGES = (
    swap_buffers, swap_buffers, cut_buffer, rewire, rewire, reorder, recode, retype, requantise, reoption, reends,
    variable, subgraphs,
)  # fmt: skip


def move_weight(draw: random.Random, data: bytes, where: Layout) -> tuple[bytes, float | None]:
    """One weight, another finite number; and how far that is, relative to the largest of its tensor."""
    if not where.weights:
        return flip_anywhere(draw, data), None
    start, size = draw.choice(where.weights)
    values: NDArray[np.float32] = np.frombuffer(data, "<f4", size // 4, start).copy()
    at, top = draw.randrange(len(values)), float(np.abs(values).max()) or 1.0
    before = values[at]
    values[at] += np.float32(draw.choice((-1, 1)) * top * 10 ** draw.uniform(-4, 2))
    return data[:start] + values.tobytes() + data[start + size :], float(abs(values[at] - before)) / top


KINDS: Mapping[str, tuple[Callable[[random.Random, bytes, Layout], bytes], int]] = {
    "bits": (lambda draw, data, _: flip_anywhere(draw, data), 2),
    "structure bits": (_flip_structure, 4),
    "truncated": (lambda draw, data, _: truncate(draw, data), 2),
    "spliced": (_splice, 4),
    "giant shapes": (_giant, 3),
    "chunks": (lambda draw, data, _: chunks(draw, data), 2),
    "graph": (lambda draw, data, _: objects(draw, data), 4),
    "weight": (lambda draw, data, where: move_weight(draw, data, where)[0], 2),
}



def mutate(draw: random.Random, data: bytes) -> bytes:
    """Any change to any file. :raises Exception: it is too broken to find its parts."""
    kind = draw.choices(tuple(KINDS), weights=[weight for _, weight in KINDS.values()])[0]
    return KINDS[kind][0](draw, data, layout(data))
