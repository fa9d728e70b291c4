"""TensorFlow in a freshly forked run: seeds, determinism, one thread, and a quicker way to the same `.tflite` bytes."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from typing import Any

import numpy as np

from graders.sandbox.guest import training

# TensorFlow versions for which tests/sandbox/test_fast_conversion.py has compared the bytes.
COMPARED_VERSIONS = ("2.21.",)
LIBRARIES = ("tf_keras.", "tensorflow.", "tensorflow_model_optimization.")


def load_names() -> None:
    """Imports what ``tf.keras`` is: TensorFlow does so when a name of it is first used, in 40 ms of each run."""
    import tensorflow as tf

    tf.keras.utils  # noqa: B018 - asking for it is what imports


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
    if not os.environ.get("OPTGRADE_PLAIN_TRAINING"):
        install_fast_training()


def install_fast_training() -> bool:
    """Makes training trace less, if all that it is about has been imported; whether it was installed."""
    packages = [sys.modules.get(name) for name in training.COMPARED_VERSIONS]
    if not all(packages):
        return False
    return training.install({package.__name__: package.__version__ for package in packages if package is not None})


def install_fast_conversion(version: str) -> bool:
    """Lets ``TFLiteConverter.from_keras_model`` skip the saving of the whole Keras object.

    The converter saves a legacy Keras model as a SavedModel, with every layer as an object, only to read one
    signature back; and it imports Keras 3, with matplotlib and scikit-learn behind it, only to ask whether the model is
    one of its own. A bare ``tf.Module`` with the model's variables and the same traced serving function gives the same
    `.tflite` bytes. Any surprise falls back to TensorFlow's own way.

    :returns: whether it was installed: only for versions whose bytes were compared.
    """
    if not version.startswith(COMPARED_VERSIONS):
        return False
    try:
        from tensorflow.lite.python import lite

        converter = lite.TFLiteKerasModelConverterV2
        plain = converter._convert_keras_to_saved_model  # noqa: SLF001 - the seam inside the converter
    except (ImportError, AttributeError):
        return False

    def convert_keras_to_saved_model(self: Any, output_dir: str) -> Any:
        try:
            _save_function(lite, self._keras_model, output_dir)
        except Exception:  # noqa: BLE001 - whatever is unusual about this model, TensorFlow's own way knows it
            _empty(output_dir)
            return plain(self, output_dir)
        return _load_function(lite, self, output_dir)

    converter._convert_keras_to_saved_model = convert_keras_to_saved_model  # noqa: SLF001
    return True


def _save_function(lite: Any, model: Any, directory: str) -> None:
    """Saves the model's serving function and variables. :raises TypeError: for anything but a legacy Keras model."""
    import tensorflow as tf
    import tf_keras
    from tf_keras.src.saving.legacy import saving_utils

    if not isinstance(model, tf_keras.Model):
        raise TypeError("only for legacy Keras models")
    # A layer of somebody's own may be one that TensorFlow itself can't save, and converts in a third way.
    if not all(type(part).__module__.startswith(LIBRARIES) for part in [model, *model.submodules]):
        raise TypeError("only for models of library layers")
    function = saving_utils.trace_model_call(model)
    holder = tf.Module()
    holder.variables_of_model = model.variables
    options = lite._save_options.SaveOptions(save_debug_info=True)  # noqa: SLF001
    lite._save.save(holder, directory, signatures=function, options=options)  # noqa: SLF001


def _load_function(lite: Any, converter: Any, directory: str) -> Any:
    """What the converter does once its SavedModel is written."""
    tags = {lite._tag_constants.SERVING}  # noqa: SLF001
    converter.saved_model_dir = directory
    converter._saved_model_tags = tags  # noqa: SLF001
    converter._saved_model_exported_names = [  # noqa: SLF001
        lite._signature_constants.DEFAULT_SERVING_SIGNATURE_DEF_KEY  # noqa: SLF001
    ]
    converter._parse_saved_model_args(  # noqa: SLF001
        always_enable_saved_model_import=converter.experimental_lower_to_saved_model
    )
    if not converter.saved_model_dir:
        return None, None, None
    loaded = converter._load_saved_model(directory, tags)  # noqa: SLF001
    converter._trackable_obj = lite._load(directory, tags)  # noqa: SLF001
    return loaded


def _empty(directory: str) -> None:
    for entry in Path(directory).iterdir():
        if entry.is_dir():
            shutil.rmtree(entry, ignore_errors=True)
        else:
            entry.unlink(missing_ok=True)
