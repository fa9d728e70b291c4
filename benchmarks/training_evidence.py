"""How far training and noise are apart, by the statistics that labs use as evidence of training.

    python benchmarks/training_evidence.py train FOLDER [NAME…]     trains right work of many kinds; skips what is there
    python benchmarks/training_evidence.py table FOLDER             prints the table of docs/training-evidence.md

``train`` takes an hour or two on two idle cores, one variant after the other; imitations are made by ``table``. Lab 3's
right work is, besides what ``train`` made, the reference's files that the embedded profile ships.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from graders.labs.mnist_compression.network import KERNELS, Layers  # noqa: E402 - the path comes first
from graders.measure.compression import (  # noqa: E402
    KernelPair,
    find_coherence,
    kernels,
    overall_coherence,
    paired,
)
from graders.measure.tflite.reader import read_model  # noqa: E402
from graders.measure.tflite.weights import weights  # noqa: E402

DIGITS = ROOT / "fixtures" / "datasets" / "mnist" / "public.npz"
PETS = ROOT / "fixtures" / "datasets" / "pocket_pets"
MODELS = ROOT / "fixtures" / "models" / "pocket_pets"
DENSE = KERNELS[1]
LEVELS = (0.05, 0.2, 0.5, 1.0)

# Of the notebook lab: digits, what training starts from, the optimizer, its rate, epochs, batch size, and more.
NOTEBOOKS: dict[str, dict[str, Any]] = {
    "initial-adam": {"start": "initial"},
    "trained-adam": {"start": "trained"},
    "trained-adam-1-epoch-batch-128": {"start": "trained", "epochs": 1, "batch": 128},
    "initial-sgd": {"start": "initial", "optimizer": "SGD", "rate": 0.05},
    "trained-sgd": {"start": "trained", "optimizer": "SGD", "rate": 0.01, "epochs": 1},
    "trained-adam-1e-4": {"start": "trained", "rate": 1e-4, "epochs": 1},
    "trained-adam-1e-5": {"start": "trained", "rate": 1e-5, "epochs": 1},
    "trained-2-steps": {"start": "trained", "share": 0.125, "batch": 500, "epochs": 1},
    "trained-rmsprop": {"start": "trained", "optimizer": "RMSprop", "epochs": 1},
    "unsaved-adam": {"start": "unsaved"},
    "unsaved-sgd": {"start": "unsaved", "optimizer": "SGD", "rate": 0.01, "epochs": 1},
    "trained-augmented": {"start": "trained", "epochs": 1, "augment": True},
    "all-digits-initial-adam": {"start": "initial", "digits": 60_000},
    "all-digits-trained-adam": {"start": "trained", "digits": 60_000},
    "all-digits-unsaved-adam": {"start": "unsaved", "digits": 60_000},
}
# Of lab 3: what is different from the reference's fine-tuning.
COMPRESSIONS = ("statistics-frozen", "shuffled-not-augmented")
TARGETS = ("clustered-4", "clustered-16", "clustered-32", "pruned-0.2", "pruned-0.5")


def train(folder: Path, names: list[str]) -> None:
    """Trains what is not there yet."""
    os.environ |= {"TF_USE_LEGACY_KERAS": "1", "TF_CPP_MIN_LOG_LEVEL": "3"}
    for name, options in NOTEBOOKS.items():
        target = folder / "mnist" / f"{name}.npz"
        if (not names or name in names) and not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            np.savez(target, **train_notebook(**options))
            print(target.stem, flush=True)
    for name in COMPRESSIONS:
        if not names or name in names:
            train_compressions(folder / "l03", name)


def train_notebook(
    *,
    start: str,
    optimizer: str = "Adam",
    rate: float = 1e-3,
    epochs: int = 2,
    batch: int = 32,
    share: float = 0.9,
    augment: bool = False,
    digits: int = 8000,
) -> dict[str, Any]:
    """The dense layer's kernel, (10, 2028), initially and trained, and of a quantisation-aware and a pruned model."""
    import tensorflow as tf
    import tensorflow_model_optimization as tfmot

    from graders.labs.mnist_compression import driver

    keras, pruning = tf.keras, tfmot.sparsity.keras
    keras.utils.set_random_seed(1)
    with np.load(DIGITS) as stored:
        images, labels = driver._widened(stored["x_train"], stored["y_train"], digits)  # noqa: SLF001 - what runs are served
    images = (images / 255).astype(np.float32)

    def build() -> Any:
        layers = keras.layers
        return keras.Sequential([
            layers.InputLayer(input_shape=(28, 28)), layers.Reshape((28, 28, 1)),
            layers.Conv2D(12, (3, 3), activation="relu"), layers.MaxPooling2D((2, 2)), layers.Flatten(),
            layers.Dense(10, activation="softmax"),
        ])  # fmt: skip

    def fit(model: Any, how: Any, passes: int, size: int, count: int, **more: Any) -> None:
        model.compile(optimizer=how, loss="sparse_categorical_crossentropy")
        data = tf.data.Dataset.from_tensor_slices((images[:count], labels[:count])).shuffle(count).batch(size)
        if augment:
            data = data.map(
                lambda image, label: (tf.roll(image, tf.random.uniform((2,), -2, 3, tf.int32), (1, 2)), label)
            )
        model.fit(data, epochs=passes, verbose=0, **more)

    def begun(values: Any) -> Any:
        model = build()
        if values is not None:
            model.set_weights(values)
        return model

    baseline = build()
    initial = baseline.get_weights()
    fit(baseline, "adam", 2, 32, int(0.9 * digits))
    trained = baseline.get_weights()
    beginning = {"initial": initial, "trained": trained, "unsaved": None}[start]
    count = int(share * digits)

    def method() -> Any:
        return getattr(keras.optimizers, optimizer)(rate)

    aware = tfmot.quantization.keras.quantize_model(begun(beginning))
    fit(aware, method(), epochs, batch, count)
    converter = tf.lite.TFLiteConverter.from_keras_model(aware)
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    steps = -(-count // batch) * epochs
    schedule = pruning.PolynomialDecay(0.5, 0.8, 0, steps, frequency=1 if steps < 100 else 10)
    wrapped = pruning.prune_low_magnitude(begun(beginning), pruning_schedule=schedule)
    fit(wrapped, method(), epochs, batch, count, callbacks=[pruning.UpdatePruningStep()])
    pruned = pruning.strip_pruning(wrapped).get_weights()
    return {
        "initial": initial[2].T,
        "trained": trained[2].T,
        "aware": dense(converter.convert()),
        "pruned": pruned[2].T,
    }


def dense(data: bytes) -> np.ndarray:
    """The dense layer's kernel of a ``.tflite`` file, as real numbers."""
    return next(each.kernel for each in weights(data, read_model(data)) if each.kernel.size == 20_280)


def train_compressions(folder: Path, name: str) -> None:
    """Lab 3's files of the reference's classes, with something else about their fine-tuning."""
    import shutil
    import tempfile

    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as both:
        for part in ("student_template", "reference"):
            shutil.copytree(ROOT / part / "dl_in_iot_course", Path(both) / "dl_in_iot_course", dirs_exist_ok=True)
        sys.path.insert(0, both)
        import tensorflow as tf
        from dl_in_iot_course.l03_pruning_clustering import pruning_clustering_experiments as lab  # type: ignore[import-not-found]
        from dl_in_iot_course.misc.pet_dataset import PetDataset  # type: ignore[import-not-found]

        plain_batches, plain_tuning = lab.TFMOTOptimizedModel.batches, lab.TFMOTOptimizedModel.fine_tune

        def batches(self: Any, paths: Any, labels: Any, **_: Any) -> Any:
            return plain_batches(self, paths, labels, augment=False).shuffle(200)

        def fine_tune(self: Any, model: Any, *callbacks: Any) -> None:
            for layer in model.layers:
                inner = getattr(layer, "layer", layer)
                if isinstance(inner, tf.keras.layers.BatchNormalization):
                    inner.trainable = layer.trainable = False
            plain_tuning(self, model, *callbacks)

        if name == "statistics-frozen":
            lab.TFMOTOptimizedModel.fine_tune = fine_tune
        else:
            lab.TFMOTOptimizedModel.batches = batches
        for target in TARGETS:
            file, (kind, value) = folder / f"{name}-{target}.tflite", target.split("-")
            if not file.exists():
                tf.keras.utils.set_random_seed(7)
                made, number = (
                    (lab.ClusteredModel, int(value)) if kind == "clustered" else (lab.PrunedModel, float(value))
                )
                made(PetDataset(PETS), file, MODELS / "pocket_mobilenet.h5", None, number)
                print(file.stem, flush=True)


def noises(values: np.ndarray, size: float, random: np.random.Generator) -> Iterator[np.ndarray]:
    """An array with noise of several kinds: the same everywhere, by the size of weights, and on a part of them."""
    noise = random.normal(size=values.shape)
    yield values + size * values.std() * noise
    yield values * (1 + size * noise)
    yield values + size * values.std() * np.sign(noise) * (random.random(values.shape) < 0.7)


def notebook_rows(folder: Path) -> Iterator[tuple[str, list[float], list[float]]]:
    """The statistic of the notebook lab for both models: of right work, and of imitations."""
    right: dict[str, list[float]] = {"quantisation-aware": [], "pruned": []}
    made: dict[str, list[float]] = {"quantisation-aware": [], "pruned": []}
    random = np.random.default_rng(0)
    for path in sorted((folder / "mnist").glob("*.npz")):
        with np.load(path) as stored:
            initial, trained, aware, pruned = (stored[key] for key in ("initial", "trained", "aware", "pruned"))
        known = [Layers({DENSE: each}) for each in (initial, trained)]
        found = [Layers({DENSE: each.astype(np.float32)}).coherence(known) for each in (aware, pruned)]
        print(f"mnist {path.stem}: {found[0]:.1f} and {found[1]:.1f}", file=sys.stderr)
        for name, value in zip(right, found, strict=True):
            right[name].append(value)
        for size in LEVELS:
            # From the trained weights, and from somewhere on the way between both.
            for start in (trained, initial + random.uniform(0.8, 1.2) * (trained - initial)):
                for noisy in noises(start, size, random):
                    made["quantisation-aware"].append(Layers({DENSE: noisy}).coherence(known))
                    zeroed = np.where(np.abs(noisy) < np.quantile(np.abs(noisy), 0.8), 0, noisy)
                    made["pruned"].append(Layers({DENSE: zeroed}).coherence(known))
    for name, values in right.items():
        yield f"notebook: neighbouring weights, {name}", values, made[name]


def pairs_of(path: Path) -> tuple[KernelPair, ...]:
    """Lab 3's file beside the given model's."""
    data, original = path.read_bytes(), (MODELS / "fp32.tflite").read_bytes()
    model, before = read_model(data), read_model(original)
    found = paired(model, kernels(weights(data, model)), before, kernels(weights(original, before))).pairs
    assert found is not None
    return found


def compression_rows(folder: Path) -> Iterator[tuple[str, list[float], list[float]]]:
    """The statistic of lab 3: of right work, and of the given model's kernels with noise and the same zeros."""
    files = [*sorted((MODELS / "compressed").glob("*.tflite")), *sorted((folder / "l03").glob("*.tflite"))]
    random = np.random.default_rng(0)
    for kind in ("clustered", "pruned"):
        right, made = [], []
        for path in files:
            if kind in path.stem:
                pairs = pairs_of(path)
                right.append(statistic(pairs, kind))
                print(f"l03 {path.stem}: {right[-1]:.1f}", file=sys.stderr)
                for size in (0.0005, *LEVELS[:2]):
                    made += [statistic(each, kind) for each in disturbed(pairs, size, random)]
        yield f"lab 3: weights of an output, {kind}", right, made


def disturbed(
    pairs: tuple[KernelPair, ...], size: float, random: np.random.Generator
) -> Iterator[tuple[KernelPair, ...]]:
    """Files of the same zeros whose other weights are the original's with noise."""
    from dataclasses import replace

    every = [list(noises(pair.original.rows, size, random)) for pair in pairs]
    for kind in range(3):
        rows = [np.where(pair.found.rows != 0, noisy[kind], 0) for pair, noisy in zip(pairs, every, strict=True)]
        yield tuple(
            replace(p, found=replace(p.found, rows=r.astype(np.float32))) for p, r in zip(pairs, rows, strict=True)
        )


def statistic(pairs: tuple[KernelPair, ...], kind: str) -> float:
    """What lab 3's check compares with its threshold."""
    return overall_coherence(find_coherence(pairs, clustered=kind == "clustered")) or 0.0


def table(folder: Path) -> str:
    """The table, in Markdown."""
    rows: list[Callable[[Path], Iterator[tuple[str, list[float], list[float]]]]] = [notebook_rows, compression_rows]
    lines = ["| statistic | right work | n | imitations | n | overlap |", "|---|---|---:|---|---:|---|"]
    for each in rows:
        for name, right, made in each(folder):
            between = "none" if min(right) > max(made) else f"{sum(value >= min(right) for value in made)} imitations"
            spans = [f"{min(values):.1f} to {max(values):.1f}" for values in (right, made)]
            lines.append(f"| {name} | {spans[0]} | {len(right)} | {spans[1]} | {len(made)} | {between} |")
    return "\n".join(lines)


if __name__ == "__main__":
    if len(sys.argv) < 3 or sys.argv[1] not in ("train", "table"):
        raise SystemExit(__doc__)
    if sys.argv[1] == "train":
        train(Path(sys.argv[2]), sys.argv[3:])
    else:
        print(table(Path(sys.argv[2])))
