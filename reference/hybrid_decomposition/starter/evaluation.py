"""Accuracy of models on the three splits, each for its own purpose."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .dataset import Samples, Splits
from .errors import CompressionError
from .settings import Kernel

BATCH = 250


class Evaluation:
    """Measures accuracy, from 0 to 1. Once the result has been judged, nothing can be chosen any more."""

    def __init__(self, splits: Splits) -> None:
        self._splits = splits
        self._judged = False

    def choosing(self, model: Any) -> float:
        """Of a Keras model, on the split that chooses."""
        return self._measure(model, self._splits.choosing)

    def stopping(self, model: Any) -> float:
        """Of a Keras model, on the split that stops."""
        return self._measure(model, self._splits.stopping)

    def judge(self, predict: Callable[[NDArray[np.float32]], NDArray[Any]]) -> float:
        """Of predictions, on the split that judges."""
        self._judged = True
        return accuracy(predict, self._splits.judging)

    def _measure(self, model: Any, samples: Samples) -> float:
        if self._judged:
            raise RuntimeError("the result has been judged already: nothing can be chosen any more")
        return accuracy(model.predict_on_batch, samples)


def accuracy(predict: Callable[[NDArray[np.float32]], NDArray[Any]], samples: Samples) -> float:
    """The share of samples whose highest score is that of their class."""
    right = 0
    for start in range(0, len(samples), BATCH):
        batch = samples[start : start + BATCH]
        scores = np.asarray(predict(batch.images))
        right += int((scores.reshape(len(batch), -1).argmax(axis=1) == batch.labels).sum())
    return right / len(samples)


def check_data(model: Any, splits: Splits) -> None:
    """Raises ``CompressionError`` unless the model takes such images and has a score for each class."""
    inputs, outputs = model.input_shape, model.output_shape
    if not isinstance(inputs, tuple) or not isinstance(outputs, tuple):
        raise CompressionError("the model has several inputs or outputs: its accuracy can't be measured")
    shape = splits.choosing.images.shape[1:]
    if len(inputs) != 4 or any(wanted not in (None, found) for wanted, found in zip(inputs[1:], shape, strict=True)):
        raise CompressionError(f"the model takes images of shape {inputs[1:]}, but the data set has {shape}")
    highest = max(int(part.labels.max()) for part in (splits.choosing, splits.stopping, splits.judging))
    if outputs[-1] is not None and highest >= outputs[-1]:
        raise CompressionError(f"the model has {outputs[-1]} classes, but the data set has a class {highest}")


class TrialKernel:
    """Accuracy on the split that chooses, with other weights in the kernel of one layer."""

    def __init__(self, evaluation: Evaluation, model: Any, layer: Any) -> None:
        self._evaluation, self._model, self._layer = evaluation, model, layer
        self.calls = 0

    def __call__(self, kernel: Kernel) -> float:
        """The accuracy with ``kernel``; afterwards the layer is as before."""
        self.calls += 1
        before = self._layer.kernel.numpy()
        try:
            self._layer.kernel.assign(kernel)
            return self._evaluation.choosing(self._model)
        finally:
            self._layer.kernel.assign(before)


def file_predictor(path: Path) -> Callable[[NDArray[np.float32]], NDArray[Any]]:
    """Predictions of a ``.tflite`` file with one input and one output."""
    import tensorflow as tf

    resolver = tf.lite.experimental.OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        interpreter = tf.lite.Interpreter(model_path=str(path), experimental_op_resolver_type=resolver)
    source, target = interpreter.get_input_details()[0]["index"], interpreter.get_output_details()[0]["index"]

    def predict(images: NDArray[np.float32]) -> NDArray[Any]:
        interpreter.resize_tensor_input(source, images.shape)
        interpreter.allocate_tensors()
        interpreter.set_tensor(source, images)
        interpreter.invoke()
        scores: NDArray[Any] = interpreter.get_tensor(target)
        return scores

    return predict
