"""Makes the files of this folder: what a right notebook leaves after an epoch or two on 8,000 digits.

``python tests/data/mnist/make_files.py DIGITS.npz DIR`` takes ``x`` and ``y`` as ``fixtures/datasets/mnist/split.py`` does.
"""

from __future__ import annotations

import math
import os
import sys
from pathlib import Path

import numpy as np

os.environ["TF_USE_LEGACY_KERAS"] = "1"


def main() -> None:
    import tensorflow as tf
    import tensorflow_model_optimization as tfmot

    layers = tf.keras.layers
    folder = Path(sys.argv[2])
    with np.load(sys.argv[1]) as digits:
        order = np.random.RandomState(0).permutation(len(digits["x"]))[:8000]
        images, labels = digits["x"][order].astype("float32") / 255, digits["y"][order]

    def compiled(model):
        model.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
        return model

    def convert(model, name, quantize=False):
        converter = tf.lite.TFLiteConverter.from_keras_model(model)
        if quantize:
            converter.optimizations = [tf.lite.Optimize.DEFAULT]
        (folder / name).write_bytes(converter.convert())

    parts = [layers.InputLayer(input_shape=(28, 28)), layers.Reshape((28, 28, 1)), layers.Conv2D(12, 3, activation="relu"),
             layers.MaxPooling2D(), layers.Flatten(), layers.Dense(10, activation="softmax")]  # fmt: skip
    baseline = compiled(tf.keras.Sequential(parts))
    fit = {"batch_size": 128, "validation_split": 0.1, "epochs": 2}
    baseline.fit(images, labels, **fit)
    baseline.save_weights(folder / "baseline_weights.h5")
    convert(baseline, "non_quantized.tflite")
    convert(baseline, "post_training_quantized.tflite", quantize=True)
    aware = compiled(tfmot.quantization.keras.quantize_model(baseline))
    aware.fit(images, labels, **fit)
    convert(aware, "quant_aware_quantized.tflite", quantize=True)
    schedule = tfmot.sparsity.keras.PolynomialDecay(0.5, 0.8, 0, 2 * math.ceil(0.9 * len(images) / 128))
    wrapped = compiled(tfmot.sparsity.keras.prune_low_magnitude(baseline, pruning_schedule=schedule))
    wrapped.fit(images, labels, callbacks=[tfmot.sparsity.keras.UpdatePruningStep()], **fit)
    pruned = tfmot.sparsity.keras.strip_pruning(wrapped)
    pruned.save(folder / "pruned_model.h5", include_optimizer=False)
    convert(pruned, "pruned_quantized.tflite", quantize=True)


if __name__ == "__main__":
    main()
