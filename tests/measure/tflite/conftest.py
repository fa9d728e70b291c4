"""Sample files, and models put together by hand."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import ai_edge_litert.schema_py_generated as schema
import flatbuffers
import pytest

DATA = Path(__file__).resolve().parents[2] / "data" / "tflite"

ModelTable = Any
Handmade = Callable[..., bytes]


def encoded(model: ModelTable) -> bytes:
    """The bytes of a model given as the generated schema's objects."""
    builder = flatbuffers.Builder(1024)
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def _filled(table: Any, values: dict[str, Any]) -> Any:
    for name, value in values.items():
        assert hasattr(table, name), name
        setattr(table, name, value)
    return table


def handmade_model(
    tensors: Sequence[dict[str, Any]],
    operators: Sequence[dict[str, Any]] = (),
    *,
    inputs: Sequence[int] = (),
    outputs: Sequence[int] = (),
    adjust: Callable[[ModelTable], None] = lambda model: None,
) -> bytes:
    """The bytes of a model with one subgraph.

    A tensor is the fields of ``TensorT``, with ``data`` for a buffer of its own, and ``quantization`` and ``sparsity``
    as fields too. An operator has ``code`` (a name of ``BuiltinOperator``), ``inputs``, ``outputs``, and perhaps
    ``custom``. ``adjust`` may change the objects before they are written.
    """
    model, graph = schema.ModelT(), schema.SubGraphT()
    model.version, model.subgraphs, model.buffers = 3, [graph], [schema.BufferT()]
    model.operatorCodes, graph.tensors, graph.operators = [], [], []
    graph.inputs, graph.outputs, graph.name = list(inputs), list(outputs), "main"
    for at, given in enumerate(tensors):
        fields = {"name": f"t{at}", "type": schema.TensorType.FLOAT32, "buffer": 0, **given}
        data = fields.pop("data", None)
        if data is not None:
            model.buffers.append(_filled(schema.BufferT(), {"data": list(data)}))
            fields["buffer"] = len(model.buffers) - 1
        if "quantization" in fields:
            fields["quantization"] = _filled(schema.QuantizationParametersT(), fields["quantization"])
        graph.tensors.append(_filled(schema.TensorT(), fields))
    for at, given in enumerate(operators):
        code = getattr(schema.BuiltinOperator, given["code"])
        model.operatorCodes.append(
            _filled(
                schema.OperatorCodeT(),
                {
                    "builtinCode": code,
                    "deprecatedBuiltinCode": min(code, 127),
                    "customCode": given.get("custom"),
                    "version": 1,
                },
            )
        )
        graph.operators.append(
            _filled(
                schema.OperatorT(),
                {"opcodeIndex": at, "inputs": list(given["inputs"]), "outputs": list(given["outputs"])},
            )
        )
    adjust(model)
    return encoded(model)


@pytest.fixture(scope="session")
def handmade() -> Handmade:
    """``handmade_model``: the bytes of a model put together by hand."""
    return handmade_model


@pytest.fixture(scope="session")
def sample() -> Callable[[str], bytes]:
    """The bytes of a sample file, by name; ``tests/data/tflite/make_samples.py`` made them."""
    return lambda name: (DATA / f"{name}.tflite").read_bytes()


@pytest.fixture(scope="session")
def samples() -> dict[str, bytes]:
    """Every sample file."""
    return {path.stem: path.read_bytes() for path in sorted(DATA.glob("*.tflite"))}
