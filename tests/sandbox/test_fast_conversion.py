"""The quicker way from a Keras model to a .tflite file gives TensorFlow's own bytes, or gives way to it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
MODEL = REPOSITORY / "fixtures" / "models" / "pocket_pets" / "pocket_mobilenet.h5"

# TensorFlow is imported once, in a process of its own; what it found comes back as JSON.
SCRIPT = r'''
import hashlib, json, os, sys, time

import numpy as np
import tensorflow as tf
from tensorflow.lite.python import lite
from tf_keras.src.saving.legacy import saving_utils

from graders.sandbox.guest import frameworks

frameworks.prepare(7)
layers = tf.keras.layers
KERAS = lite.TFLiteKerasModelConverterV2
SEAM = "_convert_keras_to_saved_model"
original = getattr(KERAS, SEAM)
plain_calls = []


def counted(self, output_dir):
    plain_calls.append(1)
    return original(self, output_dir)


def blocks(x, name):
    x = layers.Conv2D(8, 3, strides=2, padding="same", use_bias=False, name=name + "_conv")(x)
    x = layers.BatchNormalization(name=name + "_bn")(x)
    x = layers.ReLU(6.0, name=name + "_relu")(x)
    x = layers.DepthwiseConv2D(3, padding="same", name=name + "_depthwise")(x)
    x = layers.Dropout(0.3, name=name + "_dropout")(x)
    return layers.GlobalAveragePooling2D(name=name + "_pool")(x)


def sequential():
    return tf.keras.Sequential([
        tf.keras.Input((16, 16, 3)),
        layers.Conv2D(8, 3, strides=2, activation="relu"),
        layers.BatchNormalization(),
        layers.DepthwiseConv2D(3, padding="same"),
        layers.Dropout(0.2),
        layers.Flatten(),
        layers.Dense(5, activation="softmax"),
    ])


def two_of_each():
    a, b = tf.keras.Input((16, 16, 3), name="left"), tf.keras.Input((4,), name="right")
    x, y = blocks(a, "a"), layers.Dense(8, activation="relu")(b)
    both = layers.Concatenate()([x, y])
    return tf.keras.Model([b, a], [layers.Dense(3, name="first")(both), layers.Dense(2, name="second")(y)])


def nested():
    inner_input = tf.keras.Input((16, 16, 3))
    inner = tf.keras.Model(inner_input, blocks(inner_input, "inner"), name="inner")
    return tf.keras.Sequential([tf.keras.Input((16, 16, 3)), inner, layers.Dense(4)])


class Subclassed(tf.keras.Model):
    def __init__(self):
        super().__init__()
        self.conv, self.norm = layers.Conv2D(4, 3, activation="relu"), layers.BatchNormalization()
        self.drop, self.out = layers.Dropout(0.5), layers.Dense(3)

    def call(self, inputs, training=False):
        x = self.drop(self.norm(self.conv(inputs), training=training), training=training)
        return self.out(tf.reduce_mean(x, axis=[1, 2]))


def subclassed():
    model = Subclassed()
    model(np.zeros((1, 16, 16, 3), "float32"))
    return model


def flex():
    inputs = tf.keras.Input((16, 16, 3))
    x = layers.Lambda(lambda t: tf.math.lgamma(t + 1.0))(inputs)
    return tf.keras.Model(inputs, layers.Dense(3)(layers.Flatten()(x)))


def compiled():
    model = sequential()
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(np.random.rand(8, 16, 16, 3).astype("float32"), np.arange(8) % 5, epochs=1, verbose=0)
    return model


def pruned():
    model = nested()
    for layer in model.layers + model.layers[0].layers:
        weights = [np.where(np.random.rand(*w.shape) < 0.7, 0, w) if w.ndim > 1 else w for w in layer.get_weights()]
        if weights and not getattr(layer, "layers", None):
            layer.set_weights(weights)
    return model


def quantisation_aware():
    import tensorflow_model_optimization as tfmot

    base = tf.keras.Sequential([
        tf.keras.Input((16, 16, 3)), layers.Conv2D(4, 3, activation="relu"), layers.Flatten(), layers.Dense(3)
    ])
    return tfmot.quantization.keras.quantize_model(base)


def embedded():
    return tf.keras.models.load_model(sys.argv[1], compile=False)


def samples(model):
    shapes = [tuple(s.shape)[1:] for s in model.inputs] if model.inputs else [(16, 16, 3)]
    draw = np.random.RandomState(3)
    names = model.input_names if model.inputs else ["input_1"]
    values = [dict(zip(names, [draw.rand(1, *s).astype("float32") for s in shapes])) for _ in range(4)]
    if len(shapes) == 1:
        values = [list(value.values()) for value in values]
    return lambda: iter(values)


def nothing(converter, model):
    pass


def default(converter, model):
    converter.optimizations = [tf.lite.Optimize.DEFAULT]


def int8(converter, model):
    default(converter, model)
    converter.representative_dataset = samples(model)
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter.inference_input_type = converter.inference_output_type = tf.int8


def float16(converter, model):
    default(converter, model)
    converter.target_spec.supported_types = [tf.float16]


def select(converter, model):
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS, tf.lite.OpsSet.SELECT_TF_OPS]


def sparsity(converter, model):
    converter.optimizations = [tf.lite.Optimize.EXPERIMENTAL_SPARSITY]


def default_sparsity(converter, model):
    converter.optimizations = [tf.lite.Optimize.DEFAULT, tf.lite.Optimize.EXPERIMENTAL_SPARSITY]


def converted(make, setting, seam):
    setattr(KERAS, SEAM, seam)
    plain_calls.clear()
    tf.keras.backend.clear_session()
    tf.keras.utils.set_random_seed(11)
    model = make()
    converter = tf.lite.TFLiteConverter.from_keras_model(model)
    setting(converter, model)
    started = time.process_time()
    try:
        data = converter.convert()
    except Exception as error:
        return {"error": type(error).__name__, "plain": len(plain_calls), "bytes": 0, "sha": str(error)[:300]}
    seconds = time.process_time() - started
    return {"sha": hashlib.sha256(data).hexdigest(), "bytes": len(data), "plain": len(plain_calls), "seconds": seconds}


setattr(KERAS, SEAM, counted)
refused = frameworks.install_fast_conversion("2.20.0"), getattr(KERAS, SEAM) is counted
installed = frameworks.install_fast_conversion(tf.__version__)
quick = getattr(KERAS, SEAM)

small = [sequential, two_of_each, subclassed]
cases = [(make, setting) for make in small for setting in (nothing, default, int8, float16, select, sparsity)]
cases += [(nested, nothing), (nested, int8), (flex, select), (compiled, nothing), (pruned, sparsity)]
cases += [(pruned, default_sparsity), (quantisation_aware, default), (embedded, nothing), (embedded, int8)]
found = {}
for make, setting in cases:
    name = f"{make.__name__}-{setting.__name__}"
    found[name] = {"quick": converted(make, setting, quick), "plain": converted(make, setting, counted)}


def surprised(module, name):
    """The quick way when the first call of a function raises."""
    real, calls = getattr(module, name), []

    def once(*args, **options):
        calls.append(1)
        if len(calls) == 1:
            if name == "save":
                for rest in ("saved_model.pb", "variables", "fingerprint.pb"):
                    path = os.path.join(args[1], rest)
                    os.makedirs(path) if rest == "variables" else open(path, "wb").write(b"half of it")
            raise RuntimeError("a surprise")
        return real(*args, **options)

    setattr(module, name, once)
    try:
        return {**converted(sequential, int8, quick), "calls": len(calls)}
    finally:
        setattr(module, name, real)


found["surprises"] = {
    "trace": surprised(saving_utils, "trace_model_call"),
    "save": surprised(lite._save, "save"),
}
found["versions"] = {
    "tensorflow": tf.__version__,
    "installed": installed,
    "refused": refused,
    "known": list(frameworks.COMPARED_VERSIONS),
}
print("FOUND " + json.dumps(found))
'''
SMALL = ("sequential", "two_of_each", "subclassed")
SETTINGS = ("nothing", "default", "int8", "float16", "select", "sparsity")
CASES = [f"{model}-{setting}" for model in SMALL for setting in SETTINGS] + [
    "nested-nothing",
    "nested-int8",
    "flex-select",
    "compiled-nothing",
    "pruned-sparsity",
    "pruned-default_sparsity",
    "quantisation_aware-default",
    "embedded-nothing",
    "embedded-int8",
]


@pytest.fixture(scope="module")
def found() -> dict[str, Any]:
    """Every case's two conversions."""
    environment = {
        **os.environ,
        "TF_USE_LEGACY_KERAS": "1",
        "OPTGRADE_PLAIN_CONVERSION": "1",
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "CUDA_VISIBLE_DEVICES": "-1",
        "PYTHONPATH": str(REPOSITORY),
        "PYTHONWARNINGS": "ignore",
    }
    argv = [sys.executable, "-c", SCRIPT, str(MODEL)]
    done = subprocess.run(argv, capture_output=True, text=True, env=environment, timeout=600, check=False)
    lines = [line for line in done.stdout.splitlines() if line.startswith("FOUND ")]
    assert lines, done.stderr[-3000:]
    return dict(json.loads(lines[-1].removeprefix("FOUND ")))


