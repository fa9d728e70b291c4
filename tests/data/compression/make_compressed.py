"""Write the compressed .tflite files that the tests of compression run on.

    python tests/data/compression/make_compressed.py

One small trained network (two convolutions and a depthwise one with batch normalisation, and a dense layer), compressed
as the labs ask for and in ways that went wrong.
"""

import os

os.environ["TF_USE_LEGACY_KERAS"] = "1"
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")

import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import tensorflow as tf
import tensorflow_model_optimization as tfmot
from tensorflow_model_optimization.python.core.clustering.keras.experimental import cluster as experimental

HERE = Path(__file__).resolve().parent
SHAPE = (12, 12, 3)
CLASSES = 10
CLUSTERS = 8
SPARSITY = 0.5

clustering, sparsity = tfmot.clustering.keras, tfmot.sparsity.keras
Init = clustering.CentroidInitialization
Model = tf.keras.Model


def images() -> tuple[np.ndarray, np.ndarray]:
    """Noise around one pattern for each class."""
    generator = np.random.default_rng(5)
    patterns = generator.normal(size=(CLASSES, *SHAPE))
    labels = np.arange(320) % CLASSES
    return (patterns[labels] + generator.normal(size=(320, *SHAPE))).astype(np.float32), labels


IMAGES, LABELS = images()


def network() -> Model:
    layers = tf.keras.layers
    image = tf.keras.Input(SHAPE, name="image")
    x = layers.Conv2D(8, 3, strides=2, padding="same", use_bias=False, name="stem")(image)
    x = layers.BatchNormalization(name="stem_norm")(x)
    x = layers.ReLU(6.0, name="stem_relu")(x)
    x = layers.DepthwiseConv2D(3, padding="same", use_bias=False, name="depthwise")(x)
    x = layers.BatchNormalization(name="depthwise_norm")(x)
    x = layers.ReLU(6.0, name="depthwise_relu")(x)
    x = layers.Conv2D(16, 1, use_bias=False, name="project")(x)
    x = layers.BatchNormalization(name="project_norm")(x)
    x = layers.ReLU(6.0, name="project_relu")(x)
    x = layers.GlobalAveragePooling2D(name="pool")(x)
    return Model(image, layers.Dense(CLASSES, name="logits")(x))


def fit(model: Model, *callbacks: tf.keras.callbacks.Callback, epochs: int = 1, rate: float = 1e-4) -> Model:
    """Fine-tunes; ten steps an epoch."""
    model.compile(
        optimizer=tf.keras.optimizers.Adam(rate),
        loss=tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    )
    model.fit(IMAGES, LABELS, batch_size=32, epochs=epochs, shuffle=False, callbacks=list(callbacks), verbose=0)
    return model


def trained() -> Model:
    return fit(network(), epochs=20, rate=5e-3)


ORIGINAL = Path(tempfile.mkdtemp()) / "original.h5"


def given() -> Model:
    """The trained model, afresh: wrapping changes the layers that it is given."""
    return tf.keras.models.load_model(ORIGINAL, compile=False)


def clustered(model: Model, clusters: int = CLUSTERS, init: Init = Init.LINEAR, **more: object) -> Model:
    return experimental.cluster_weights(model, clusters, init, **more)


def pruned(model: Model, share: float = SPARSITY, frequency: int = 1) -> Model:
    schedule = sparsity.ConstantSparsity(share, begin_step=0, end_step=-1 if frequency > 1 else 1, frequency=frequency)
    return sparsity.prune_low_magnitude(model, pruning_schedule=schedule)


def fit_pruned(model: Model, epochs: int = 2) -> Model:
    return fit(model, sparsity.UpdatePruningStep(), epochs=epochs)


def good_clusters() -> Model:
    return clustering.strip_clustering(fit(clustered(given())))


def good_pruned(share: float = SPARSITY) -> Model:
    return sparsity.strip_pruning(fit_pruned(pruned(given(), share)))


def frozen() -> Model:
    """Only the dense layer is trained."""
    model = given()
    for layer in model.layers[:-1]:
        layer.trainable = False
    return sparsity.strip_pruning(fit_pruned(pruned(model)))


def edited(model: Model, change: Callable[[tf.Variable], np.ndarray]) -> Model:
    for weight in model.weights:
        weight.assign(change(weight))
    return model


def kernel(weight: tf.Variable) -> bool:
    return weight.name.split("/")[-1].startswith("kernel")


def without_smallest(values: np.ndarray, share: float = SPARSITY) -> np.ndarray:
    return np.where(np.abs(values) > np.quantile(np.abs(values), share), values, 0)


def one_shot(weight: tf.Variable) -> np.ndarray:
    return without_smallest(weight.numpy()) if kernel(weight) else weight.numpy()


def global_threshold() -> Model:
    model = given()
    every = np.concatenate([np.abs(weight.numpy()).ravel() for weight in model.weights if kernel(weight)])
    threshold = np.quantile(every, SPARSITY)
    return edited(model, lambda w: np.where(np.abs(w) > threshold, w, 0) if kernel(w) else w.numpy())


def everything(weight: tf.Variable) -> np.ndarray:
    """Bias, depthwise kernel, and scale and shift of batch normalisation too."""
    return weight.numpy() if "moving" in weight.name else without_smallest(weight.numpy())


