"""The reference's optimizers on small models of every kind: what their files hold."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

Facts = dict[str, dict[str, Any]]
FLAT = ["sequential", "frozen", "two inputs", "with optimizer", "labels"]


@pytest.fixture(scope="module")
def made(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Facts:
    """What ``kenning_models.py`` found, by the name of the case."""
    out = tmp_path_factory.mktemp("kenning") / "facts.json"
    command = [sys.executable, str(Path(__file__).with_name("kenning_models.py")), str(out)]
    environment = {**os.environ, "PYTHONPATH": str(repository / "reference"), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    found: Facts = json.loads(out.read_text())
    assert {case: facts["error"] for case, facts in found.items() if "error" in facts} == {}
    return found


@pytest.mark.parametrize("case", [*FLAT, "nested"])
def test_every_kernel_is_pruned(made: Facts, case: str) -> None:
    """Half of each kernel is zero, in frozen layers and nested models too, whatever the inputs, labels and optimizer are."""
    assert set(made[case]["zeros"].values()) == {0.5}


def test_frozen_layers_are_not_trained_by_pruning(made: Facts) -> None:
    """Pruning does not unfreeze layers: what is left of a frozen kernel is as it was."""
    assert made["frozen"]["moved"] == {"conv": False, "dense": True}


def test_only_dense_layers_are_pruned(made: Facts) -> None:
    """``prune_dense`` leaves convolutions alone and finds Dense layers in nested models."""
    assert made["dense"]["zeros"] == {"conv": 0.0, "hidden": 0.5, "dense": 0.5}


def test_a_schedule_that_never_fires_prunes_nothing(made: Facts) -> None:
    """With fewer training steps than ``pruning_frequency`` there are no zeros."""
    assert set(made["too rare"]["zeros"].values()) == {0.0}


@pytest.mark.parametrize("case", ["clustered", "clustered nested", "tuned"])
def test_every_kernel_is_clustered(made: Facts, case: str) -> None:
    """Each kernel has the requested number of values, in frozen layers and nested models too."""
    assert set(made[case]["values"].values()) == {5}


def test_only_dense_layers_are_clustered(made: Facts) -> None:
    """``cluster_dense`` leaves convolutions alone and finds Dense layers in nested models."""
    values = made["clustered dense"]["values"]
    assert (values["hidden"], values["dense"]) == (5, 5)
    assert values["conv"] == 72


def test_zeros_survive_clustering(made: Facts) -> None:
    """With ``preserve_sparsity`` a pruned and clustered kernel has both its zeros and few values."""
    assert min(made["preserved"]["zeros"].values()) >= 0.5
    assert max(made["preserved"]["values"].values()) == 5
    assert made["preserved"]["seen"] == ["0.h5", "0.h5.json", "1.h5", "1.h5.json"]


def test_files_are_plain_models(made: Facts) -> None:
    """No wrappers of tfmot, no state of an optimizer, whether the given file had one or not."""
    for case, facts in made.items():
        assert not facts["optimizer"], case
        assert not [name for name in facts["layers"] if "prune_low_magnitude" in name or "cluster" in name], case


def test_an_archive_holds_the_model(made: Facts) -> None:
    """``save_to_zip`` writes ``<model>.h5.zip``, and nothing else does."""
    assert {case for case, facts in made.items() if facts["archive"] is not None} == {"sequential"}
    assert made["sequential"]["archive"] is True


def test_the_specification_is_beside_the_model(made: Facts) -> None:
    """It has each input and output of the model."""
    image = {"shape": [1, 6, 6, 1], "dtype": "float32"}
    expected = [{"name": "left", **image}, {"name": "right", **image}]
    assert made["two inputs"]["specification"]["input"] == expected
    assert made["two inputs"]["specification"]["output"] == [{"name": "dense", "shape": [1, 4], "dtype": "float32"}]


def test_training_loads_a_batch_at_a_time(made: Facts) -> None:
    """At no time are more samples prepared than a batch has; without ``fine_tune``, clustering loads none."""
    assert made["sequential"]["most"] == 8
    assert made["tuned"]["most"] == 32
    assert made["clustered"]["most"] == 0
