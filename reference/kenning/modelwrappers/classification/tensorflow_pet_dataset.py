"""The given classifier of pets."""

from __future__ import annotations

from typing import Any

import numpy as np

from kenning.converters import converter_registry
from kenning.core.model import ModelWrapper
from kenning.utils.keras_models import keras_io_specification


class TensorFlowPetDatasetMobileNetV2(ModelWrapper):
    """A Keras model with an input of (224, 224, 3) and a score for each class of the data set."""

    def prepare_model(self) -> None:
        """Loads the model's file, once."""
        if self.model is None:
            self.model = converter_registry.convert(self.model_path, "keras", "keras")

    def get_io_specification(self) -> dict[str, list[dict[str, Any]]]:
        """Names, shapes and types as the model has them."""
        self.prepare_model()
        return keras_io_specification(self.model)

    def get_output_formats(self) -> list[str]:
        """Keras only."""
        return ["keras"]

    def run_inference(self, X: Any) -> Any:
        """The scores for prepared inputs, (samples, classes)."""
        self.prepare_model()
        return self.model.predict_on_batch(np.asarray(X, dtype=np.float32))