def no_bias(weight: tf.Variable) -> np.ndarray:
    """Of a bias of zeros, the converter leaves nothing."""
    return np.zeros_like(weight) if "bias" in weight.name else weight.numpy()


def near_zeros(weight: tf.Variable) -> np.ndarray:
    values = weight.numpy()
    return np.where(one_shot(weight) == 0, 1e-9 * values, values) if kernel(weight) else values


def at_random(weight: tf.Variable) -> np.ndarray:
    generator = np.random.default_rng(2)
    values = weight.numpy()
    return values * (generator.permutation(values.size).reshape(values.shape) % 2) if kernel(weight) else values


def calibration() -> Iterator[list[np.ndarray]]:
    for image in IMAGES[:20]:
        yield [image[None]]


def int8(converter: tf.lite.TFLiteConverter) -> None:
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = calibration
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter.inference_input_type = converter.inference_output_type = tf.int8


def float16(converter: tf.lite.TFLiteConverter) -> None:
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.target_spec.supported_types = [tf.float16]


def sparse(converter: tf.lite.TFLiteConverter) -> None:
    converter.optimizations = [tf.lite.Optimize.EXPERIMENTAL_SPARSITY]


def converted(model: Model, adjust: Callable[[tf.lite.TFLiteConverter], None] | None = None) -> bytes:
    converter = tf.lite.TFLiteConverter.from_keras_model(model)
    if adjust is not None:
        adjust(converter)
    return bytes(converter.convert())


def concrete(model: Model) -> bytes:
    """Converted from a traced function, so with other tensor names."""
    function = tf.function(lambda x: model(x)).get_concrete_function(tf.TensorSpec((1, *SHAPE), tf.float32))
    return bytes(tf.lite.TFLiteConverter.from_concrete_functions([function], model).convert())


FILES: dict[str, Callable[[], bytes]] = {
    "original": lambda: converted(given()),
    "trained_on": lambda: converted(fit(given())),
    "clustered": lambda: converted(good_clusters()),
    "clustered_concrete": lambda: concrete(good_clusters()),
    "clustered_int8": lambda: converted(good_clusters(), int8),
    "clustered_float16": lambda: converted(good_clusters(), float16),
    "clustered_2": lambda: converted(clustering.strip_clustering(fit(clustered(given(), 2)))),
    "clustered_not_trained": lambda: converted(clustering.strip_clustering(clustered(given()))),
    "clustered_not_stripped": lambda: converted(fit(clustered(given(), 3))),
    "clustered_kmeans": lambda: converted(
        clustering.strip_clustering(fit(clustered(given(), init=Init.KMEANS_PLUS_PLUS)))
    ),
    "clustered_2_kmeans": lambda: converted(
        clustering.strip_clustering(fit(clustered(given(), 2, Init.KMEANS_PLUS_PLUS)))
    ),
    "clustered_density": lambda: converted(
        clustering.strip_clustering(fit(clustered(given(), init=Init.DENSITY_BASED)))
    ),
    "clustered_then_trained": lambda: converted(fit(good_clusters())),
    "clustered_then_pruned": lambda: converted(sparsity.strip_pruning(fit_pruned(pruned(good_clusters())))),
    "pruned": lambda: converted(good_pruned()),
    "pruned_int8": lambda: converted(good_pruned(), int8),
    "pruned_0.9": lambda: converted(good_pruned(0.9)),
    "pruned_0.9_sparse": lambda: converted(good_pruned(0.9), sparse),
    "pruned_not_trained": lambda: converted(edited(given(), one_shot)),
    "pruned_not_fitted": lambda: converted(sparsity.strip_pruning(pruned(given()))),
    "pruned_not_stripped": lambda: converted(fit_pruned(pruned(given()))),
    "pruned_seldom": lambda: converted(sparsity.strip_pruning(fit_pruned(pruned(given(), frequency=100)))),
    "pruned_then_trained": lambda: converted(fit(good_pruned())),
    "pruned_globally": lambda: converted(global_threshold()),
    "pruned_at_random": lambda: converted(edited(given(), at_random)),
    "pruned_everything": lambda: converted(edited(given(), everything)),
    "pruned_bias": lambda: converted(edited(good_pruned(), no_bias)),
    "pruned_near_zeros": lambda: converted(edited(given(), near_zeros)),
    "pruned_frozen": lambda: converted(frozen()),
    "pruned_then_clustered": lambda: converted(clustering.strip_clustering(fit(clustered(good_pruned())))),
    "pruned_then_clustered_kept": lambda: converted(
        clustering.strip_clustering(fit(clustered(good_pruned(), preserve_sparsity=True)))
    ),
}


def main() -> None:
    tf.config.experimental.enable_op_determinism()
    tf.keras.utils.set_random_seed(1)
    trained().save(ORIGINAL)
    for name, make in FILES.items():
        tf.keras.utils.set_random_seed(2)
        content = make()
        (HERE / f"{name}.tflite").write_bytes(content)
        print(f"{name:28} {len(content):6} bytes", flush=True)
    shutil.rmtree(ORIGINAL.parent)


if __name__ == "__main__":
    main()
