"""The decomposition lab's reference on small models: surgery, files, and what is left alone."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

Facts = dict[str, dict[str, Any]]
MODELS = ["plain", "branches", "nested", "sequential", "untouched"]
WAYS = ["everything kept", "full rank", "hybrid", "tucker", "spars", "nothing"]
PLACES = {
    "plain": ["strided", "dilated", "wide", "valid"],
    "branches": ["shared", "map"],
    "nested": ["backbone/conv", "conv"],
    "sequential": ["conv"],
    "untouched": [],
}


@pytest.fixture(scope="module")
def made(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Facts:
    """What ``hybrid_models.py`` found, by model and way."""
    out = tmp_path_factory.mktemp("hybrid") / "facts.json"
    command = [sys.executable, str(Path(__file__).with_name("hybrid_models.py")), str(out)]
    environment = {**os.environ, "PYTHONPATH": str(repository / "reference"), "PYTHONDONTWRITEBYTECODE": "1", "TF_USE_LEGACY_KERAS": "1", "OPENBLAS_NUM_THREADS": "1"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    found: Facts = json.loads(out.read_text())
    return found


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("model", MODELS)
def test_layers_compute_tucker_plus_residual(made: Facts, model: str, way: str) -> None:
    """The compressed model computes what the given one does with reconstructed kernels, to within float error."""
    assert made[f"{model}, {way}"]["error"] <= 5e-6


@pytest.mark.parametrize("way", ["everything kept", "full rank"])
@pytest.mark.parametrize("model", MODELS)
def test_nothing_compressed_is_the_same_function(made: Facts, model: str, way: str) -> None:
    """With all weights kept, or with full rank, the model computes what it did."""
    assert made[f"{model}, {way}"]["error to original"] <= 5e-6


@pytest.mark.parametrize("model", [model for model in MODELS if PLACES[model]])
def test_compression_changes_the_function(made: Facts, model: str) -> None:
    """The comparison above is not one of two untouched models."""
    assert made[f"{model}, hybrid"]["error to original"] > 0.01


@pytest.mark.parametrize("model", MODELS)
def test_names_stay(made: Facts, model: str) -> None:
    """The layers of before are there under their names, in their order, and so are the model's inputs and outputs."""
    for way in WAYS:
        facts = made[f"{model}, {way}"]
        kept = [name for name in facts["top names"] if name in facts["original names"]]
        assert kept == facts["original names"]
        assert facts["output names"] == facts["original output names"]
        assert facts["name"] == model
        assert not facts["given model changed"]


@pytest.mark.parametrize(("way", "parts"), [
    ("hybrid", {"first", "core", "last", "sp", "add"}), ("tucker", {"first", "core", "last"}), ("spars", {"sp"}), ("nothing", {"sp"}),
])  # fmt: skip
@pytest.mark.parametrize("model", [model for model in MODELS if PLACES[model]])
def test_parts_have_the_names_of_the_assignment(made: Facts, model: str, way: str, parts: set[str]) -> None:
    """A layer becomes _first, _core, _last and _sp, each made once, and no part that it does not need."""
    names = made[f"{model}, {way}"]["names"]
    for place in PLACES[model]:
        name = place.rpartition("/")[2]
        assert {each.removeprefix(f"{name}_") for each in names if each.startswith(f"{name}_")} == parts


@pytest.mark.parametrize("model", MODELS)
def test_what_is_compressed(made: Facts, model: str) -> None:
    """Ungrouped convolutions larger than 1x1, each once; depthwise, grouped, transposed and separable ones never."""
    assert made[f"{model}, hybrid"]["places"] == PLACES[model]


def test_saved_models_are_read(made: Facts) -> None:
    """A file gives the same layers as the model that was saved."""
    assert made["loaded"]["places"] == PLACES["plain"]


@pytest.mark.parametrize(("name", "most"), [("hybrid", 0.3), ("tucker", 0.2), ("spars", 0.2), ("channel", 0.2), ("block", 0.3)])
def test_files_shrink(made: Facts, name: str, most: float) -> None:
    """Zeros are not stored, and the file predicts what the model does."""
    files = made["files"]

    assert files[name]["bytes"] < most * files["original"]["bytes"]
    assert files[name]["error"] <= 5e-6
