"""What the runner does with a student's optimizers: gives them models and data, and has them write their files.

It runs beside the student's code, so the grader trusts nothing from here; it imports nothing of optgrade.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import types
from pathlib import Path
from typing import Any

import numpy as np

Answer = tuple[dict[str, Any], dict[str, Any]]
MODULE = "kenning_problem"
MOST_FILES, MOST_BYTES, MOST_SENT = 2000, 64 << 10, 40
ENDINGS = (".json", ".yml", ".yaml")
LEFT_OUT = {"kenning", ".git", "__pycache__"}


class MissingClass(Exception):
    """The student's file has no class of that name."""


def problem(images: str, classes: int, specification: dict[str, Any]) -> Answer:
    """Defines the data set and the model's wrapper that all optimizers of this run get.

    :param images: a file with all images and their labels.
    """
    from kenning.core.dataset import Dataset
    from kenning.core.model import ModelWrapper

    with np.load(images, allow_pickle=False) as found:
        pixels, labels = np.array(found["images"]), found["labels"].tolist()

    class DrawnDataset(Dataset):  # type: ignore[misc]  # of the starter code, which only runs have
        """Small images, of which the training part has one with a mark."""

        arguments_structure: dict[str, dict[str, Any]] = {}  # noqa: RUF012 - Kenning's classes have them so

        def __init__(self, root: Any = ".", **_: Any) -> None:
            super().__init__(Path(root), download_dataset=False)
            first = self.train_test_split_representations()[0][0]
            pixels[int(first), :, :, 1] = 1

        def prepare(self) -> None:
            self.dataX = list(range(len(labels)))
            self.dataY = [int(label) for label in labels]
            self.numclasses = classes

        def prepare_input_samples(self, samples: Any) -> list[Any]:
            return [pixels[int(each)] for each in samples]

        def prepare_output_samples(self, samples: Any) -> list[Any]:
            return list(np.eye(classes)[[int(each) for each in samples]])

        def evaluate(self, predictions: Any, truth: Any) -> Any:  # noqa: ARG002 - Kenning's interface
            from kenning.core.measurements import Measurements

            return Measurements()

        def get_class_names(self) -> list[str]:
            return [str(each) for each in range(classes)]

        def get_input_mean_std(self) -> Any:
            return 0.0, 1.0

    class DrawnModel(ModelWrapper):  # type: ignore[misc]  # likewise
        """The model of the problem."""

        def prepare_model(self) -> None:
            if self.model is None:
                import tensorflow as tf

                self.model: Any = tf.keras.models.load_model(str(self.model_path), compile=False)

        def get_io_specification(self) -> Any:
            return json.loads(json.dumps(specification))

        def get_output_formats(self) -> list[str]:
            return ["keras"]

        @classmethod
        def get_framework(cls) -> str:
            return "keras"

        def get_framework_and_version(self) -> tuple[str, str]:
            return "keras", ""

    module = types.ModuleType(MODULE)
    for each in (DrawnDataset, DrawnModel):
        each.__module__, each.__qualname__ = MODULE, each.__name__
        setattr(module, each.__name__, each)
    sys.modules[MODULE] = module
    return {}, {}


def optimize(module: str, class_name: str, model: str, target: str, parameters: dict[str, Any], io_spec: Any) -> Answer:
    """Applies an optimizer to a model's file."""
    kind = _class(module, class_name)
    drawn = sys.modules[MODULE]
    dataset = drawn.DrawnDataset()
    wrapper = drawn.DrawnModel(Path(model), dataset)
    optimizer = kind(dataset=dataset, compiled_model_path=Path(target), model_wrapper=wrapper, **parameters)
    if hasattr(optimizer, "init"):
        optimizer.init()
    optimizer.compile(Path(model), io_spec)
    return {}, {}


def _class(module: str, class_name: str) -> Any:
    found = getattr(importlib.import_module(module), class_name, None)
    if found is None:
        raise MissingClass(f"no class {class_name} in {module.replace('.', '/')}.py")
    return found


def scenarios(folder: str) -> Answer:
    """The scenarios in the student's files: every JSON or YAML file with optimizers or a model in it."""
    found: list[dict[str, Any]] = []
    looked = 0
    for above, folders, names in os.walk(folder):
        folders[:] = sorted(each for each in folders if each not in LEFT_OUT)
        for name in sorted(names):
            looked += 1
            path = Path(above, name)
            if looked > MOST_FILES or len(found) >= MOST_SENT:
                return {"scenarios": found}, {}
            if path.suffix.lower() not in ENDINGS or path.is_symlink() or path.stat().st_size > MOST_BYTES:
                continue
            content, fault = _parsed(path)
            if fault or (isinstance(content, dict) and {"optimizers", "model_wrapper"} & content.keys()):
                shown = str(path.relative_to(folder))
                found.append({"path": shown, "content": content, "fault": fault})
    return {"scenarios": found}, {}


def _parsed(path: Path) -> tuple[Any, str]:
    """A file's content as JSON values, and what is wrong with it."""
    try:
        text = path.read_text(encoding="utf-8-sig")
        if path.suffix.lower() == ".json":
            return json.loads(text), ""
        import yaml

        return json.loads(json.dumps(yaml.safe_load(text))), ""
    except Exception as error:  # noqa: BLE001 - parsers raise what they like
        return None, " ".join(f"{type(error).__name__}: {error}".split())[:300]


def scenario(module: str, content: dict[str, Any]) -> Answer:
    """Runs a scenario's optimizers, as the command line does."""
    from kenning.scenarios.scenario import load

    for each in content["optimizers"]:
        name = str(each["type"]).rpartition(".")[2]
        # What is not written is missing, whatever else may be wrong with it.
        _class(module, name)(dataset=sys.modules[MODULE].DrawnDataset(), compiled_model_path=Path("unused.h5"))
    path = Path("scenario.json")
    path.write_text(json.dumps(content), encoding="utf-8")
    load(path).optimize()
    return {}, {}


OPERATIONS = {
    "problem": problem,
    "optimize": optimize,
    "scenarios": scenarios,
    "scenario": scenario,
}
