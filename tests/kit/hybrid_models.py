"""Compresses small models with the reference's functions: ``python hybrid_models.py OUT.json``. Writes what it found.

Run by test_kit_hybrid_models.py in a process of its own, with the reference on the path and Keras 2 chosen.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from hybrid_decomposition import compress
from hybrid_decomposition.starter.conversion import write_tflite
from hybrid_decomposition.starter.evaluation import file_predictor
from hybrid_decomposition.starter.settings import Decomposition, Structure
from hybrid_decomposition.starter.surgery import compressible_places, load_model, replace_layers

layers = tf.keras.layers
IMAGE = (9, 8, 3)


def plain() -> Any:
    """Strides, both paddings, dilation, a kernel that is not square; with and without bias and activation."""
    image = tf.keras.Input(IMAGE, name="image")
    x = layers.Conv2D(8, 3, strides=2, padding="same", activation="relu", name="strided")(image)
    x = layers.Conv2D(12, 3, dilation_rate=2, padding="same", use_bias=False, name="dilated")(x)
    x = layers.BatchNormalization(name="norm")(x)
    x = layers.Conv2D(16, (1, 3), padding="valid", activation=tf.keras.layers.LeakyReLU(0.3), name="wide")(x)
    x = layers.Conv2D(6, 2, strides=(2, 1), padding="valid", activation="tanh", name="valid")(x)
    return tf.keras.Model(image, layers.Dense(4, name="scores")(layers.Flatten(name="flat")(x)), name="plain")


def branches() -> Any:
    """Two paths, a layer that both use, operations without a layer, and two outputs; one of them is a convolution's."""
    image = tf.keras.Input(IMAGE, name="image")
    shared = layers.Conv2D(8, 3, padding="same", activation="relu", name="shared")
    left = shared(image)
    right = shared(image * 2.0 - 1.0)
    x = layers.Concatenate(name="both")([left, right])
    map_ = layers.Conv2D(5, 3, padding="same", name="map")(tf.nn.relu(x) + 0.5)
    return tf.keras.Model(image, [map_, layers.GlobalMaxPooling2D(name="peak")(left)], name="branches")


def nested() -> Any:
    """A model within a model, used twice, and two inputs by name."""
    inner_image = tf.keras.Input((None, None, 3), name="inner_image")
    inner_x = layers.Conv2D(8, 3, padding="same", activation="relu", name="conv")(inner_image)
    inner = tf.keras.Model(inner_image, layers.BatchNormalization(name="norm")(inner_x), name="backbone")
    one, other = tf.keras.Input(IMAGE, name="one"), tf.keras.Input(IMAGE, name="other")
    x = layers.Subtract(name="difference")([inner(one), inner(other)])
    x = layers.Conv2D(7, 3, name="conv")(x)
    return tf.keras.Model({"one": one, "other": other}, layers.GlobalAveragePooling2D(name="pool")(x), name="nested")


def sequential() -> Any:
    """A Sequential model."""
    parts = [tf.keras.Input(IMAGE), layers.Conv2D(8, 3, name="conv"), layers.ReLU(name="relu"), layers.Flatten(name="flat")]
    return tf.keras.Sequential([*parts, layers.Dense(3, name="scores")], name="sequential")


def untouched() -> Any:
    """Nothing that is compressed: depthwise, grouped, 1x1, transposed and separable convolutions."""
    image = tf.keras.Input(IMAGE, name="image")
    x = layers.DepthwiseConv2D(3, name="depthwise")(image)
    x = layers.Conv2D(8, 1, name="pointwise")(x)
    x = layers.Conv2D(8, 3, groups=4, name="grouped")(x)
    x = layers.Conv2DTranspose(4, 3, name="transposed")(x)
    x = layers.SeparableConv2D(4, 3, name="separable")(x)
    return tf.keras.Model(image, layers.GlobalAveragePooling2D(name="pool")(x), name="untouched")


MODELS: dict[str, Callable[[], Any]] = {
    "plain": plain,
    "branches": branches,
    "nested": nested,
    "sequential": sequential,
    "untouched": untouched,
}
# The way each kernel is decomposed: rank and share; a high rank and all weights kept change nothing.
WAYS: dict[str, tuple[int, float]] = {
    "everything kept": (3, 1.0),
    "full rank": (1000, 0.0),
    "hybrid": (2, 0.2),
    "tucker": (2, 0.0),
    "spars": (0, 0.3),
    "nothing": (0, 0.0),
}


