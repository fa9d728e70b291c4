"""Files and scenarios that are made to mislead, crash or exhaust the grader."""

from __future__ import annotations

import hashlib
import json
import zipfile
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest

from graders.core.errors import RunError
from graders.core.result import Result
from graders.framework.context import LabContext
from graders.labs.kenning_compression import files
from graders.labs.kenning_compression.evidence import ModelFile
from graders.labs.kenning_compression.scenarios import ASSIGNED, TYPES, chosen, steps_of
from graders.measure.compression import pair_keras
from graders.submission import Artifact

SECOND = ASSIGNED["scenario-0.3"]
BLOCKS = [{"type": TYPES[each.kind], "parameters": dict(each.parameters)} for each in SECOND.steps]
MODEL = bytes(range(256)) * 64


@dataclass
class Folder:
    """Where a run has written, as far as files are taken from it."""

    work: Path
    lab: SimpleNamespace

    def workdir(self, run: str) -> Path:
        return self.work / run


@pytest.fixture
def context(tmp_path: Path) -> LabContext:
    """A run that has written model.h5."""
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "model.h5").write_bytes(MODEL)
    return cast("LabContext", Folder(tmp_path, SimpleNamespace(artifact_bytes=1 << 24)))


def model(tmp_path: Path) -> Result[ModelFile]:
    """What is known of that file."""
    artifact = Artifact(tmp_path / "run" / "model.h5", len(MODEL), hashlib.sha256(MODEL).hexdigest())
    return Result(ModelFile(artifact, 0, optimizer=False, network=True, wrappers=(), difference=""))


def found(*optimizers: Any) -> list[dict[str, Any]]:
    """What a run says of a scenario with these optimizers."""
    return [{"path": "a.json", "content": {"optimizers": list(optimizers)}, "fault": ""}]


@pytest.mark.parametrize(
    "optimizers",
    [
        [*BLOCKS, "x"],
        ["x", *BLOCKS],
        [{**BLOCKS[0], "parameters": "target_sparsity"}],
        [{**BLOCKS[0], "parameters": [1]}],
        [{**BLOCKS[0], "type": 3}],
        BLOCKS * 9,
    ],
)
def test_optimizers_that_are_no_blocks(optimizers: list[Any]) -> None:
    """Such a scenario is none that can be executed, and the reason names it."""
    assert steps_of({"optimizers": optimizers}) is None
    with pytest.raises(RunError, match=r"a\.json: expected up to 8 optimizers"):
        chosen(found(*optimizers), SECOND)


@pytest.mark.parametrize("value", [10**400, -(10**400), float("nan"), float("inf"), True, [0.3], {}, "0.3", None])
def test_numbers_that_are_none(value: Any) -> None:
    """Whatever stands where a number belongs is another value, and nothing more."""
    block = {**BLOCKS[0], "parameters": {**BLOCKS[0]["parameters"], "epochs": value}}  # type: ignore[dict-item]
    assert chosen(found(block), SECOND)[0] == "a.json"
    block = {**BLOCKS[0], "parameters": {**BLOCKS[0]["parameters"], "target_sparsity": value}}  # type: ignore[dict-item]
    with pytest.raises(RunError, match="no JSON or YAML file"):
        chosen(found(block), SECOND)


@pytest.mark.parametrize(
    ("members", "holds", "deflated"),
    [
        ({"build/model.h5": (MODEL, zipfile.ZIP_DEFLATED)}, True, True),
        ({"model.h5": (MODEL, zipfile.ZIP_STORED)}, True, False),
        ({"model.h5": (MODEL, zipfile.ZIP_STORED), "b": (b"", zipfile.ZIP_DEFLATED)}, True, False),
        ({"model.h5": (MODEL[::-1], zipfile.ZIP_DEFLATED)}, False, True),
        ({str(number): (MODEL, zipfile.ZIP_DEFLATED) for number in range(9)}, False, True),
        ({"model.h5": (MODEL, zipfile.ZIP_LZMA)}, False, True),
    ],
)
def test_what_an_archive_holds(
    members: dict[str, tuple[bytes, int]], holds: bool, deflated: bool, context: LabContext, tmp_path: Path
) -> None:
    """Only the entry with the model's bytes counts, under whatever name."""
    with zipfile.ZipFile(tmp_path / "run" / "model.zip", "w") as archive:
        for name, (content, method) in members.items():
            archive.writestr(name, content, method)
    archived = files.archive(context, "run", "model.h5", model(tmp_path))
    assert (archived.holds, archived.deflated) == (holds, deflated)


@pytest.mark.parametrize(
    ("shape", "sides"),
    [
        ([1, 8, 8, 4], (1, 8, 8, 4)),
        ([None, 8.5, "8", True], (-1, -1, -1, 1)),
        ([10**4000, -(10**4000)], (-1, -1)),
        (list(range(1000)), tuple(range(8))),
        ({"a": 1}, ()),
    ],
)
def test_shapes_of_a_specification(shape: Any, sides: tuple[int, ...], context: LabContext, tmp_path: Path) -> None:
    """A shape is at most so long, and a side so large, as a reason can show."""
    described = {"input": [{"name": "\x1b[2J" * 99, "shape": shape, "dtype": "float32"}] * 99, "output": [{}]}
    (tmp_path / "run" / "model.h5.json").write_text(json.dumps(described))
    read = files.specification(context, "run", "model.h5", {"input": []}, made=False, error=None)
    assert len(read.inputs) == files.MOST_ENTRIES
    name, found_sides, _ = read.inputs[0]
    assert found_sides == sides
    assert len(name) <= 100
    assert "\x1b" not in name


@pytest.mark.parametrize("text", ["[" * 100_000, '{"input": ' + "9" * 5000 + "}", "3", "", "\x00"])
def test_specifications_that_can_not_be_read(text: str, context: LabContext, tmp_path: Path) -> None:
    """They are the file's fault."""
    (tmp_path / "run" / "model.h5.json").write_text(text)
    with pytest.raises(RunError, match=r"model\.h5\.json is no"):
        files.specification(context, "run", "model.h5", {"input": []}, made=False, error=None)


def test_arrays_beside_the_networks() -> None:
    """A file with the right arrays and others that the network is made of is a file of another network."""
    given = {"model_weights/a/a/kernel:0": np.ones((3, 4), np.float32)}
    decoy = {**given, "model_weights/b/b/kernel:0": np.zeros((3, 4), np.float32)}
    assert pair_keras(given, given).difference == ""
    assert "model_weights/b/b/kernel:0, which belongs to no layer" in pair_keras(decoy, given).difference


def test_layers_that_are_known() -> None:
    """Those of the given networks are; layers that hold code are not."""
    assert {"Conv2D", "DepthwiseConv2D", "Dense", "Functional", "Sequential"} <= files.known_layers()
    assert not {"Lambda", "TFOpLambda", "Custom>Layer"} & files.known_layers()
