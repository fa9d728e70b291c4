"""The model that runs are given: the same function, its channels in an order of the grading's own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import h5py  # type: ignore[import-untyped]
import numpy as np
import pytest

from graders.core.errors import GraderError
from graders.profiles import choose
from graders.profiles.given_model import ENOUGH, permuted, unfrozen
from graders.profiles.permute_model import channel_spaces, permute

PROFILE = choose("embedded", None, None)
COMPARE = """
import sys
import numpy as np, tf_keras
one, other = (tf_keras.models.load_model(path, compile=False) for path in sys.argv[1:])
images = np.random.default_rng(0).standard_normal((8, 224, 224, 3)).astype("float32")
before, after = (model.predict(images, verbose=0) for model in (one, other))
print("FOUND", float(np.abs(before - after).max()), float(np.ptp(before)))
"""


def arrays(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = {}

    def take(name: str, item: Any) -> None:
        if isinstance(item, h5py.Dataset):
            found[name] = item[()]

    with h5py.File(path) as file:
        file.visititems(take)
    return found


@pytest.mark.tensorflow
def test_the_function_is_the_same(tmp_path: Path) -> None:
    """Keras predicts the same from both, but for the order in which sums are added up."""
    given = permuted(PROFILE, 7, tmp_path)
    assert given.own
    environment = {**os.environ, "TF_USE_LEGACY_KERAS": "1", "TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "-1"}
    argv = [sys.executable, "-c", COMPARE, str(PROFILE.model_path), str(given.path)]
    done = subprocess.run(argv, capture_output=True, text=True, env=environment, check=True, timeout=300)
    difference, spread = map(float, done.stdout.split("FOUND")[1].split())
    assert difference < 1e-5 * spread


def test_only_the_order_changes(tmp_path: Path) -> None:
    """Every weight has the same values, in another order; nothing else of the file changes."""
    given = permuted(PROFILE, 7, tmp_path)
    before, after = arrays(PROFILE.model_path), arrays(given.path)
    assert before.keys() == after.keys()
    moved = 0
    for name, values in before.items():
        assert values.shape == after[name].shape
        assert np.array_equal(np.sort(values, axis=None), np.sort(after[name], axis=None)), name
        moved += not np.array_equal(values, after[name])
    # The last bias, of the classes, stays.
    assert moved == len(before) - 1
    assert given.path.name == PROFILE.model_path.name


def test_the_order_follows_from_the_seed(tmp_path: Path) -> None:
    """One seed gives one order, another one another."""
    paths = [permuted(PROFILE, seed, tmp_path / str(number)).path for number, seed in enumerate((1, 1, 2))]
    first, again, other = (arrays(path) for path in paths)
    assert all(np.array_equal(values, again[name]) for name, values in first.items())
    assert not all(np.array_equal(values, other[name]) for name, values in first.items())


def layer(kind: str, name: str, *sources: str, **config: Any) -> dict[str, Any]:
    nodes = [[[source, 0, 0, {}] for source in sources]] if sources else []
    return {"class_name": kind, "name": name, "config": config, "inbound_nodes": nodes}


def spaces(*layers: dict[str, Any]) -> Any:
    return channel_spaces({"layers": list(layers), "output_layers": [[layers[-1]["name"], 0, 0]]})


def test_what_keeps_its_order() -> None:
    """The input's and the output's channels stay; what is added up has one order; between, orders are free."""
    found = spaces(
        layer("InputLayer", "in"),
        layer("Conv2D", "a", "in"),
        layer("ReLU", "r", "a"),
        layer("Conv2D", "b", "r"),
        layer("BatchNormalization", "n", "b"),
        layer("Add", "sum", "r", "n"),
        layer("Dense", "out", "sum"),
    )
    assert not found.free("in")
    assert not found.free("out")
    assert found.free("a")
    assert len({found.of(name) for name in ("a", "r", "b", "n", "sum")}) == 1


@pytest.mark.parametrize(
    "unusual",
    [
        layer("Flatten", "x", "a"),
        layer("Lambda", "x", "a"),
        layer("Reshape", "x", "a"),
        layer("Concatenate", "x", "a", "a"),
        layer("Conv2D", "x", "a", groups=2),
        layer("Conv2D", "x", "a", data_format="channels_first"),
        layer("DepthwiseConv2D", "x", "a", depth_multiplier=2),
    ],
    ids=lambda each: f"{each['class_name']}-{len(each['config'])}",
)
def test_what_is_not_known_is_left_alone(unusual: dict[str, Any]) -> None:
    """Around a layer that may tell channels apart, they keep their order."""
    found = spaces(layer("InputLayer", "in"), layer("Conv2D", "a", "in"), unusual, layer("Dense", "out", "x"))
    assert not found.free("a")
    assert not found.free("x")


def test_a_shared_layer_is_left_alone() -> None:
    """A model with a layer that is used twice is given as it is."""
    shared = layer("Conv2D", "b", "a")
    shared["inbound_nodes"] *= 2
    with pytest.raises(ValueError, match="shared"):
        spaces(layer("InputLayer", "in"), layer("Conv2D", "a", "in"), shared)


def test_a_model_of_another_kind_is_given_as_it_is(tmp_path: Path) -> None:
    """A sequential model, or one with too few channels, is given unchanged, and that is known."""
    path = tmp_path / "model.h5"
    with h5py.File(path, "w") as file:
        file.attrs["model_config"] = json.dumps({"class_name": "Sequential", "config": {"layers": []}})
    given = permuted(replace(PROFILE, model_path=path), 1, tmp_path / "given")
    assert (given.path, given.own) == (path, False)
    small = tmp_path / "small.h5"
    with h5py.File(small, "w") as file:
        layers = [layer("InputLayer", "in"), layer("Conv2D", "a", "in"), layer("Dense", "out", "a")]
        config = {"class_name": "Functional", "config": {"layers": layers, "output_layers": [["out", 0, 0]]}}
        file.attrs["model_config"] = json.dumps(config)
        for name, shapes in {"in": [], "a": [(1, 1, 3, 4)], "out": [(4, 2), (2,)]}.items():
            group = file.create_group(f"model_weights/{name}")
            group.attrs["weight_names"] = [f"{name}/{number}" for number in range(len(shapes))]
            for number, shape in enumerate(shapes):
                group[f"{name}/{number}"] = np.arange(np.prod(shape), dtype="f4").reshape(shape)
    with h5py.File(small, "r+") as file:
        assert permute(file, 1) == 4 < ENOUGH
    assert not permuted(replace(PROFILE, model_path=small), 1, tmp_path / "given").own


def test_a_file_that_is_no_model_is_our_fault(tmp_path: Path) -> None:
    """What can't be opened is told in one line."""
    path = tmp_path / "model.h5"
    path.write_bytes(b"none")
    with pytest.raises(GraderError, match="could not be prepared") as raised:
        permuted(replace(PROFILE, model_path=path), 1, tmp_path / "given")
    assert "\n" not in str(raised.value)


