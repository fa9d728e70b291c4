"""A scenario: which model, which data, and the optimizers that the model goes through."""

from __future__ import annotations

import importlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kenning.core.dataset import Dataset
from kenning.core.exceptions import ScenarioError, in_one_line
from kenning.core.model import ModelWrapper
from kenning.core.optimizer import Optimizer

BLOCKS = {"model_wrapper", "dataset", "optimizers"}
# What else Kenning's scenarios may hold; it has no effect on optimising and testing Keras models.
OTHERS = {"platform", "runtime", "protocol", "dataconverter", "data_converter", "runtime_builder"}
BLOCK_KEYS = {"type", "parameters"}


@dataclass(frozen=True)
class Scenario:
    """The objects that a scenario's file describes."""

    path: Path
    content: dict[str, Any]
    dataset: Dataset
    model_wrapper: ModelWrapper
    optimizers: list[Optimizer]

    @property
    def final_model(self) -> Path:
        """The file that the last optimizer writes; without one, the given model."""
        return Path(self.optimizers[-1].compiled_model_path if self.optimizers else self.model_wrapper.get_path())

    def optimize(self) -> Path:
        """Runs the optimizers, each on the file of the one before, and returns :attr:`final_model`.

        Raises:
            ScenarioError: there is no model, an optimizer would replace it, or one writes no file.
        """
        previous: Any = self.model_wrapper
        path = Path(self.model_wrapper.get_path())
        if not path.is_file():
            raise ScenarioError(f"{self.path}: there is no model {path}")
        for optimizer in self.optimizers:
            target = Path(optimizer.compiled_model_path)
            if target.resolve() == Path(self.model_wrapper.get_path()).resolve():
                raise ScenarioError(f"{self.path}: 'compiled_model_path' is the given model {target}")
            try:
                optimizer.set_input_type(optimizer.consult_model_type(previous))
            except ValueError as problem:
                raise ScenarioError(f"{self.path}: {problem}") from problem
            optimizer.init()
            optimizer.compile(path, optimizer.load_io_specification(path))
            if not target.is_file():
                raise ScenarioError(f"{self.path}: {type(optimizer).__name__} did not write {target}")
            previous, path = optimizer, target
        return path


def load(path: Path) -> Scenario:
    """Reads a scenario and makes what it describes.

    Raises:
        ScenarioError: the file is missing or no JSON or YAML, or something in it is unknown, missing or wrong.
    """
    content = read(path)
    try:
        check_keys(content)
        dataset = build(content["dataset"], Dataset)
        wrapper = build(content["model_wrapper"], ModelWrapper, dataset=dataset)
        steps = content.get("optimizers") or []
        optimizers = [build(step, Optimizer, dataset=dataset, model_wrapper=wrapper) for step in steps]
    except ScenarioError as problem:
        raise ScenarioError(f"{path}: {problem}") from problem
    return Scenario(path, content, dataset, wrapper, optimizers)


def check_keys(content: dict[str, Any]) -> None:
    """Raises ScenarioError unless a scenario has the keys that it needs and no unknown ones."""
    for key in content:
        if key not in BLOCKS | OTHERS:
            raise ScenarioError(f"unknown key '{key}'; a scenario has {', '.join(sorted(BLOCKS))}")
    for key in ("model_wrapper", "dataset"):
        if key not in content:
            raise ScenarioError(f"the key '{key}' is missing")
    if not isinstance(content.get("optimizers") or [], list):
        raise ScenarioError("'optimizers' must be a list")


def read(path: Path) -> dict[str, Any]:
    """A scenario's content, from YAML if its suffix says so, otherwise from JSON. Raises ScenarioError."""
    if not path.is_file():
        raise ScenarioError(f"there is no scenario {path}")
    try:
        text = path.read_text(encoding="utf-8-sig")
        if path.suffix.lower() in (".yml", ".yaml"):
            import yaml

            content = yaml.safe_load(text)
        else:
            content = json.loads(text)
    except Exception as problem:  # each library has errors of its own, and all mean the same here
        raise ScenarioError(f"{path} can't be read: {in_one_line(problem)}") from problem
    if not isinstance(content, dict):
        raise ScenarioError(f"{path}: expected an object with {', '.join(sorted(BLOCKS))}")
    return content


def build(block: Any, base: type, **arguments: Any) -> Any:
    """The object of a block with ``type`` and ``parameters``. Raises ScenarioError if it can't be built."""
    if not isinstance(block, dict) or not isinstance(block.get("type"), str):
        raise ScenarioError(f"a {base.__name__} needs a 'type', such as 'kenning.datasets.pet_dataset.PetDataset'")
    for key in block:
        if key not in BLOCK_KEYS:
            raise ScenarioError(f"{block['type']}: unknown key '{key}'; a block has 'type' and 'parameters'")
    parameters = block.get("parameters") or {}
    if not isinstance(parameters, dict):
        raise ScenarioError(f"{block['type']}: 'parameters' must be an object")
    return find_class(block["type"], base).from_json(parameters, **arguments)


def find_class(name: str, base: type) -> Any:
    """The class with a dotted name. Raises ScenarioError if there is none, or if it is of another kind."""
    module, _, cls = name.rpartition(".")
    try:
        found = getattr(importlib.import_module(module), cls)
    except (ImportError, AttributeError, ValueError) as problem:
        raise ScenarioError(f"there is no type '{name}': {in_one_line(problem)}") from problem
    if not isinstance(found, type) or not issubclass(found, base):
        raise ScenarioError(f"'{name}' is no {base.__name__}")
    return found
