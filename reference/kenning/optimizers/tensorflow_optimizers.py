"""The base of optimizers of Keras models: their parameters, data, training and saving."""

from __future__ import annotations

import zipfile
from abc import ABC
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import tensorflow as tf

from kenning.converters import converter_registry
from kenning.core.arguments import parsed_arguments
from kenning.core.exceptions import ScenarioError
from kenning.core.optimizer import IOSpec, Optimizer
from kenning.utils.batches import stack
from kenning.utils.keras_models import keras_io_specification, with_distinct_weight_names
from kenning.utils.resource_manager import PathOrURI

if TYPE_CHECKING:
    from typing import Self

    from kenning.core.dataset import Dataset
    from kenning.core.model import ModelWrapper

OPTIMIZERS = ("adam", "SGD", "RMSprop")
RULES: Mapping[str, tuple[Callable[[Any], bool], str]] = {
    "epochs": (lambda value: value >= 1, "at least 1"),
    "batch_size": (lambda value: value >= 1, "at least 1"),
    "optimizer": (lambda value: value in OPTIMIZERS, f"one of {', '.join(OPTIMIZERS)}"),
    "target_sparsity": (lambda value: 0 <= value < 1, "at least 0 and below 1"),
    "pruning_frequency": (lambda value: value >= 1, "at least 1"),
    "pruning_end": (lambda value: value >= -1, "a step, or -1 for no end"),
    "clusters_number": (lambda value: value >= 2, "at least 2"),
}
"""For a parameter, whether a value makes sense, and what an error says that it must be."""
ANYTHING: tuple[Callable[[Any], bool], str] = (lambda _: True, "")


