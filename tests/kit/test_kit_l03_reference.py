"""Lab 3's reference, run for real with a small model on a small data set."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from graders.measure.compression import Compression, at_most, measure, overall, pruned, tuning

REPOSITORY = Path(__file__).resolve().parents[2]
RUN = """
import sys
from pathlib import Path

import dl_in_iot_course.l03_pruning_clustering.pruning_clustering_experiments as lab
import tensorflow as tf
from dl_in_iot_course.l02_quantization.quantization_experiments import FP32Model
from dl_in_iot_course.misc.pet_dataset import PetDataset

out = Path(sys.argv[1])
dataset = PetDataset(out / "data")
layers = tf.keras.layers
tf.config.experimental.enable_op_determinism()
tf.keras.utils.set_random_seed(1)
model = tf.keras.Sequential([
    layers.Conv2D(8, 9, strides=8, use_bias=False, input_shape=(224, 224, 3)),
    layers.BatchNormalization(),
    layers.DepthwiseConv2D(3),
    layers.ReLU(),
    layers.GlobalAveragePooling2D(),
    layers.Dense(3),
])
model.save(out / "model.h5")
FP32Model(dataset, out / "fp32.tflite", out / "model.h5")
for time in ("first", "again"):
    for kind, value in ((lab.ClusteredModel, 4), (lab.PrunedModel, 0.5)):
        tf.keras.utils.set_random_seed(2)
        name = f"{kind.__name__}-{time}"
        tester = kind(dataset, out / "files" / f"{name}.tflite", out / "model.h5", out / f"logs-{name}", value)
        tester.test_inference(out / "results", name)
"""


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with what the reference made, twice under the same seed."""
    out = tmp_path_factory.mktemp("l03")
    random = np.random.RandomState(0)
    (out / "data" / "images").mkdir(parents=True)
    (out / "data" / "annotations").mkdir()
    for split, count in (("trainval", 10), ("test", 4)):
        lines = []
        for number, name in enumerate(["cat", "dog", "ox"], start=1):
            for index in range(count):
                image = Image.fromarray(random.randint(0, 256, (30, 20, 3), dtype=np.uint8))
                image.save(out / "data" / "images" / f"{name}_{split}_{index}.jpg")
                lines.append(f"{name}_{split}_{index} {number} 1 1\n")
        # The class's name is what stands before the last underscore.
        text = "".join(lines)
        (out / "data" / "annotations" / f"{split}.txt").write_text(text)
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": "-1", "TF_CPP_MIN_LOG_LEVEL": "2"}
    command = [sys.executable, "-c", RUN, str(out)]
    done = subprocess.run(
        command, cwd=REPOSITORY / "reference", env=environment, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return out


def measured(results: Path, name: str) -> Compression:
    data = (results / "files" / f"{name}-first.tflite").read_bytes()
    return measure(data, (results / "fp32.tflite").read_bytes(), clusters=4, sparsity=0.5)


@pytest.mark.parametrize("name", ["ClusteredModel", "PrunedModel"])
def test_the_same_seed_gives_the_same_file(results: Path, name: str) -> None:
    """Two runs under the same seed leave the same bytes."""
    first, again = ((results / "files" / f"{name}-{time}.tflite").read_bytes() for time in ("first", "again"))

    assert first == again
    # Training adds biases that were zero, and nothing else.
    assert len(first) < 1.1 * (results / "fp32.tflite").stat().st_size


def test_clustered_as_asked(results: Path) -> None:
    """The clustered file has at most 4 values a kernel, evenly spaced, was trained, and has no wrapper left."""
    found = measured(results, "ClusteredModel")

    assert found.difference == ""
    assert found.wrapper_residue.extra == ()
    assert at_most(found.distinct, 4)
    assert overall(found.spacing).off < 0.01
    (shift,) = found.shifts
    assert 0 < shift.largest < 0.01
    assert tuning(found.weight_deltas, clustered=True).still == ()
    assert sum(each.zeros for each in found.zeros) == 0


def test_pruned_as_asked(results: Path) -> None:
    """The pruned file has the zeros asked for in each kernel and none elsewhere, was trained, and has no wrapper left."""
    found = measured(results, "PrunedModel")

    assert found.difference == ""
    assert found.wrapper_residue.extra == ()
    assert pruned(found.zeros, 0.5, tolerance=0.0).each
    assert [each.misordered for each in found.magnitudes] == [0, 0]
    assert found.misplaced == ()
    assert tuning(found.weight_deltas, clustered=False).still == ()


@pytest.mark.parametrize("name", ["ClusteredModel", "PrunedModel"])
def test_results_and_logs_are_written(results: Path, name: str) -> None:
    """The evaluation's files are there, and a line of losses for each epoch in the log folder."""
    assert (results / "results" / f"{name}-first-metrics.md").read_text().startswith(f"Model type: {name}-first\n")
    log = (results / f"logs-{name}-first" / "training.csv").read_text().splitlines()
    assert len(log) == 1 + {"ClusteredModel": 1, "PrunedModel": 4}[name]
    assert "val_loss" in log[0]
