"""The base of everything that turns one model's file into another."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from kenning.core.arguments import parsed_arguments
from kenning.core.exceptions import ScenarioError
from kenning.utils.resource_manager import PathOrURI, ResourceURI

if TYPE_CHECKING:
    from typing import Self

    from kenning.core.dataset import Dataset
    from kenning.core.model import ModelWrapper

IOSpec = dict[str, list[dict[str, Any]]]


class CompilationError(Exception):
    """A model can't be optimised."""


class Optimizer(ABC):
    """Reads a model, optimises it, and writes it to ``compiled_model_path``.

    Attributes:
        inputtypes: the formats that it reads.
        outputtypes: the formats that it writes.
        arguments_structure: its parameters in scenarios, beside those of its bases.
        dataset: the data to fine-tune with.
        compiled_model_path: the file to write.
        model_wrapper: the model's wrapper, or ``None``.
    """

    inputtypes: ClassVar[Any] = []
    outputtypes: ClassVar[list[str]] = []
    arguments_structure: ClassVar[dict[str, dict[str, Any]]] = {
        "compiled_model_path": {
            "description": "The file that the optimised model is written to",
            "type": ResourceURI,
            "required": True,
        },
        "location": {
            "description": "Where to optimise: on the host, or on the target device",
            "default": "host",
            "enum": ["host", "target"],
        },
    }

    def __init__(
        self,
        dataset: Dataset | None,
        compiled_model_path: PathOrURI,
        location: Literal["host", "target"] = "host",
        model_wrapper: ModelWrapper | None = None,
    ) -> None:
        """Keeps its arguments."""
        self.dataset = dataset
        self.compiled_model_path = ResourceURI(compiled_model_path)
        self.location = location
        self.model_wrapper = model_wrapper
        self.input_type = getattr(self, "input_type", None)

    @classmethod
    def from_json(
        cls,
        json_dict: Mapping[str, Any],
        dataset: Dataset | None = None,
        model_wrapper: ModelWrapper | None = None,
    ) -> Self:
        """An optimizer from a scenario's ``parameters``.

        Raises:
            ScenarioError: a parameter is unknown, missing or of another type.
        """
        return cls(dataset=dataset, model_wrapper=model_wrapper, **parsed_arguments(cls, json_dict))

    @abstractmethod
    def compile(self, input_model_path: PathOrURI, io_spec: IOSpec | None = None, **kwargs: Any) -> None:
        """Optimises the model in a file and writes ``compiled_model_path`` and its specification.

        Args:
            input_model_path: the model to optimise.
            io_spec: what the model's inputs and outputs are; ``None`` reads it from beside the model's file.
        """

    def init(self) -> None:  # noqa: B027 - most need no preparation
        """Prepares what can only be prepared once all parts of a scenario exist. Does nothing here."""

    def set_input_type(self, inputtype: str) -> None:
        """Chooses the input's format.

        Raises:
            ScenarioError: this optimizer does not read that format.
        """
        if inputtype not in list(self.inputtypes):
            known = ", ".join(self.inputtypes)
            raise ScenarioError(f"{type(self).__name__} reads {known}, not {inputtype!r}")
        self.input_type = inputtype

    def get_input_type(self, model_path: PathOrURI) -> str:
        """The format of a model's file."""
        return self.input_type or "keras"

    def get_model_class(self) -> type | None:
        """The class of the wrapper's model, for frameworks that need it; Keras does not."""
        return None

    def get_input_formats(self) -> list[str]:
        """The formats that it reads."""
        return list(self.inputtypes)

    def get_output_formats(self) -> list[str]:
        """The formats that it writes."""
        return list(self.outputtypes)

    def consult_model_type(self, previous_block: Any) -> str:
        """The format in which the block before writes and this one reads.

        Raises:
            ValueError: there is none.
        """
        written = previous_block.get_output_formats()
        for each in self.get_input_formats():
            if each in written:
                return str(each)
        raise ValueError(f"No matching formats between two objects: {self} and {previous_block}")

    @staticmethod
    def get_spec_path(model_path: PathOrURI) -> Path:
        """Where a model's specification is: ``<model>.json``."""
        path = ResourceURI(model_path)
        return path.with_suffix(path.suffix + ".json")

    def load_io_specification(self, model_path: PathOrURI) -> IOSpec | None:
        """The specification beside a model's file; without one, the wrapper's; without both, the model's own.

        ``None`` if the model's format does not say.

        Raises:
            ScenarioError: the specification can't be read.
        """
        path = self.get_spec_path(model_path)
        if not path.exists():
            if self.model_wrapper is not None:
                return self.model_wrapper.get_io_specification()
            return self.derive_io_specification(model_path)
        try:
            spec: IOSpec = json.loads(path.read_text(encoding="utf-8"))
        except ValueError as problem:
            raise ScenarioError(f"{path} can't be read as JSON: {problem}") from problem
        if not isinstance(spec, dict) or not isinstance(spec.get("input", spec.get("processed_input")), list):
            raise ScenarioError(f"{path}: expected an object with the lists 'input' and 'output'")
        return spec

    def derive_io_specification(self, model_path: PathOrURI) -> IOSpec | None:
        """The specification of a model that has none beside it; ``None`` if its format does not say."""
        return None

    def save_io_specification(self, input_model_path: PathOrURI, io_spec: IOSpec | None = None) -> None:
        """Writes the specification beside the optimised model; without one, that of the input model."""
        spec = io_spec if io_spec is not None else self.load_io_specification(input_model_path)
        if spec is not None:
            target = self.get_spec_path(self.compiled_model_path)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(json.dumps(spec, indent=2), encoding="utf-8")

    def get_framework_and_version(self) -> tuple[str, str]:
        """The framework's name and version."""
        raise NotImplementedError
