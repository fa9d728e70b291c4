"""What TensorFlow Lite Micro has no kernels for."""

from __future__ import annotations

import faulthandler
import os
import re
from pathlib import Path

import ai_edge_litert.schema_py_generated as schema
import flatbuffers
import pytest

from graders.measure.device import micro
from graders.measure.device.kernels import KERNELS, missing_kernels
from graders.measure.tflite.reader import read_model

DATA = Path(__file__).resolve().parents[2] / "data"


@pytest.mark.parametrize(
    ("file", "missing"),
    [
        ("tflite/float32", ()),
        ("tflite/int8", ()),
        ("tflite/int16x8", ()),
        ("tflite/float_io", ()),
        ("tflite/float16", ("DEQUANTIZE of float16 values",)),
        ("tflite/dynamic_range", ("FULLY_CONNECTED with float32 values and int8 weights (dynamic-range quantisation)",)),
        ("tflite/flex", ("CUSTOM FlexMatrixInverse",)),
        ("tflite/sparse_block", ("FULLY_CONNECTED with sparse weights",)),
        ("tflite/sparse_random", ("DENSIFY",)),
        ("compression/clustered_not_stripped", ()),
    ],
)
def test_what_is_missing_is_named_once(file: str, missing: tuple[str, ...]) -> None:
    found = missing_kernels(read_model((DATA / f"{file}.tflite").read_bytes()))
    assert found[: len(missing)] == missing
    assert bool(found) == bool(missing)


def _one_operator(code: int) -> bytes:
    model, graph, tensor, operator = schema.ModelT(), schema.SubGraphT(), schema.TensorT(), schema.OperatorT()
    kind = schema.OperatorCodeT()
    kind.builtinCode, kind.deprecatedBuiltinCode, kind.version = code, min(code, 127), 1
    tensor.shape, tensor.name, tensor.buffer = [1], "t", 0
    operator.opcodeIndex, operator.inputs, operator.outputs = 0, [0], [0]
    graph.tensors, graph.inputs, graph.outputs, graph.operators = [tensor], [0], [0], [operator]
    model.version, model.operatorCodes, model.buffers, model.subgraphs = 3, [kind], [schema.BufferT()], [graph]
    builder = flatbuffers.Builder(1024)
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def _refusal(data: bytes, folder: Path) -> str:
    """What the runtime prints on a file, in a process of its own: without options, some operators make it crash."""
    log = folder / "log.txt"
    process = os.fork()
    if process == 0:
        os.chdir(folder)
        faulthandler.disable()
        text = ""
        try:
            micro.open_file(data, 1 << 16, 0)
        except micro.Refused as error:
            text = str(error)
        finally:
            log.write_text(text, encoding="utf-8")
            os._exit(0)
    os.waitpid(process, 0)
    return log.read_text(encoding="utf-8") if log.is_file() else ""


@pytest.mark.skipif(not micro.installed(), reason="tflite-micro is not installed")
@pytest.mark.process
def test_the_table_is_that_of_the_installed_runtime(tmp_path: Path) -> None:
    builtin = {name: code for name, code in vars(schema.BuiltinOperator).items() if isinstance(code, int)}
    missing = set()
    for name, code in builtin.items():
        folder = tmp_path / name
        folder.mkdir()
        if re.search("Didn't find op", _refusal(_one_operator(code), folder)):
            missing.add(name)
    assert builtin.keys() - missing - {"CUSTOM"} == KERNELS
