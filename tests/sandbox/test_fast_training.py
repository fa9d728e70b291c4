"""Training with less tracing gives the weights, files and random numbers of Keras' own way, or gives way to it."""

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
import hashlib, json, random, sys

import numpy as np
import tensorflow as tf
import tensorflow_model_optimization as tfmot
import tf_keras
from tensorflow_model_optimization.python.core.clustering.keras import cluster_wrapper
from tensorflow_model_optimization.python.core.sparsity.keras import pruning_wrapper
from tf_keras.src.engine import training as engine

from graders.sandbox.guest import frameworks, training

frameworks.prepare(7)
layers, losses, metrics, optimizers = tf.keras.layers, tf.keras.losses, tf.keras.metrics, tf.keras.optimizers
sparsity, clustering, quantization = tfmot.sparsity.keras, tfmot.clustering.keras, tfmot.quantization.keras
SEAMS = ((engine.Model, "train_step"), (pruning_wrapper.PruneLowMagnitude, "call"), (cluster_wrapper.ClusterWeights, "call"))
traces, seen = [], []

plain_loss = engine.Model.compute_loss


def counted(self, *args, **options):
    traces.append(1)
    return plain_loss(self, *args, **options)


engine.Model.compute_loss = counted


def network(extra=None, activation="relu"):
    inputs = tf.keras.Input((8, 8, 3))
    x = layers.Conv2D(4, 3, activation=activation)(inputs)
    x = layers.BatchNormalization()(x)
    x = layers.DepthwiseConv2D(3)(x)
    x = extra(x) if extra is not None else x
    return tf.keras.Model(inputs, layers.Dense(3)(layers.Flatten()(x)))


class Own(layers.Layer):
    """A layer that needs autograph, also when tfmot wraps it."""

    def build(self, shape):
        self.kernel = self.add_weight("kernel", shape=(shape[-1],), initializer="ones")

    def call(self, inputs):
        seen.append("own layer")
        if tf.reduce_mean(inputs) > 1e6:
            inputs = inputs * 2.0
        return inputs * self.kernel

    def get_prunable_weights(self):
        return [self.kernel]


class OwnStep(tf.keras.Model):
    def train_step(self, data):
        seen.append("own step")
        return super().train_step(data)


class Subclassed(tf.keras.Model):
    def __init__(self):
        super().__init__()
        self.flat, self.out = layers.Flatten(), layers.Dense(3)

    def call(self, inputs, training=False):
        seen.append("own call")
        return self.out(self.flat(inputs))


class OwnMetric(metrics.Mean):
    def update_state(self, y, predictions, sample_weight=None):
        seen.append("own metric")
        return super().update_state(tf.reduce_mean(predictions))


class OwnSchedule(sparsity.ConstantSparsity):
    def __call__(self, step):
        seen.append("own schedule")
        return super().__call__(step)


class Watch(tf.keras.callbacks.Callback):
    """What callbacks can see of the optimizer."""

    def look(self, when):
        seen.append([when, [variable.name for variable in self.model.optimizer.variables]])

    def on_train_begin(self, logs=None):
        self.look("begin")

    def on_train_batch_begin(self, batch, logs=None):
        self.look("batch")

    def on_train_batch_end(self, batch, logs=None):
        seen.append(sorted(logs))


def own_loss(y, predictions):
    seen.append("own loss")
    return tf.reduce_mean(tf.square(tf.one_hot(tf.cast(tf.reshape(y, [-1]), tf.int32), 3) - predictions))


def own_activation(x):
    seen.append("own activation")
    return tf.nn.relu(x)


def crossentropy():
    return losses.SparseCategoricalCrossentropy(from_logits=True)


def compiled(model, optimizer=None, loss=None, **options):
    options.setdefault("metrics", ["accuracy"])
    model.compile(optimizer or optimizers.Adam(1e-3), loss or crossentropy(), **options)
    return model


def pruning(model, schedule=sparsity.ConstantSparsity):
    return sparsity.prune_low_magnitude(model, pruning_schedule=schedule(0.5, 0, end_step=2, frequency=1))


def clusters(model, **options):
    kind = clustering.CentroidInitialization.LINEAR
    return clustering.cluster_weights(model, number_of_clusters=4, cluster_centroids_init=kind, **options)


def pruned():
    return compiled(pruning(network())), sparsity.strip_pruning


def pruned_polynomial():
    schedule = sparsity.PolynomialDecay(0.1, 0.6, begin_step=0, end_step=3, frequency=1)
    return compiled(sparsity.prune_low_magnitude(network(), pruning_schedule=schedule)), None


def pruned_own_layer():
    return compiled(pruning(network(Own()))), None


def pruned_own_schedule():
    return compiled(pruning(network(), OwnSchedule)), None