class TensorFlowOptimizer(Optimizer, ABC):
    """Trains and saves Keras models as its parameters say; what to do with a model is up to its subclasses."""

    arguments_structure: ClassVar[dict[str, dict[str, Any]]] = {
        "epochs": {"description": "Number of epochs for the training", "type": int, "default": 10},
        "batch_size": {"description": "The size of a batch for the training", "type": int, "default": 32},
        "optimizer": {
            "description": "Optimizer used during the training",
            "type": str,
            "default": "adam",
            "enum": list(OPTIMIZERS),
        },
        "disable_from_logits": {
            "description": "Whether the model's output is normalised, so that it is no logits",
            "type": bool,
            "default": False,
        },
        "save_to_zip": {
            "description": "Whether the model is saved as a ZIP archive in addition",
            "type": bool,
            "default": False,
        },
    }

    def __init__(
        self,
        dataset: Dataset,
        compiled_model_path: PathOrURI,
        location: Literal["host", "target"] = "host",
        epochs: int = 10,
        batch_size: int = 32,
        optimizer: str = "adam",
        disable_from_logits: bool = False,
        save_to_zip: bool = False,
        model_wrapper: ModelWrapper | None = None,
    ) -> None:
        """Keeps its arguments.

        Raises:
            ScenarioError: a value makes no sense, or the archive would replace the model.
        """
        super().__init__(dataset, compiled_model_path, location, model_wrapper)
        self.check_values(epochs=epochs, batch_size=batch_size, optimizer=optimizer)
        if save_to_zip and self.compiled_model_path.suffix == ".zip":
            raise ScenarioError(f"{type(self).__name__}: 'compiled_model_path' ends in .zip, the archive's own suffix")
        self.epochs = epochs
        self.batch_size = batch_size
        self.optimizer = optimizer
        self.disable_from_logits = disable_from_logits
        self.save_to_zip = save_to_zip

    @classmethod
    def from_json(
        cls,
        json_dict: Mapping[str, Any],
        dataset: Dataset | None = None,
        model_wrapper: ModelWrapper | None = None,
    ) -> Self:
        """An optimizer from a scenario's ``parameters``.

        Raises:
            ScenarioError: a parameter is unknown, missing, of another type, or makes no sense.
        """
        arguments = parsed_arguments(cls, json_dict)
        cls.check_values(**arguments)
        return cls(dataset=dataset, model_wrapper=model_wrapper, **arguments)

    @classmethod
    def check_values(cls, **values: Any) -> None:
        """Checks parameters, given by name, as far as there are rules for them.

        Raises:
            ScenarioError: a value makes no sense.
        """
        for name, value in values.items():
            sensible, expected = RULES.get(name, ANYTHING)
            if not sensible(value):
                raise ScenarioError(f"{cls.__name__}: '{name}' must be {expected}, not {value!r}")

    def derive_io_specification(self, model_path: PathOrURI) -> IOSpec | None:
        """What the Keras model in the file says of its inputs and outputs."""
        return keras_io_specification(converter_registry.convert(model_path, "keras", "keras"))

    def prepare_train_validation(self) -> tuple[tf.data.Dataset, tf.data.Dataset]:
        """The training and the test part of the data, in batches that are loaded when they are needed."""
        train_x, valid_x, train_y, valid_y = self.dataset.train_test_split_representations()
        return self._batches(train_x, train_y), self._batches(valid_x, valid_y)

    def _batches(self, inputs: list[Any], truths: list[Any]) -> tf.data.Dataset:
        def load() -> Iterator[tuple[Any, Any]]:
            for start in range(0, len(inputs), self.batch_size):
                rows = slice(start, start + self.batch_size)
                yield (
                    stack(self.dataset.prepare_input_samples(inputs[rows])),
                    stack(self.dataset.prepare_output_samples(truths[rows])),
                )

        shapes = tf.nest.map_structure(lambda array: tf.TensorSpec((None, *array.shape[1:]), tf.float32), next(load()))
        count = -(-len(inputs) // self.batch_size)
        return tf.data.Dataset.from_generator(load, output_signature=shapes).apply(
            tf.data.experimental.assert_cardinality(count)
        ).prefetch(1)

    def train_model(self, model: tf.keras.Model, callbacks: list[Any] | None = None) -> tf.keras.Model:
        """Compiles the model, trains it for ``epochs`` epochs and returns it."""
        train, valid = self.prepare_train_validation()
        from_logits = not self.disable_from_logits
        if len(train.element_spec[1].shape) == 1:
            loss: Any = tf.keras.losses.SparseCategoricalCrossentropy(from_logits=from_logits)
            metrics: list[Any] = [tf.keras.metrics.SparseCategoricalAccuracy()]
        else:
            loss = tf.keras.losses.CategoricalCrossentropy(from_logits=from_logits)
            metrics = [tf.keras.metrics.CategoricalAccuracy()]
        model.compile(optimizer=self.optimizer, loss=loss, metrics=metrics)
        model.fit(train, epochs=self.epochs, callbacks=callbacks, verbose=2, validation_data=valid)
        return model

    def save_model(self, model: tf.keras.Model) -> None:
        """Writes the model to ``compiled_model_path``, without an optimizer's state, and its archive if asked to."""
        Path(self.compiled_model_path).parent.mkdir(parents=True, exist_ok=True)
        saved = with_distinct_weight_names(model)
        saved.save(str(self.compiled_model_path), include_optimizer=False, save_format="h5")
        if self.save_to_zip:
            self.compress_model_to_zip()

    def archive_path(self) -> Path:
        """The archive: ``<model>.h5.zip``."""
        return Path(f"{self.compiled_model_path}.zip")

    def compress_model_to_zip(self) -> None:
        """Writes the model's file into an archive beside it."""
        with zipfile.ZipFile(self.archive_path(), "w", compression=zipfile.ZIP_DEFLATED) as archive:
            archive.write(self.compiled_model_path, Path(self.compiled_model_path).name)

    def get_framework_and_version(self) -> tuple[str, str]:
        """TensorFlow's."""
        return "tensorflow", tf.__version__
