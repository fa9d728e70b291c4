"""TensorFlow in a freshly forked run: seeds, determinism, one thread, and a quicker way to the same `.tflite` bytes."""

from __future__ import annotations

import contextlib
import os
from typing import Any

import numpy as np

# TensorFlow versions for which tests/sandbox/test_fast_conversion.py has compared the bytes.
COMPARED_VERSIONS = ("2.21.",)


def prepare(seed: int) -> None:
    """Sets seeds and op determinism, gives TensorFlow one thread, and installs the quicker conversion."""
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    np.random.seed(seed % 2**32)  # noqa: NPY002 - the generator that students' code uses
    tf.keras.utils.set_random_seed(seed % 2**31)
    tf.config.experimental.enable_op_determinism()
    if not os.environ.get("OPTGRADE_PLAIN_CONVERSION"):
        install_fast_conversion(tf.__version__)


def install_fast_conversion(version: str) -> bool:
    """Lets ``TFLiteConverter.from_keras_model`` skip the saving of the whole Keras object.

    The converter saves a legacy Keras model as a SavedModel, with every layer as an object, only to read one
    signature back. A bare ``tf.Module`` with the model's variables and the same traced serving function gives the same
    `.tflite` bytes. Any surprise falls back to TensorFlow's own way.

    :returns: whether it was installed: only for versions whose bytes were compared.
    """
    if not version.startswith(COMPARED_VERSIONS):
        return False
    try:
        from tensorflow.lite.python import lite

        module = lite._save  # noqa: SLF001 - the seam inside the converter
        plain = module.save
    except (ImportError, AttributeError):
        return False
    lite._save = _Saver(module, plain)  # noqa: SLF001
    return True


class _Saver:
    """Stands for the module ``tensorflow.python.saved_model.save`` inside the converter alone."""

    def __init__(self, module: Any, plain: Any) -> None:
        self._module = module
        self._plain = plain

    def __getattr__(self, name: str) -> Any:
        return getattr(self._module, name)

    def save(self, model: Any, directory: str, *args: Any, **options: Any) -> None:
        """TensorFlow's ``save`` where nothing is known of the model, the quicker way for a legacy Keras one."""
        if not args and "signatures" not in options:
            with contextlib.suppress(Exception):
                self._save_function(model, directory, options)
                return
        self._plain(model, directory, *args, **options)

    def _save_function(self, model: Any, directory: str, options: dict[str, Any]) -> None:
        import tensorflow as tf
        import tf_keras
        from tf_keras.src.saving.legacy import saving_utils

        if not isinstance(model, tf_keras.Model):
            raise TypeError("only for legacy Keras models")
        function = saving_utils.trace_model_call(model)
        holder = tf.Module()
        holder.variables_of_model = model.variables
        self._plain(holder, directory, signatures=function, **options)
