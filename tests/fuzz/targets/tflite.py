"""``.tflite`` files: their graph, their weights, what was done to them, as the scorer measures it without an interpreter."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cache

from graders.core.errors import RunError
from graders.framework.model_tester.runner import encoding_of
from graders.measure import compression
from graders.measure.scorer.operations import files
from graders.measure.scorer.operations.answers import Unmeasurable
from graders.measure.tflite import (
    MalformedModel,
    aligned_activations,
    compute_ops,
    facts,
    from_facts,
    integer_violations,
    io_dtypes,
)
from graders.measure.tflite.cost import cost
from graders.measure.tflite.facts import plain as as_plain
from graders.measure.tflite.reader import read_model
from tests.fuzz import tflite_mutations
from tests.fuzz.mutations import combined, plain
from tests.fuzz.target import ROOT, Target, file_of, require_one_line

SAMPLES = ROOT / "tests" / "data" / "tflite"
ORIGINAL = SAMPLES / "float32.tflite"


def run(data: bytes) -> None:
    try:
        model = read_model(data, max_bytes=64 << 20)
    except MalformedModel as error:
        require_one_line(error)
        return
    assert model.size == len(data)
    assert from_facts(json.loads(json.dumps(facts(model), allow_nan=False))) == model
    before = original()
    for one, other in ((model, before), (before, model), (model, model)):
        aligned_activations(one, other)
    integer_violations(model)
    io_dtypes(model)
    compute_ops(model)
    found = cost(model)
    assert json.loads(json.dumps(as_plain(found), allow_nan=False))
    for side in ("inputs", "outputs"):
        try:
            encoding_of(model, side)
        except RunError as error:
            require_one_line(error)
    measure(data)


def measure(data: bytes) -> None:
    """The scorer's operations, each of which may refuse what can be read."""
    given = ORIGINAL.read_bytes()
    with file_of(data, "model.tflite") as path:
        operations = (
            lambda: files.read(str(path), 64 << 20), lambda: files.tensors(str(path)), lambda: files.compare_weights(str(path), str(ORIGINAL)),
            lambda: files.unusual(str(path), str(ORIGINAL)),
            lambda: files.lineage(str(path), str(ORIGINAL), str(SAMPLES / "float32_concrete.tflite")),
        )  # fmt: skip
        for operation in operations:
            try:
                answer, _ = operation()
            except Unmeasurable as error:
                require_one_line(error)
                continue
            json.dumps(answer, allow_nan=False)
    for wanted in ({"clusters": 8}, {"sparsity": 0.4}):
        try:
            found = compression.measure(data, given, **wanted)
        except MalformedModel as error:
            require_one_line(error)
            continue
        json.dumps(as_plain(found))


@cache
def original():
    return read_model(ORIGINAL.read_bytes())


@cache
def seeds() -> Sequence[bytes]:
    return [file.read_bytes() for file in sorted(SAMPLES.glob("*.tflite"))]


def changed(draw, data: bytes) -> bytes:
    """As flatbuffers are changed; a file that is no flatbuffer any more as bytes are."""
    try:
        return tflite_mutations.mutate(draw, data)
    except Exception:
        return plain(draw, data)


TARGET = Target(
    name="tflite", reads="`.tflite` files, without their interpreter", run=run, seeds=seeds, mutate=combined(changed, changed, changed, plain),
    suffix=".tflite", libraries=("flatbuffers",), max_bytes=1 << 18, few=250,
)  # fmt: skip