def clustered():
    return compiled(clusters(network())), clustering.strip_clustering


def clustered_own_activation():
    return compiled(clusters(network(activation=own_activation))), None


def quantised():
    parts = [tf.keras.Input((8, 8, 3)), layers.Conv2D(4, 3, activation="relu"), layers.Flatten(), layers.Dense(3)]
    return compiled(quantization.quantize_model(tf.keras.Sequential(parts))), lambda model: model


def embedded():
    return tf.keras.models.load_model(sys.argv[1], compile=False)


def embedded_pruned():
    return compiled(pruning(embedded())), sparsity.strip_pruning


def embedded_clustered():
    model = embedded()
    model.trainable = True
    return compiled(clusters(model)), clustering.strip_clustering


def trained():
    return compiled(network()), None


def metric_objects():
    kinds = [metrics.SparseCategoricalAccuracy(), metrics.SparseTopKCategoricalAccuracy(2)]
    return compiled(network(), metrics=kinds), None


def momentum():
    decay = optimizers.schedules.ExponentialDecay(0.01, 2, 0.9)
    return compiled(network(), optimizers.SGD(decay, momentum=0.9)), None


def averaging():
    return compiled(network(), optimizers.AdamW(1e-3, use_ema=True, amsgrad=True, clipnorm=1.0)), None


def legacy_optimizer():
    return compiled(network(), optimizers.legacy.Adam(1e-3)), None


def loss_scale():
    return compiled(network(), tf.keras.mixed_precision.LossScaleOptimizer(optimizers.Adam(1e-3))), None


def dropout():
    return compiled(network(layers.Dropout(0.5))), None


def noise():
    return compiled(network(lambda x: x + tf.random.normal(tf.shape(x)))), None


def own_layer():
    return compiled(network(Own())), None


def own_loss_function():
    return compiled(network(), loss=own_loss), None


def own_metric():
    return compiled(network(), metrics=[OwnMetric()]), None


def lambda_layer():
    return compiled(network(layers.Lambda(lambda x: seen.append("lambda") or x * 2.0))), None


def own_step():
    inner = network()
    return compiled(OwnStep(inner.inputs, inner.outputs)), None


def step_of_the_object():
    model = compiled(network())
    plain = model.train_step
    model.train_step = lambda data: seen.append("step of the object") or plain(data)
    return model, None


def subclassed():
    return compiled(Subclassed()), None


def eager():
    return compiled(network(), run_eagerly=True), None


def steps_in_one():
    return compiled(network(), steps_per_execution=2), None


def watched():
    return compiled(network()), None


ONCE = [pruned, pruned_polynomial, clustered, quantised, embedded_pruned, embedded_clustered, trained]
ONCE += [metric_objects, momentum, averaging, legacy_optimizer, loss_scale, watched]
PLAIN = [pruned_own_layer, pruned_own_schedule, clustered_own_activation, dropout, noise, own_layer, own_loss_function]
PLAIN += [own_metric, lambda_layer, own_step, step_of_the_object, subclassed, eager, steps_in_one]


def digest(parts):
    return hashlib.sha256(b"".join(parts)).hexdigest()


