"""The base of model wrappers: a model's file with what belongs to it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from kenning.core.arguments import parsed_arguments
from kenning.utils.resource_manager import PathOrURI, ResourceURI

if TYPE_CHECKING:
    from typing import Self

    from kenning.core.dataset import Dataset


class ModelWrapper(ABC):
    """A trained model.

    Attributes:
        model_path: its file.
        dataset: the data that it was made for.
    """

    arguments_structure: ClassVar[dict[str, dict[str, Any]]] = {
        "model_path": {"description": "The model's file", "type": ResourceURI, "required": True},
        "model_name": {"description": "The model's name in reports", "type": str, "nullable": True, "default": None},
    }

    def __init__(
        self, model_path: PathOrURI, dataset: Dataset | None, from_file: bool = True, model_name: str | None = None
    ) -> None:
        """Keeps its arguments; the model is loaded when it is needed."""
        self.model_path = ResourceURI(model_path)
        self.dataset = dataset
        self.from_file = from_file
        self.model_name = model_name
        self.model: Any = None

    @classmethod
    def from_json(cls, json_dict: Mapping[str, Any], dataset: Dataset | None = None, from_file: bool = True) -> Self:
        """A wrapper from a scenario's ``parameters``. Raises ScenarioError where they are wrong."""
        return cls(dataset=dataset, from_file=from_file, **parsed_arguments(cls, json_dict))

    def get_path(self) -> PathOrURI:
        """The model's file."""
        return self.model_path

    @abstractmethod
    def prepare_model(self) -> None:
        """Loads the model."""

    @abstractmethod
    def get_io_specification(self) -> dict[str, list[dict[str, Any]]]:
        """The names, shapes and types of inputs and outputs."""

    @abstractmethod
    def get_output_formats(self) -> list[str]:
        """The formats that the model's file can have."""
