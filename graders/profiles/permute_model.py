"""A script of its own, so that the grader never loads HDF5: writes a Keras model with its channels in another order.

``python -I permute_model.py REQUEST`` copies the legacy Keras file at the request's ``model`` to ``into`` and permutes
the channels between its layers, drawn from ``seed``. The network computes the same function (sums are added up in
another order, no more), but no kernel of any conversion is the one that the original's conversion has. It prints how
many channels were moved, none where the model is of a kind that is not known here, how many parameters it has, and
which layers are frozen.

Channels that have to keep their order are found by walking the graph: those of the input and the output, and those
around every layer that is not known here to treat its channels alike.
"""

from __future__ import annotations

import contextlib
import json
import shutil
import sys
from collections.abc import Iterator, Mapping
from typing import Any

import h5py  # type: ignore[import-untyped]
import numpy as np

SEED_OFFSET = 2 << 32
# Layers whose output has the channels of their input, and whose weights, if any, are one for each channel.
CHANNELWISE = frozenset(
    [
        *("Activation", "AveragePooling2D", "BatchNormalization", "Cropping2D", "Dropout", "GlobalAveragePooling2D"),
        *("GlobalMaxPooling2D", "LeakyReLU", "MaxPooling2D", "ReLU", "SpatialDropout2D", "UpSampling2D"),
        "ZeroPadding2D",
    ]
)
MIXING = frozenset({"Conv2D", "Dense"})
DEPTHWISE = "DepthwiseConv2D"
JOINING = frozenset({"Add", "Average", "Maximum", "Minimum", "Multiply", "Subtract"})


class Spaces:
    """Sets of channels that have one order: what joins two of them makes them one."""

    def __init__(self) -> None:
        self._above: dict[str, str] = {}
        self.fixed: set[str] = set()

    def of(self, name: str) -> str:
        """The set's own name."""
        while name in self._above:
            name = self._above[name]
        return name

    def join(self, one: str, other: str) -> None:
        """Makes two sets one."""
        one, other = self.of(one), self.of(other)
        if one != other:
            self._above[other] = one
            if other in self.fixed:
                self.fixed.add(one)

    def fix(self, name: str) -> None:
        """Keeps a set's order."""
        self.fixed.add(self.of(name))

    def free(self, name: str) -> bool:
        """Whether a set may be put into another order."""
        return self.of(name) not in {self.of(each) for each in self.fixed}


def inputs_of(layer: Mapping[str, Any]) -> list[str]:
    """The layers that a layer takes its inputs from. :raises ValueError: it is used more than once."""
    nodes = layer["inbound_nodes"]
    if len(nodes) > 1:
        raise ValueError("a layer is shared")
    return [node[0] for node in nodes[0]] if nodes else []


def channel_spaces(config: Mapping[str, Any]) -> Spaces:
    """The channel sets of a functional model; the set of a layer's output has the layer's name."""
    spaces = Spaces()
    for layer in config["layers"]:
        name, kind, sources = layer["name"], layer["class_name"], inputs_of(layer)
        settings = layer["config"]
        last = settings.get("data_format", "channels_last") == "channels_last"
        if kind == "InputLayer":
            spaces.fix(name)
        elif kind in MIXING and last and settings.get("groups", 1) == 1:
            continue
        elif (kind in CHANNELWISE and last and settings.get("activation") != "softmax") or (
            kind == DEPTHWISE and last and settings.get("depth_multiplier", 1) == 1
        ):
            spaces.join(sources[0], name)
        elif kind in JOINING:
            for source in sources:
                spaces.join(source, name)
        else:
            for place in (*sources, name):
                spaces.fix(place)
    for name, *_ in config["output_layers"]:
        spaces.fix(name)
    return spaces


def axes(layer: Mapping[str, Any], shape: tuple[int, ...]) -> Iterator[tuple[int, str]]:
    """For a weight of a layer, which of its axes counts the channels of which layer's output."""
    name, kind = layer["name"], layer["class_name"]
    source = inputs_of(layer)[0]
    if kind in MIXING and len(shape) > 1:
        yield len(shape) - 2, source
        yield len(shape) - 1, name
    elif kind == DEPTHWISE and len(shape) > 1:
        yield len(shape) - 2, name
    elif len(shape) == 1:
        yield 0, name


def permute(file: h5py.File, seed: int) -> int:
    """Puts the model's channels into an order drawn from ``seed``; how many of them. :raises ValueError: see above."""
    model = json.loads(file.attrs["model_config"])
    if model["class_name"] not in ("Functional", "Model"):
        raise ValueError(f"a model of class {model['class_name']}")
    spaces = channel_spaces(model["config"])
    random = np.random.Generator(np.random.PCG64(SEED_OFFSET + seed))
    orders: dict[str, np.ndarray] = {}
    weights = file["model_weights"]
    for layer in model["config"]["layers"]:
        group = weights[layer["name"]]
        for place in group.attrs["weight_names"]:
            data = group[place]
            values = data[()]
            for axis, owner in axes(layer, values.shape):
                space = spaces.of(owner)
                if not spaces.free(owner):
                    continue
                order = orders.setdefault(space, random.permutation(values.shape[axis]))
                values = values.take(order, axis=axis)
            data[...] = values
    return sum(len(order) for order in orders.values())


def parameters(file: h5py.File) -> list[int]:
    """How many parameters the model has: all of them, and those that training changes."""
    found: list[tuple[str, int]] = []

    def take(name: str, item: Any) -> None:
        if isinstance(item, h5py.Dataset):
            found.append((name.rsplit("/", 1)[-1], int(item.size)))

    file["model_weights"].visititems(take)
    return [sum(size for _, size in found), sum(size for name, size in found if not name.startswith("moving_"))]


def frozen(file: h5py.File) -> list[str]:
    """The layers with weights that are not trainable, those of models within the model as well."""

    def layers(config: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
        for layer in config["layers"]:
            inner = layer["config"].get("layers")
            yield from layers(layer["config"]) if inner else (layer,)

    has_weights: set[str] = set()
    file["model_weights"].visit(lambda name: has_weights.update(name.split("/")))
    found = layers(json.loads(file.attrs["model_config"])["config"])
    names = [layer["config"]["name"] for layer in found if not layer["config"].get("trainable", True)]
    return [name for name in names if name in has_weights and name not in _empty(file)]


def _empty(file: h5py.File) -> set[str]:
    """The layers at the top of the model that have no weights."""
    groups = file["model_weights"]
    return {name for name in groups if not len(groups[name].attrs.get("weight_names", ()))}


def main() -> None:
    """The command line: one JSON request."""
    request = json.loads(sys.argv[1])
    shutil.copyfile(request["model"], request["into"])
    with h5py.File(request["into"], "r+") as file:
        answer: dict[str, Any] = {"moved": 0, "parameters": [], "frozen": []}
        with contextlib.suppress(ValueError, KeyError):
            answer["parameters"] = parameters(file)
            answer["frozen"] = frozen(file)
            answer["moved"] = permute(file, int(request["seed"]))
    print(json.dumps(answer))


if __name__ == "__main__":
    main()