def outcome(make, ways):
    """Everything that can be seen of a training."""
    for (owner, name), way in zip(SEAMS, ways):
        setattr(owner, name, way)
    traces.clear(), seen.clear()
    tf.keras.backend.clear_session()
    tf.keras.utils.set_random_seed(11)
    model, stripped = make()
    count, side = (4, 224) if make.__name__.startswith("embedded") else (16, 8)
    draw = np.random.RandomState(3)
    x, y = draw.rand(count, side, side, 3).astype("float32"), draw.randint(0, 3, count)
    callbacks = [sparsity.UpdatePruningStep()] if "pruned" in make.__name__ else []
    callbacks += [Watch()] if make is watched else []
    history = model.fit(x, y, batch_size=count // 4, epochs=1, verbose=0, callbacks=callbacks)
    optimizer = getattr(model.optimizer, "inner_optimizer", model.optimizer)
    variables = optimizer.variables() if callable(optimizer.variables) else optimizer.variables
    found = {
        "traces": len(traces),
        "seen": list(seen),
        "history": {name: [repr(value) for value in values] for name, values in history.history.items()},
        "weights": digest([variable.numpy().tobytes() for variable in model.variables]),
        "optimizer": [variable.name for variable in variables],
        "slots": digest([variable.numpy().tobytes() for variable in variables]),
        "evaluated": repr(model.evaluate(x, y, verbose=0)),
        "next": [random.random(), np.random.rand(), float(tf.random.uniform([])), layers.Dropout(0.5)(np.ones((1, 20)), training=True).numpy().tolist()],
    }
    if stripped is not None:
        converter = tf.lite.TFLiteConverter.from_keras_model(stripped(model))
        if make is quantised:
            converter.optimizations = [tf.lite.Optimize.DEFAULT]
        found["file"] = digest([converter.convert()])
    return found


plain = [getattr(owner, name) for owner, name in SEAMS]
known = {"tensorflow": tf.__version__, "tf_keras": tf_keras.__version__, "tensorflow_model_optimization": tfmot.__version__}
refused = [training.install({**known, name: "1.0.0"}) for name in known]
untouched = [getattr(owner, name) for owner, name in SEAMS] == plain
installed = training.install(known)
quick = [getattr(owner, name) for owner, name in SEAMS]

found = {}
for make in ONCE + PLAIN:
    found[make.__name__] = {"quick": outcome(make, quick), "plain": outcome(make, plain)}

real = training.is_of_libraries


def broken(thing):
    raise RuntimeError("a surprise")


training.is_of_libraries = broken
surprised = {make.__name__: outcome(make, quick) for make in (pruned, clustered)}
training.is_of_libraries = real
found["about"] = {"refused": refused, "untouched": untouched, "installed": installed, "surprised": surprised}
print("FOUND " + json.dumps(found))
'''
ONCE = [
    "pruned",
    "pruned_polynomial",
    "clustered",
    "quantised",
    "embedded_pruned",
    "embedded_clustered",
    "trained",
    "metric_objects",
    "momentum",
    "averaging",
    "legacy_optimizer",
    "loss_scale",
    "watched",
]
PLAIN = [
    "pruned_own_layer",
    "pruned_own_schedule",
    "clustered_own_activation",
    "dropout",
    "noise",
    "own_layer",
    "own_loss_function",
    "own_metric",
    "lambda_layer",
    "own_step",
    "step_of_the_object",
    "subclassed",
    "eager",
    "steps_in_one",
]


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Every case's two trainings."""
    environment = {
        **os.environ,
        "TF_USE_LEGACY_KERAS": "1",
        "OPTGRADE_PLAIN_TRAINING": "1",
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "CUDA_VISIBLE_DEVICES": "-1",
        "PYTHONPATH": str(REPOSITORY),
        "PYTHONWARNINGS": "ignore",
    }
    # In a file, because autograph reads the source of what it converts.
    script = tmp_path_factory.mktemp("training") / "cases.py"
    script.write_text(SCRIPT, encoding="utf-8")
    argv = [sys.executable, str(script), str(MODEL)]
    done = subprocess.run(argv, capture_output=True, text=True, env=environment, timeout=900, check=False)
    lines = [line for line in done.stdout.splitlines() if line.startswith("FOUND ")]
    assert lines, done.stderr[-3000:]
    return dict(json.loads(lines[-1].removeprefix("FOUND ")))


@pytest.mark.parametrize("case", [*ONCE, *PLAIN])
def test_nothing_else_differs(found: dict[str, Any], case: str) -> None:
    """Weights, files, names, history, random numbers and what own code sees are those of Keras' own way."""
    quick, plain = dict(found[case]["quick"]), dict(found[case]["plain"])
    traces = quick.pop("traces"), plain.pop("traces")
    assert quick == plain
    assert traces[0] <= traces[1]


@pytest.mark.parametrize("case", ONCE)
def test_one_trace_less(found: dict[str, Any], case: str) -> None:
    """Where nothing but the libraries' code is involved, the training step is traced once, not twice."""
    assert found[case]["quick"]["traces"] == found[case]["plain"]["traces"] - 1


@pytest.mark.parametrize("case", PLAIN)
def test_gives_way(found: dict[str, Any], case: str) -> None:
    """Code of anybody's own runs as often as it would, and steps that draw random numbers are made as they would be."""
    assert found[case]["quick"]["traces"] == found[case]["plain"]["traces"]


def test_every_case_was_run(found: dict[str, Any]) -> None:
    """The lists of cases here are those of the script."""
    assert set(found) - {"about"} == {*ONCE, *PLAIN}


def test_own_code_was_seen(found: dict[str, Any]) -> None:
    """The cases with code of their own do execute it."""
    own = [case for case in PLAIN if "own" in case or case in ("lambda_layer", "step_of_the_object", "subclassed")]
    assert all(found[case]["plain"]["seen"] for case in [*own, "watched"])


def test_surprises_give_way(found: dict[str, Any]) -> None:
    """If a model can't be looked into, it is trained in Keras' own way."""
    for case, surprised in found["about"]["surprised"].items():
        assert surprised == found[case]["plain"]


def test_other_versions_are_left_alone(found: dict[str, Any]) -> None:
    """For versions whose bytes were never compared nothing is installed; for these it is."""
    assert found["about"]["refused"] == [False, False, False]
    assert found["about"]["untouched"]
    assert found["about"]["installed"] is True
