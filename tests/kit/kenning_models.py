"""Compresses small models with the reference's optimizers and writes what came out as JSON: ``kenning_models.py OUT.json``.

It runs in a process of its own, with ``reference/`` as its path.
"""

from __future__ import annotations

import json
import sys
import tempfile
import zipfile
from pathlib import Path
from typing import Any

import kenning_compression  # noqa: F401 - chooses Keras 2
import numpy as np
import tensorflow as tf
from kenning.core.dataset import Dataset
from kenning.core.measurements import Measurements
from kenning_compression.optimizers import TensorFlowClusteringOptimizer, TensorFlowPruningOptimizer

keras = tf.keras
SAMPLES, CLASSES = 50, 4
PARTS = {"pruning": TensorFlowPruningOptimizer, "clustering": TensorFlowClusteringOptimizer}


class Noise(Dataset):
    """Noise of four classes; ``most`` is the largest number of samples that were prepared at a time."""

    def __init__(self, inputs: int = 1, one_hot: bool = True) -> None:
        self.inputs, self.one_hot, self.most = inputs, one_hot, 0
        self.pixels = np.random.default_rng(0).normal(size=(SAMPLES, 6, 6, 1)).astype(np.float32)
        super().__init__(Path())

    def prepare(self) -> None:
        self.dataX, self.dataY = list(range(SAMPLES)), [index % CLASSES for index in range(SAMPLES)]

    def prepare_input_samples(self, samples: Any) -> Any:
        self.most = max(self.most, len(samples))
        found = [self.pixels[each] for each in samples]
        return found if self.inputs == 1 else [(pixels,) * self.inputs for pixels in found]

    def prepare_output_samples(self, samples: Any) -> Any:
        return list(np.eye(CLASSES)[list(samples)]) if self.one_hot else list(samples)

    def evaluate(self, predictions: Any, truth: Any) -> Measurements:
        return Measurements()


def sequential() -> Any:
    layers = [keras.layers.Conv2D(8, 3, name="conv"), keras.layers.Flatten(), keras.layers.Dense(CLASSES, name="dense")]
    return keras.Sequential([keras.Input((6, 6, 1), name="image"), *layers])


def frozen() -> Any:
    image = keras.Input((6, 6, 1), name="image")
    convolved = keras.layers.Conv2D(8, 3, name="conv", trainable=False)(image)
    return keras.Model(image, keras.layers.Dense(CLASSES, name="dense")(keras.layers.Flatten()(convolved)))


def nested() -> Any:
    inner = keras.Sequential(
        [keras.Input((6, 6, 1)), keras.layers.Conv2D(8, 3, name="conv"), keras.layers.Flatten(), keras.layers.Dense(16, name="hidden")],
        name="inner",
    )
    inner.trainable = False
    image = keras.Input((6, 6, 1), name="image")
    return keras.Model(image, keras.layers.Dense(CLASSES, name="dense")(inner(image)))


def two_inputs() -> Any:
    left, right = keras.Input((6, 6, 1), name="left"), keras.Input((6, 6, 1), name="right")
    both = keras.layers.Concatenate()([keras.layers.Conv2D(8, 3, name="conv")(left), keras.layers.Conv2D(8, 3, name="other")(right)])
    return keras.Model([left, right], keras.layers.Dense(CLASSES, name="dense")(keras.layers.Flatten()(both)))


def with_optimizer() -> Any:
    model = sequential()
    model.compile("adam", keras.losses.CategoricalCrossentropy(from_logits=True))
    model.fit(np.zeros((4, 6, 6, 1)), np.eye(CLASSES), verbose=0)
    return model


PRUNED = {"target_sparsity": 0.5, "pruning_frequency": 1, "epochs": 1, "batch_size": 8}
CASES: dict[str, tuple[Any, Noise, list[tuple[str, dict[str, Any]]]]] = {
    "sequential": (sequential, Noise(), [("pruning", {**PRUNED, "save_to_zip": True})]),
    "frozen": (frozen, Noise(), [("pruning", PRUNED)]),
    "nested": (nested, Noise(), [("pruning", {**PRUNED, "optimizer": "SGD"})]),
    "two inputs": (two_inputs, Noise(inputs=2), [("pruning", {**PRUNED, "optimizer": "RMSprop"})]),
    "with optimizer": (with_optimizer, Noise(), [("pruning", {**PRUNED, "model_framework": "any"})]),
    "labels": (sequential, Noise(one_hot=False), [("pruning", PRUNED)]),
    "dense": (nested, Noise(), [("pruning", {**PRUNED, "prune_dense": True})]),
    "too rare": (sequential, Noise(), [("pruning", {**PRUNED, "pruning_frequency": 100})]),
    "clustered": (frozen, Noise(), [("clustering", {"clusters_number": 5})]),
    "clustered nested": (nested, Noise(), [("clustering", {"clusters_number": 5})]),
    "clustered dense": (nested, Noise(), [("clustering", {"clusters_number": 5, "cluster_dense": True})]),
    "tuned": (sequential, Noise(), [("clustering", {"clusters_number": 5, "fine_tune": True, "epochs": 1})]),
    "preserved": (sequential, Noise(), [("pruning", PRUNED), ("clustering", {"clusters_number": 5, "preserve_sparsity": True})]),
}  # fmt: skip


def kernels(model: Any) -> dict[str, Any]:
    return {weight.name.split("/")[-2]: weight.numpy() for weight in model.weights if "kernel" in weight.name}


def facts(name: str, folder: Path) -> dict[str, Any]:
    """What a case's last file holds, and what training moved."""
    build, dataset, steps = CASES[name]
    keras.backend.clear_session()
    keras.utils.set_random_seed(1)
    path = folder / "given.h5"
    build().save(str(path))
    given = kernels(keras.models.load_model(str(path)))
    for number, (part, parameters) in enumerate(steps):
        target = folder / "made" / f"{number}.h5"
        PARTS[part](dataset, target, **parameters).compile(path)
        path = target
    model = keras.models.load_model(str(path))
    found = kernels(model)
    archive = Path(f"{path}.zip")
    return {
        "zeros": {layer: float((kernel == 0).mean()) for layer, kernel in found.items()},
        "values": {layer: len(np.unique(kernel)) for layer, kernel in found.items()},
        "moved": {layer: bool((kernel[kernel != 0] != given[layer][kernel != 0]).any()) for layer, kernel in found.items()},
        "layers": [layer.name for layer in model.layers],
        "optimizer": b"optimizer_weights" in path.read_bytes(),
        "specification": json.loads(Path(f"{path}.json").read_text()),
        "archive": zipfile.ZipFile(archive).read(path.name) == path.read_bytes() if archive.exists() else None,
        "most": dataset.most,
        "seen": sorted({each.name for each in path.parent.iterdir()}),
    }


if __name__ == "__main__":
    results = {}
    for case in CASES:
        with tempfile.TemporaryDirectory() as work:
            try:
                results[case] = facts(case, Path(work))
            except Exception as problem:
                results[case] = {"error": f"{type(problem).__name__}: {problem}"}
    Path(sys.argv[1]).write_text(json.dumps(results))
