"""A network of the size that the course's labs are about: ``python benchmarks/full_size_model.py STATE OUT.h5``.

MobileNetV2 without its top, pooled, with a dense layer of 1,024 and one of a logit for each class on it: 3,607,653
parameters, about as many as the course's own model has. ``STATE`` is ``frozen`` or ``unfrozen``, for whether
MobileNetV2's layers are trainable, and ``-trained`` behind it has the network trained on pocket_pets: the statistics
of batch normalisation in one pass over the training images, then the dense layers. An untrained MobileNetV2 makes its
activations smaller from layer to layer, down to 1e-10, which is the hardest case for whoever measures it.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import Any

os.environ["TF_USE_LEGACY_KERAS"] = "1"

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "student_template"))
DATA = ROOT / "fixtures" / "datasets" / "pocket_pets"
STATES = ("frozen", "unfrozen", "frozen-trained", "unfrozen-trained")
SEED, EPOCHS, BATCH, CLASSES = 20_261, 60, 32, 37


def build(*, frozen: bool) -> Any:
    """The network with random weights."""
    import tf_keras as keras

    inner = keras.applications.MobileNetV2(input_shape=(224, 224, 3), weights=None, include_top=False, pooling="avg")
    inner.trainable = not frozen
    hidden = keras.layers.Dense(1024, activation="relu", name="hidden")(inner.output)
    return keras.Model(inner.input, keras.layers.Dense(CLASSES, name="logits")(hidden), name="full_size")


def train(model: Any) -> None:
    """Fits the statistics of batch normalisation to the training images, then the dense layers to their classes."""
    import tensorflow as tf
    import tf_keras as keras
    from dl_in_iot_course.misc.pet_dataset import PetDataset

    dataset = PetDataset(DATA)
    inner = keras.Model(model.input, model.get_layer("hidden").input)
    frozen = not inner.layers[1].trainable
    normalisations = [layer for layer in inner.layers if isinstance(layer, keras.layers.BatchNormalization)]
    for layer in inner.layers:
        layer.trainable = True
    for layer in normalisations:
        layer.momentum = 0.5

    def batches() -> Any:
        for start in range(0, len(dataset.dataX), BATCH):
            yield np.concatenate([dataset.prepare_input_sample(path) for path in dataset.dataX[start : start + BATCH]])

    forward = tf.function(lambda images: inner(images, training=True))
    for images in batches():
        forward(images)
    for layer in inner.layers:
        layer.trainable = not frozen
    for layer in normalisations:
        layer.momentum = 0.999
    features = np.concatenate([inner.predict_on_batch(images) for images in batches()])
    inputs = keras.Input(features.shape[1:])
    top = keras.Model(inputs, model.get_layer("logits")(model.get_layer("hidden")(inputs)))
    top.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True), ["accuracy"])
    top.fit(features, np.array(dataset.dataY), batch_size=BATCH, epochs=EPOCHS, verbose=2)


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description="Makes a network of the size that the course's labs are about.")
    parser.add_argument("state", choices=STATES)
    parser.add_argument("out", type=Path, help="the .h5 file to write")
    args = parser.parse_args()
    import tf_keras as keras

    keras.utils.set_random_seed(SEED)
    model = build(frozen=args.state.startswith("frozen"))
    if args.state.endswith("-trained"):
        train(model)
    print(
        f"{model.count_params():,} parameters, {len(model.trainable_weights)} of {len(model.weights)} weights trainable"
    )
    model.save(args.out, include_optimizer=False)


if __name__ == "__main__":
    main()
