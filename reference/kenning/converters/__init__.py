"""Loads models of one format as models of another; here, Keras files as Keras models."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from kenning.core.exceptions import ConversionError, in_one_line


class ConverterRegistry:
    """What Kenning's registry of converters does with Keras models."""

    def convert(self, input_model_path: Path, input_type: str, output_type: str, **arguments: Any) -> Any:
        """The model in a file, without its training configuration.

        Raises:
            ConversionError: the formats are not Keras, or the file can't be loaded.
        """
        if output_type != "keras" or input_type not in ("keras", "any"):
            raise ConversionError(f"no converter from {input_type} to {output_type}: only keras is available here")
        import tensorflow as tf

        if not Path(input_model_path).is_file():
            raise ConversionError(f"there is no model {input_model_path}")
        try:
            return tf.keras.models.load_model(str(input_model_path), compile=False)
        # Keras raises whatever the first unexpected entry of a file leads to.
        except Exception as problem:
            raise ConversionError(f"{input_model_path} is no Keras model: {in_one_line(problem)}") from problem


converter_registry = ConverterRegistry()
