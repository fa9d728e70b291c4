"""Write the sample .tflite files that the reader's tests run on.

    TF_USE_LEGACY_KERAS=1 python tests/data/tflite/make_samples.py

One small network (convolution, depthwise convolution, residual addition, mean, dense) in every form of conversion that
the labs hand in, and a dense network with enough zeros for the converter's sparse storage.
"""

import os

os.environ["TF_USE_LEGACY_KERAS"] = "1"
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import tensorflow as tf

HERE = Path(__file__).resolve().parent
SHAPE = (12, 12, 3)

Adjust = Callable[[tf.lite.TFLiteConverter], None]


def network() -> tf.keras.Model:
    """A residual network of 7 compute operators after the batch norm is folded."""
    layers = tf.keras.layers
    image = tf.keras.Input(SHAPE, name="image")
    x = layers.Conv2D(8, 3, strides=2, padding="same", use_bias=False, name="stem")(image)
    x = layers.BatchNormalization(name="stem_norm")(x)
    stem = layers.ReLU(6.0, name="stem_relu")(x)
    x = layers.DepthwiseConv2D(3, padding="same", name="depthwise")(stem)
    x = layers.ReLU(6.0, name="depthwise_relu")(x)
    x = layers.Conv2D(8, 1, name="project")(x)
    x = layers.Add(name="residual")([stem, x])
    x = layers.GlobalAveragePooling2D(name="pool")(x)
    return tf.keras.Model(image, layers.Dense(5, name="logits")(x))


def branches() -> tf.keras.Model:
    """Two parallel branches of the same shapes, joined by an addition and a concatenation."""
    layers = tf.keras.layers
    image = tf.keras.Input(SHAPE, name="image")
    left = layers.Conv2D(4, 3, padding="same", activation="relu", name="left")(image)
    right = layers.Conv2D(4, 3, padding="same", activation="relu", name="right")(image)
    deep = layers.Conv2D(4, 3, padding="same", name="deep")(right)
    joined = layers.Concatenate(name="joined")([layers.Add(name="sum")([deep, left]), right])
    return tf.keras.Model(image, layers.Dense(3, name="logits")(layers.Flatten(name="flat")(joined)))


def calibration(seed: int) -> Iterator[list[np.ndarray]]:
    generator = np.random.default_rng(seed)
    for _ in range(8):
        yield [generator.normal(size=(1, *SHAPE)).astype(np.float32)]


def converted(model: tf.keras.Model, adjust: Adjust) -> bytes:
    converter = tf.lite.TFLiteConverter.from_keras_model(model)
    adjust(converter)
    return bytes(converter.convert())


def optimised(converter: tf.lite.TFLiteConverter) -> None:
    converter.optimizations = [tf.lite.Optimize.DEFAULT]


def float16(converter: tf.lite.TFLiteConverter) -> None:
    optimised(converter)
    converter.target_spec.supported_types = [tf.float16]


def calibrated(converter: tf.lite.TFLiteConverter, seed: int = 1) -> None:
    optimised(converter)
    converter.representative_dataset = lambda: calibration(seed)
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]


def integer(kind: tf.DType, seed: int = 1) -> Adjust:
    def adjust(converter: tf.lite.TFLiteConverter) -> None:
        calibrated(converter, seed)
        converter.inference_input_type = converter.inference_output_type = kind

    return adjust


def int16x8(converter: tf.lite.TFLiteConverter) -> None:
    calibrated(converter)
    converter.target_spec.supported_ops = [tf.lite.OpsSet.EXPERIMENTAL_TFLITE_BUILTINS_ACTIVATIONS_INT16_WEIGHTS_INT8]


def sparse(*also: tf.lite.Optimize) -> Adjust:
    def adjust(converter: tf.lite.TFLiteConverter) -> None:
        converter.optimizations = [*also, tf.lite.Optimize.EXPERIMENTAL_SPARSITY]

    return adjust


def concrete(model: tf.keras.Model, adjust: Adjust) -> bytes:
    """The same network converted from a traced function, so with other tensor names."""
    function = tf.function(lambda x: model(x)).get_concrete_function(tf.TensorSpec((1, *SHAPE), tf.float32))
    converter = tf.lite.TFLiteConverter.from_concrete_functions([function], model)
    adjust(converter)
    return bytes(converter.convert())


def flex() -> bytes:
    class Flex(tf.Module):
        @tf.function(input_signature=[tf.TensorSpec((2, 2), tf.float32)])
        def __call__(self, x: tf.Tensor) -> tf.Tensor:
            return tf.linalg.inv(x) + x

    module = Flex()
    converter = tf.lite.TFLiteConverter.from_concrete_functions([module.__call__.get_concrete_function()], module)
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS, tf.lite.OpsSet.SELECT_TF_OPS]
    return bytes(converter.convert())


def pruned(block: tuple[int, int]) -> tf.keras.Model:
    """A convolution and a dense layer of which 9 blocks in 10 are zero."""
    generator = np.random.default_rng(7)
    layers = tf.keras.layers
    model = (
        tf.keras.Sequential(
            [
                tf.keras.Input((8, 8, 8), name="image"),
                layers.Conv2D(16, 1, name="conv"),
                layers.Flatten(name="flat"),
                layers.Dense(4, name="dense"),
            ]
        )
        if block == (1, 1)
        else tf.keras.Sequential([tf.keras.Input((64,), name="row"), layers.Dense(32, name="dense")])
    )
    for layer in model.layers:
        if not layer.weights:
            continue
        kernel, bias = layer.get_weights()
        outputs = kernel.shape[-1]
        inputs = kernel.size // outputs
        kept = generator.random((outputs // block[0], inputs // block[1])) < 0.1
        mask = np.kron(kept, np.ones(block)).T.reshape(kernel.shape)
        layer.set_weights([kernel * mask, generator.normal(size=bias.shape)])
    return model


def randomised(model: tf.keras.Model) -> tf.keras.Model:
    """Biases and batch norm statistics that are not the initial zeros and ones."""
    generator = np.random.default_rng(3)
    for weight in model.weights:
        if len(weight.shape) == 1:
            weight.assign(generator.uniform(0.5, 1.5, size=weight.shape))
    return model


def main() -> None:
    tf.keras.utils.set_random_seed(1)
    model = randomised(network())
    parallel = randomised(branches())
    files = {
        "float32": converted(model, lambda converter: None),
        "float32_concrete": concrete(model, lambda converter: None),
        "dynamic_range": converted(parallel, optimised),
        "float16": converted(model, float16),
        "int8": converted(model, integer(tf.int8)),
        "int8_other_calibration": converted(model, integer(tf.int8, seed=2)),
        "int8_concrete": concrete(model, integer(tf.int8)),
        "uint8_io": converted(model, integer(tf.uint8)),
        "float_io": converted(model, calibrated),
        "int16x8": converted(model, int16x8),
        "branches_float32": converted(parallel, lambda converter: None),
        "branches_int8": converted(parallel, integer(tf.int8)),
        "branches_int8_concrete": concrete(parallel, integer(tf.int8)),
        "flex": flex(),
        "sparse_random": converted(pruned((1, 1)), sparse()),
        "sparse_block": converted(pruned((1, 4)), sparse()),
        "sparse_block_int8": converted(pruned((1, 16)), sparse(tf.lite.Optimize.DEFAULT)),
    }
    for name, content in files.items():
        (HERE / f"{name}.tflite").write_bytes(content)
        print(f"{name:28} {len(content):6} bytes")


if __name__ == "__main__":
    main()
