"""A script of its own, so that the grader never loads HDF5: writes a Keras model with every layer trainable.

``python -I unfreeze_model.py REQUEST`` copies the legacy Keras file at the request's ``model`` to ``into`` and sets
each layer's ``trainable``, those of models within the model included. Weights stay as they are.
"""

from __future__ import annotations

import json
import shutil
import sys
from typing import Any

import h5py  # type: ignore[import-untyped]


def unfreeze(config: Any) -> None:
    """Sets ``trainable`` wherever a part of a model's configuration has it."""
    if isinstance(config, dict):
        if "trainable" in config:
            config["trainable"] = True
        for part in config.values():
            unfreeze(part)
    elif isinstance(config, list):
        for part in config:
            unfreeze(part)


def main() -> None:
    """The command line: one JSON request."""
    request = json.loads(sys.argv[1])
    shutil.copyfile(request["model"], request["into"])
    with h5py.File(request["into"], "r+") as file:
        config = json.loads(file.attrs["model_config"])
        unfreeze(config)
        file.attrs["model_config"] = json.dumps(config)
    print("{}")


if __name__ == "__main__":
    main()
