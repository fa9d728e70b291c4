"""Facts that cross a process boundary."""

import copy
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import graders
from graders.measure.tflite import facts, from_facts
from graders.measure.tflite.facts import typed
from graders.measure.tflite.reader import read_model

HEAVY = ("numpy", "flatbuffers", "ai_edge_litert", "tensorflow")


def test_facts_are_plain_json_and_come_back_equal(samples: dict[str, bytes]) -> None:
    """A model's facts survive JSON unchanged, and the model made from them equals the one that was read."""
    for data in samples.values():
        model = read_model(data)
        plain = facts(model)
        assert plain == json.loads(json.dumps(plain, allow_nan=False))
        assert from_facts(json.loads(json.dumps(plain))) == model


def test_facts_hold_no_values(sample: Callable[[str], bytes]) -> None:
    """Constants are in the facts by size and hash alone."""
    plain = facts(read_model(sample("branches_float32")))
    (kernel,) = (each for each in plain["subgraphs"][0]["tensors"] if each["shape"] == [3, 1152])
    assert kernel["stored"]["size"] == 4 * 3 * 1152
    assert len(kernel["sha256"]) == 64
    assert len(json.dumps(plain)) < 20_000


def spoiled(plain: dict[str, Any], path: list[Any], value: Any) -> dict[str, Any]:
    result = copy.deepcopy(plain)
    at = result
    for key in path[:-1]:
        at = at[key]
    at[path[-1]] = value
    return result


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        (["schema"], "other", "schema optgrade/tflite/v1"),
        (["version"], "3", r"model.version: expected int, got str"),
        (["version"], True, r"model.version: expected int, got bool"),
        (["extra"], 1, r"model: expected a dict with the keys"),
        (["subgraphs"], {}, r"model.subgraphs: expected a list"),
        (["subgraphs", 0, "tensors", 0, "shape"], [1.5], r"model.subgraphs\[0\].tensors\[0\].shape\[0\]: expected int"),
        (["subgraphs", 0, "tensors", 0], None, r"tensors\[0\]: expected a dict"),
        (["subgraphs", 0, "operators", 0, "options", "stride"], [1], r"stride: expected 2 entries, got 1"),
    ],
)
def test_facts_of_another_form_are_refused(
    path: list[Any], value: Any, message: str, sample: Callable[[str], bytes]
) -> None:
    """Facts with a missing, unknown or mistyped key are a ValueError that names the place."""
    plain = facts(read_model(sample("int8")))
    with pytest.raises(ValueError, match=message):
        from_facts(spoiled(plain, path, value))


@pytest.mark.parametrize(
    ("module", "allowed"),
    [
        ("graders.measure.tflite", ()),
        ("graders.measure.tflite.weights", ("numpy",)),
        ("graders.measure.tflite.reader", ("numpy", "flatbuffers", "ai_edge_litert")),
    ],
)
def test_imports_stay_light(module: str, allowed: tuple[str, ...]) -> None:
    """Judging facts needs neither numpy nor the schema, decoding needs numpy alone, and nothing needs TensorFlow."""
    code = f"import sys, {module}; print(*(set({HEAVY}) & set(sys.modules)))"
    root = str(Path(graders.__path__[0]).parent)
    run = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True)
    assert set(run.stdout.split()) <= set(allowed)


def test_whole_numbers_stand_for_numbers() -> None:
    """JSON may write 1.0 as 1: where a number is asked for it is one, and a text is none."""
    found = typed(float, 1, "x")
    assert (found, type(found)) == (1.0, float)
    with pytest.raises(ValueError, match="x: expected float, got str"):
        typed(float, "1", "x")
    with pytest.raises(ValueError, match="x: expected int, got float"):
        typed(int, 1.0, "x")