def trained(model: Any, random: np.random.RandomState) -> Any:
    """The model with no weight at its initial value: biases and statistics count."""
    model.set_weights([random.uniform(0.2, 1.0, weight.shape) * random.choice([-1, 1], weight.shape) if "variance" not in variable.name
                       else random.uniform(0.5, 2.0, weight.shape)
                       for variable, weight in zip(model.weights, model.get_weights(), strict=True)])  # fmt: skip
    return model


def inputs_of(model: Any, random: np.random.RandomState) -> Any:
    images = [random.uniform(-1, 1, (3, *IMAGE)).astype("float32") for _ in model.inputs]
    return dict(zip(model.input_names, images, strict=True)) if len(images) > 1 else images[0]


def flat(outputs: Any) -> list[Any]:
    return [np.asarray(each) for each in tf.nest.flatten(outputs)]


def error(found: Any, wanted: Any) -> float:
    """The largest difference as a share of the largest value."""
    pairs = list(zip(flat(found), flat(wanted), strict=True))
    return max(float(np.abs(one - other).max() / np.abs(other).max()) for one, other in pairs)


def compare(model: Any, way: str, random: np.random.RandomState) -> dict[str, Any]:
    """The compressed model beside the same model with the reconstructed kernels."""
    images = inputs_of(model, random)
    original = flat(model(images))
    kept = {place.name: place.kernel for place in compressible_places(model)}
    rank, share = WAYS[way]
    decompositions: dict[int, Decomposition] = {}
    replacements = {}
    for place in compressible_places(model):
        decomposition = compress.decompose_kernel(place.kernel, rank, share, Structure())
        decompositions[id(place.layer)] = decomposition
        replacements[id(place.layer)] = compress.replace_layer(place.layer, decomposition)
    compressed = replace_layers(model, replacements)
    found = flat(compressed(images))
    unchanged = all(np.array_equal(kept[place.name], place.kernel) for place in compressible_places(model))
    same = error(original, model(images))
    for place in compressible_places(model):
        place.layer.kernel.assign(decompositions[id(place.layer)].reconstruction)
    return {
        "error": error(found, model(images)),
        "error to original": error(found, original),
        "given model changed": not unchanged or same > 0,
        "places": list(kept),
        "names": sorted({layer.name for layer in compressed.submodules if isinstance(layer, layers.Layer)}),
        "top names": [layer.name for layer in compressed.layers],
        "original names": [layer.name for layer in model.layers],
        "input names": compressed.input_names,
        "output names": compressed.output_names,
        "original output names": model.output_names,
        "name": compressed.name,
        "parameters": compressed.count_params(),
    }


def files(folder: Path, random: np.random.RandomState) -> dict[str, Any]:
    """Sizes and predictions of TensorFlow Lite files: 64 channels, one convolution."""
    image = tf.keras.Input((6, 6, 64), name="image")
    model = tf.keras.Model(image, layers.Flatten()(layers.Conv2D(64, 3, name="conv")(image)))
    trained(model, random)
    samples = random.uniform(-1, 1, (5, 6, 6, 64)).astype("float32")
    found: dict[str, Any] = {"original": {"bytes": write_tflite(model, folder / "original.tflite")}}
    for name, rank, share, structure in (
        ("hybrid", 16, 0.05, Structure()),
        ("tucker", 16, 0.0, Structure()),
        ("spars", 0, 0.1, Structure()),
        ("channel", 0, 0.1, Structure("channel")),
        ("block", 16, 0.05, Structure("block", (4, 4))),
    ):
        (place,) = compressible_places(model)
        decomposition = compress.decompose_kernel(place.kernel, rank, share, structure)
        compressed = replace_layers(model, {id(place.layer): compress.replace_layer(place.layer, decomposition)})
        path = folder / f"{name}.tflite"
        size = write_tflite(compressed, path)
        found[name] = {"bytes": size, "error": error(file_predictor(path)(samples), compressed(samples))}
    return found


def main() -> None:
    random = np.random.RandomState(3)
    facts: dict[str, Any] = {}
    for name, make in MODELS.items():
        for way in WAYS:
            facts[f"{name}, {way}"] = compare(trained(make(), random), way, random)
    with tempfile.TemporaryDirectory() as folder:
        facts["files"] = files(Path(folder), random)
        saved = Path(folder) / "saved.h5"
        trained(plain(), random).save(saved)
        facts["loaded"] = {"places": [place.name for place in compressible_places(load_model(saved))]}
    Path(sys.argv[1]).write_text(json.dumps(facts))


if __name__ == "__main__":
    main()