def frozen_copy(folder: Path) -> Path:
    """The embedded model with the stem and its batch normalisation frozen, and a frozen layer without weights."""
    path = folder / "frozen.h5"
    path.write_bytes(PROFILE.model_path.read_bytes())
    with h5py.File(path, "r+") as file:
        config = json.loads(file.attrs["model_config"])
        for layer in config["config"]["layers"]:
            layer["config"]["trainable"] = not layer["config"]["name"].startswith("stem")
        file.attrs["model_config"] = json.dumps(config)
    return path


def test_frozen_layers_are_known(tmp_path: Path) -> None:
    """Of the frozen layers those with weights are named; the embedded model has none."""
    assert permuted(PROFILE, 7, tmp_path / "given").frozen == ()
    profile = replace(PROFILE, model_path=frozen_copy(tmp_path))
    assert permuted(profile, 7, tmp_path / "frozen").frozen == ("stem", "stem_bn")


def test_a_copy_with_every_layer_trainable(tmp_path: Path) -> None:
    """Unfreezing a model changes no weight."""
    given = permuted(replace(PROFILE, model_path=frozen_copy(tmp_path)), 7, tmp_path / "given")
    path = unfrozen(given, tmp_path / "copies")
    assert permuted(replace(PROFILE, model_path=path), 7, tmp_path / "again").frozen == ()
    before, after = arrays(given.path), arrays(path)
    assert before.keys() == after.keys()
    assert all(np.array_equal(before[name], after[name]) for name in before)


def test_a_model_that_cannot_be_unfrozen(tmp_path: Path) -> None:
    """Its fault is named in a line."""
    (tmp_path / "broken.h5").write_bytes(b"no HDF5")
    given = replace(permuted(PROFILE, 7, tmp_path / "given"), path=tmp_path / "broken.h5")
    with pytest.raises(GraderError, match="could not be unfrozen"):
        unfrozen(given, tmp_path / "copies")
