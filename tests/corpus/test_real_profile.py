"""A real profile whose model has frozen layers, as the course's own has: a network of few layers that is made here."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from graders.core.paths import REFERENCE, REPOSITORY
from graders.selftest.corpus.cases import build, load

DATA = REPOSITORY / "fixtures" / "datasets" / "pocket_pets"
L03 = "dl_in_iot_course/l03_pruning_clustering/pruning_clustering_experiments.py"
MODEL = """
import os
import sys

os.environ["TF_USE_LEGACY_KERAS"] = "1"
import tf_keras as keras

keras.utils.set_random_seed(11)
layers = keras.layers
inputs = keras.Input((224, 224, 3))
x = layers.BatchNormalization()(layers.Conv2D(12, 5, strides=4, padding="same", use_bias=False)(inputs))
x = layers.ReLU(6.0)(x)
y = layers.BatchNormalization()(layers.DepthwiseConv2D(3, strides=2, padding="same", use_bias=False)(x))
y = layers.BatchNormalization()(layers.Conv2D(128, 1, use_bias=False)(layers.ReLU(6.0)(y)))
z = layers.BatchNormalization()(layers.Conv2D(128, 1, use_bias=False)(layers.ReLU(6.0)(y)))
base = keras.Model(inputs, layers.GlobalAveragePooling2D()(layers.Add()([y, z])))
base.trainable = False
keras.Model(inputs, layers.Dense(int(sys.argv[2]))(base.output)).save(sys.argv[1], include_optimizer=False)
"""


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[int, Path]:
    """The model by its number of outputs; its last layer alone is trainable."""
    folder = tmp_path_factory.mktemp("models")
    for count in (37, 10):
        argv = [sys.executable, "-c", MODEL, str(folder / f"{count}.h5"), str(count)]
        subprocess.run(argv, check=True, capture_output=True)
    return {count: folder / f"{count}.h5" for count in (37, 10)}


def graded(submission: Path, model: Path, lab: str, select: str, report: Path, *more: str) -> dict[str, Any]:
    """The criteria of which a check was selected, by id."""
    words: Sequence[str] = [
        *(sys.executable, "-m", "pytest", "graders", f"--submission={submission}", f"--lab={lab}", "-k", select),
        *("--profile=oxford_pets", f"--dataset-root={DATA}", f"--model-path={model}", "--seed=3"),
        *(f"--report-dir={report}", "-p", "no:cacheprovider", *more),
    ]
    done = subprocess.run(words, cwd=REPOSITORY, capture_output=True, text=True, timeout=1800, check=False)
    file = report / "scorecard.json"
    assert file.is_file(), done.stdout + done.stderr
    (card,) = json.loads(file.read_text(encoding="utf-8"))["labs"]
    return {each["id"]: each for each in card["criteria"] if each["checks"] and each["marked_by"] != "person"}


def lost(criteria: dict[str, Any]) -> dict[str, list[str]]:
    """The checks that were not earned, with their verdicts, by criterion."""
    found = {
        name: [f"{check['name']} {check['verdict']}" for check in each["checks"] if check["verdict"] != "earned"]
        for name, each in criteria.items()
    }
    return {name: checks for name, checks in found.items() if checks}


def changed(folder: Path, old: str, new: str) -> Path:
    """The reference's lab 3 after a change; lab 2, which it builds on, as it is."""
    for path in REFERENCE.rglob("*.py"):
        target = folder / path.relative_to(REFERENCE)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(path.read_bytes())
    text = (folder / L03).read_text(encoding="utf-8")
    assert old in text
    (folder / L03).write_text(text.replace(old, new), encoding="utf-8")
    return folder


def test_the_reference_loses_nothing(models: dict[int, Path], tmp_path: Path) -> None:
    """Neither calibration nor compression of a frozen network costs it a point."""
    select = "not latency and (int8-0.01 or imbalanced)"
    criteria = graded(REFERENCE, models[37], "l02", select, tmp_path / "l02")
    assert len(criteria) >= 5
    assert lost(criteria) == {}
    select = "not latency and (base or clustered-4 or pruned-0.5)"
    criteria = graded(REFERENCE, models[37], "l03", select, tmp_path / "l03")
    assert len(criteria) >= 8
    assert lost(criteria) == {}


def test_layers_may_be_unfrozen_for_pruning(models: dict[int, Path], tmp_path: Path) -> None:
    """Whoever trains the whole network prunes as rightly as who leaves layers frozen."""
    old = "sparsity.prune_low_magnitude(load_keras_model(originalmodel)"
    submission = changed(
        tmp_path / "ada",
        old,
        old.replace("(load_keras_model(originalmodel)", "(unfrozen(load_keras_model(originalmodel))"),
    )
    assert lost(graded(submission, models[37], "l03", "not latency and pruned-0.5", tmp_path / "report")) == {}


def test_frozen_layers_are_not_clustered(models: dict[int, Path], tmp_path: Path) -> None:
    """Editions that say nothing of frozen layers lead to tfmot's error, which is explained by what to write."""
    submission = changed(
        tmp_path / "ada", "unfrozen(load_keras_model(originalmodel)),", "load_keras_model(originalmodel),"
    )
    criteria = graded(submission, models[37], "l03", "clustered-4", tmp_path / "report")
    values = criteria["l03.clustering.values"]
    assert values["verdict"] == "failed"
    assert "no weights to cluster" in values["reason"]["measured"]
    assert "set model.trainable = True before cluster_weights" in values["reason"]["measured"]


@pytest.mark.parametrize(
    "name", ["l02/imbalanced-class-from-one", "l02/calibration-share-hard-coded", "l03/pruned-sparsity-hard-coded"]
)
def test_mistakes_cost_what_they_cost_elsewhere(name: str, models: dict[int, Path], tmp_path: Path) -> None:
    """A wrong class, a wrong share and a wrong sparsity are found on a frozen, untrained network as well."""
    case = load(REPOSITORY / "fixtures" / "submissions" / "mistakes" / f"{name}.toml")
    submission = build(case, tmp_path / "ada")
    criteria = graded(submission, models[37], case.lab.short, f"not latency and ({case.select})", tmp_path / "report")
    assert set(lost(criteria)) == {cost.criterion for cost in case.costs}
    assert all(check["verdict"] == "lost" for cost in case.costs for check in criteria[cost.criterion]["checks"])


def test_what_the_reference_fails_is_graded_manually(models: dict[int, Path], tmp_path: Path) -> None:
    """Asked for another class than the reference calibrates on, a check fails for it too: then it is nobody's loss."""
    select, setting = "imbalanced and calibration and not renumbered", "--setting=l02_quantization.imbalanced_class=9"
    criteria = graded(REFERENCE, models[37], "l02", select, tmp_path / "report", setting)
    (calibration,) = criteria["l02.imbalanced.calibration"]["checks"]
    assert calibration["verdict"] == "pending"
    ours, theirs = calibration["reason"]["measured"].split("; the reference on the same model and data: ")
    assert ours == theirs
    assert "parameters calibrated on all training images of class id 9" in ours


def test_a_model_of_another_data_set_is_nobodys_loss(models: dict[int, Path], tmp_path: Path) -> None:
    """A model with outputs for ten classes fits no data set of 37, and that is said."""
    criteria = graded(REFERENCE, models[10], "l02", "int8-0.01 and accuracy", tmp_path / "report")
    (accuracy,) = criteria["l02.int8.accuracy"]["checks"]
    assert accuracy["verdict"] == "pending"
    assert (
        "does not fit the data set: the file outputs 10 scores; the data set has 37 classes"
        in accuracy["reason"]["measured"]
    )
