"""Pruning and clustering of Keras models as steps of a scenario."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Literal

from kenning.core.optimizer import IOSpec
from kenning.optimizers.tensorflow_optimizers import TensorFlowOptimizer
from kenning.utils.resource_manager import PathOrURI

if TYPE_CHECKING:
    from kenning.core.dataset import Dataset
    from kenning.core.model import ModelWrapper


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
        """Keep the parameters. Raise a ScenarioError for values that make no sense: ``check_values`` does so."""
        raise NotImplementedError("TensorFlowPruningOptimizer.__init__: keep the parameters")

    def compile(self, input_model_path: PathOrURI, io_spec: IOSpec | None = None, **kwargs: Any) -> None:
        """Prune the model in ``input_model_path`` and write it to ``self.compiled_model_path``."""
        raise NotImplementedError("TensorFlowPruningOptimizer.compile: prune, train, strip and save the model")


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
        """Keep the parameters. Raise a ScenarioError for values that make no sense: ``check_values`` does so."""
        raise NotImplementedError("TensorFlowClusteringOptimizer.__init__: keep the parameters")

    def compile(self, input_model_path: PathOrURI, io_spec: IOSpec | None = None, **kwargs: Any) -> None:
        """Cluster the model in ``input_model_path`` and write it to ``self.compiled_model_path``."""
        raise NotImplementedError("TensorFlowClusteringOptimizer.compile: cluster, strip and save the model")
