"""The embedded model: its shape, its accuracy, and the same predictions from every runtime."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

REPOSITORY = Path(__file__).resolve().parents[2]
MODELS = REPOSITORY / "fixtures" / "models" / "pocket_pets"
DATASET = REPOSITORY / "fixtures" / "datasets" / "pocket_pets"
CLOSE = 1e-4

# TensorFlow is imported once, in a process of its own; outputs come back as arrays, the rest as JSON.
SCRIPT = r"""
import json, sys
from pathlib import Path

import numpy as np
import tensorflow as tf
from ai_edge_litert import interpreter as litert
from PIL import Image

h5, tflite, dataset, out = map(Path, sys.argv[1:])
lines = (dataset / "annotations" / "test.txt").read_text().splitlines()
rows = [line.split() for line in lines if not line.startswith("#")]
mean = np.array([0.485, 0.456, 0.406], np.float32)
deviation = np.array([0.229, 0.224, 0.225], np.float32)


def prepared(name):
    with Image.open(dataset / "images" / f"{name}.jpg") as image:
        return (np.asarray(image.resize((224, 224)), np.float32) / 255 - mean) / deviation


images = np.stack([prepared(row[0]) for row in rows])
labels = np.array([int(row[1]) - 1 for row in rows])
model = tf.keras.models.load_model(h5, compile=False)


def inferred(interpreter):
    interpreter.resize_tensor_input(interpreter.get_input_details()[0]["index"], [37, 224, 224, 3])
    interpreter.allocate_tensors()
    given, made = interpreter.get_input_details()[0], interpreter.get_output_details()[0]
    outputs = []
    for at in range(0, len(images), 37):
        interpreter.set_tensor(given["index"], images[at : at + 37])
        interpreter.invoke()
        outputs.append(interpreter.get_tensor(made["index"]))
    delegated = any(op["op_name"] == "DELEGATE" for op in interpreter._get_ops_details())
    return np.concatenate(outputs), delegated


PLAIN = tf.lite.experimental.OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
with_xnnpack, delegated = inferred(tf.lite.Interpreter(str(tflite)))
without, plain = inferred(tf.lite.Interpreter(str(tflite), experimental_op_resolver_type=PLAIN))
lite, _ = inferred(litert.Interpreter(str(tflite)))
keras = model.predict(images, batch_size=37, verbose=0)
np.savez(out, keras=keras, xnnpack=with_xnnpack, plain=without, litert=lite, labels=labels)
print("FOUND " + json.dumps({
    "input": model.input_shape,
    "output": model.output_shape,
    "parameters": model.count_params(),
    "stem": [model.get_layer("stem").kernel_size, model.get_layer("stem").strides],
    "last": model.layers[-1].get_config().get("activation"),
    "compiled": getattr(model, "optimizer", None) is not None,
    "delegated": [delegated, plain],
}))
"""


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    """What was found of the model, and the outputs of each runtime for the whole test split."""
    out = tmp_path_factory.mktemp("outputs") / "outputs.npz"
    environment = {
        **os.environ,
        "TF_USE_LEGACY_KERAS": "1",
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "CUDA_VISIBLE_DEVICES": "-1",
        "PYTHONWARNINGS": "ignore",
    }
    files = (MODELS / "pocket_mobilenet.h5", MODELS / "fp32.tflite", DATASET, out)
    argv = [sys.executable, "-c", SCRIPT, *map(str, files)]
    done = subprocess.run(argv, capture_output=True, text=True, env=environment, timeout=600, check=False)
    lines = [line for line in done.stdout.splitlines() if line.startswith("FOUND ")]
    assert lines, done.stderr[-3000:]
    with np.load(out) as arrays:
        return json.loads(lines[-1].removeprefix("FOUND ")), dict(arrays)


Measured = tuple[dict[str, Any], dict[str, NDArray[Any]]]


def test_shape(measured: Measured) -> None:
    """The model takes colour pictures of 224 x 224 and gives 37 logits from 32,021 parameters."""
    facts, _ = measured
    assert facts["input"] == [None, 224, 224, 3]
    assert facts["output"] == [None, 37]
    assert facts["parameters"] == 32_021
    assert facts["last"] == "linear"


def test_what_is_not_in_the_file(measured: Measured) -> None:
    """The file holds no optimizer's state: the labs compile the model themselves."""
    facts, _ = measured
    assert facts["compiled"] is False
    assert (MODELS / "pocket_mobilenet.h5").stat().st_size < 300_000


def test_the_stem_is_one_that_runtimes_compute_alike(measured: Measured) -> None:
    """No kernel is smaller than its stride."""
    facts, _ = measured
    kernel, strides = facts["stem"]
    assert all(size >= stride for size, stride in zip(kernel, strides, strict=True))


@pytest.mark.parametrize("runtime", ["keras", "xnnpack", "plain", "litert"])
def test_accuracy(measured: Measured, runtime: str) -> None:
    """Nine in ten pictures of the held-out split are told right, in every runtime."""
    _, outputs = measured
    assert outputs[runtime].shape == (444, 37)
    assert (outputs[runtime].argmax(axis=1) == outputs["labels"]).mean() >= 0.90


@pytest.mark.parametrize("runtime", ["xnnpack", "plain", "litert"])
def test_runtimes_agree(measured: Measured, runtime: str) -> None:
    """TensorFlow Lite with and without its delegate, and LiteRT, give what Keras gives."""
    _, outputs = measured
    assert np.abs(outputs[runtime] - outputs["keras"]).max() <= CLOSE
    assert np.array_equal(outputs[runtime].argmax(axis=1), outputs["keras"].argmax(axis=1))


def test_both_ways_were_measured(measured: Measured) -> None:
    """One of TensorFlow Lite's two interpreters used the delegate, and the other did not."""
    facts, _ = measured
    assert facts["delegated"] == [True, False]


def test_outputs_depend_on_inputs(measured: Measured) -> None:
    """Every class is predicted for some picture: the outputs are no constant that happens to agree."""
    _, outputs = measured
    assert len(set(outputs["keras"].argmax(axis=1))) == 37
