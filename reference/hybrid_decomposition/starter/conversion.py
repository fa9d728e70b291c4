"""Keras models as TensorFlow Lite files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from .errors import CompressionError, in_one_line


def write_tflite(model: Any, path: Path) -> int:
    """Writes a float32 model in which kernels with many zeros are stored without them; returns its size in bytes."""
    import tensorflow as tf

    converter = tf.lite.TFLiteConverter.from_keras_model(model)
    converter.optimizations = [tf.lite.Optimize.EXPERIMENTAL_SPARSITY]
    try:
        content = converter.convert()
    except Exception as problem:
        raise CompressionError(f"the compressed model can't be converted: {in_one_line(problem)}") from problem
    path.write_bytes(content)
    return len(content)
