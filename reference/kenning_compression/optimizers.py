"""Pruning and clustering of Keras models as steps of a scenario."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import tensorflow as tf
import tensorflow_model_optimization as tfmot
from kenning.converters import converter_registry
from kenning.core.optimizer import IOSpec
from kenning.optimizers.tensorflow_optimizers import TensorFlowOptimizer
from kenning.utils.resource_manager import PathOrURI

if TYPE_CHECKING:
    from kenning.core.dataset import Dataset
    from kenning.core.model import ModelWrapper


def wrap_dense_layers(model: tf.keras.Model, wrap: Callable[[Any], Any]) -> tf.keras.Model:
    """The same model with its Dense layers wrapped, those of nested models too, and all weights kept."""

    def wrapped(layer: Any) -> Any:
        if isinstance(layer, tf.keras.layers.Dense):
            return wrap(layer)
        if isinstance(layer, tf.keras.Model):
            return wrap_dense_layers(layer, wrap)
        return layer

    return tf.keras.models.clone_model(model, clone_function=wrapped)


class TensorFlowPruningOptimizer(TensorFlowOptimizer):
    """Prunes the smallest weights of a Keras model while it is trained."""

    inputtypes: ClassVar[Any] = ["keras", "any"]
    outputtypes: ClassVar[list[str]] = ["keras"]
    arguments_structure: ClassVar[dict[str, dict[str, Any]]] = {
        "model_framework": {"description": "The format of the model", "default": "keras", "enum": ["keras", "any"]},
        "prune_dense": {"description": "Prune only dense layers", "type": bool, "default": False},
        "target_sparsity": {"description": "The share of weights that become zero", "type": float, "default": 0.1},
        "pruning_frequency": {"description": "Training steps between prunings", "type": int, "default": 100},
        "pruning_end": {"description": "The last step that prunes; -1: no end", "type": int, "default": -1},
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
        model_framework: str = "keras",
        prune_dense: bool = False,
        target_sparsity: float = 0.1,
        pruning_frequency: int = 100,
        pruning_end: int = -1,
        model_wrapper: ModelWrapper | None = None,
    ) -> None:
        """Keep the parameters.

        Raises:
            ScenarioError: a value makes no sense.
        """
        super().__init__(
            dataset, compiled_model_path, location, epochs, batch_size, optimizer, disable_from_logits, save_to_zip,
            model_wrapper,
        )  # fmt: skip
        self.check_values(
            target_sparsity=target_sparsity, pruning_frequency=pruning_frequency, pruning_end=pruning_end
        )
        self.set_input_type(model_framework)
        self.model_framework = model_framework
        self.prune_dense = prune_dense
        self.target_sparsity = target_sparsity
        self.pruning_frequency = pruning_frequency
        self.pruning_end = pruning_end

    def compile(self, input_model_path: PathOrURI, io_spec: IOSpec | None = None, **kwargs: Any) -> None:
        """Prune the model in ``input_model_path`` and write it to ``self.compiled_model_path``."""
        model = converter_registry.convert(input_model_path, self.get_input_type(input_model_path), "keras")
        schedule = tfmot.sparsity.keras.ConstantSparsity(
            target_sparsity=self.target_sparsity,
            begin_step=0,
            end_step=self.pruning_end,
            frequency=self.pruning_frequency,
        )

        def prune(what: Any) -> Any:
            return tfmot.sparsity.keras.prune_low_magnitude(what, pruning_schedule=schedule)

        pruned = wrap_dense_layers(model, prune) if self.prune_dense else prune(model)
        trained = self.train_model(pruned, [tfmot.sparsity.keras.UpdatePruningStep()])
        self.save_model(tfmot.sparsity.keras.strip_pruning(trained))
        self.save_io_specification(input_model_path, io_spec)


class TensorFlowClusteringOptimizer(TensorFlowOptimizer):
    """Replaces the weights of each layer by a few shared values."""

    inputtypes: ClassVar[Any] = ["keras", "any"]
    outputtypes: ClassVar[list[str]] = ["keras"]
    arguments_structure: ClassVar[dict[str, dict[str, Any]]] = {
        "model_framework": {"description": "The format of the model", "default": "keras", "enum": ["keras", "any"]},
        "cluster_dense": {"description": "Cluster only dense layers", "type": bool, "default": False},
        "clusters_number": {"description": "The number of values in each layer", "type": int, "default": 10},
        "preserve_sparsity": {"description": "Keep the model's zeros", "type": bool, "default": False},
        "fine_tune": {"description": "Train the model after clustering", "type": bool, "default": False},
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
        model_framework: str = "keras",
        cluster_dense: bool = False,
        clusters_number: int = 10,
        preserve_sparsity: bool = False,
        fine_tune: bool = False,
        model_wrapper: ModelWrapper | None = None,
    ) -> None:
        """Keep the parameters.

        Raises:
            ScenarioError: a value makes no sense.
        """
        super().__init__(
            dataset, compiled_model_path, location, epochs, batch_size, optimizer, disable_from_logits, save_to_zip,
            model_wrapper,
        )  # fmt: skip
        self.check_values(clusters_number=clusters_number)
        self.set_input_type(model_framework)
        self.model_framework = model_framework
        self.cluster_dense = cluster_dense
        self.clusters_number = clusters_number
        self.preserve_sparsity = preserve_sparsity
        self.fine_tune = fine_tune

    def compile(self, input_model_path: PathOrURI, io_spec: IOSpec | None = None, **kwargs: Any) -> None:
        """Cluster the model in ``input_model_path`` and write it to ``self.compiled_model_path``."""
        model = converter_registry.convert(input_model_path, self.get_input_type(input_model_path), "keras")
        # tfmot refuses to cluster frozen layers.
        for layer in model.submodules:
            if isinstance(layer, tf.keras.layers.Layer):
                layer.trainable = True
        model.trainable = True

        def cluster(what: Any) -> Any:
            return tfmot.clustering.keras.cluster_weights(
                what,
                number_of_clusters=self.clusters_number,
                cluster_centroids_init=tfmot.clustering.keras.CentroidInitialization.KMEANS_PLUS_PLUS,
                preserve_sparsity=self.preserve_sparsity,
            )

        clustered = wrap_dense_layers(model, cluster) if self.cluster_dense else cluster(model)
        if self.fine_tune:
            clustered = self.train_model(clustered)
        self.save_model(tfmot.clustering.keras.strip_clustering(clustered))
        self.save_io_specification(input_model_path, io_spec)