@pytest.mark.parametrize("case", CASES)
def test_the_same_bytes(found: dict[str, Any], case: str) -> None:
    """The quicker conversion was used, but for models with layers of their own, and the bytes are the same."""
    quick, plain = found[case]["quick"], found[case]["plain"]
    assert "error" not in plain, plain
    assert plain["plain"] == 1
    assert plain["bytes"] > 500
    assert quick["sha"] == plain["sha"]
    own_layers = case.startswith("subclassed")
    assert quick["plain"] == own_layers, "the quicker way was not taken where it should be"


def test_every_case_was_run(found: dict[str, Any]) -> None:
    """The list of cases here is the list of those that were converted."""
    assert set(found) - {"surprises", "versions"} == set(CASES)


def test_settings_make_a_difference(found: dict[str, Any]) -> None:
    """The settings compared are not all one: each gives other bytes of the same model."""
    shas = {
        setting: found[f"sequential-{setting}"]["plain"]["sha"] for setting in ("nothing", "default", "int8", "float16")
    }
    assert len(set(shas.values())) == 4


def test_it_is_quicker(found: dict[str, Any]) -> None:
    """On the embedded model the quicker way takes less CPU time than TensorFlow's own."""
    quick, plain = (
        sum(found[f"embedded-{s}"][way]["seconds"] for s in ("nothing", "int8")) for way in ("quick", "plain")
    )
    assert quick < plain


@pytest.mark.parametrize("surprise", ["trace", "save"])
def test_surprises_fall_back(found: dict[str, Any], surprise: str) -> None:
    """Where the quicker way fails, at once or half-way, TensorFlow's own is taken, with the same bytes."""
    fallen = found["surprises"][surprise]
    assert fallen["calls"] == 2
    assert fallen["plain"] == 1
    assert fallen["sha"] == found["sequential-int8"]["plain"]["sha"]


def test_other_versions_are_left_alone(found: dict[str, Any]) -> None:
    """For a TensorFlow whose bytes were never compared nothing is installed; for this one it is."""
    versions = found["versions"]
    assert versions["refused"] == [False, True]
    assert versions["installed"] is True
    assert any(versions["tensorflow"].startswith(known) for known in versions["known"])
