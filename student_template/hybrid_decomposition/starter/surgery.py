"""Which layers of a Keras model are compressed, and the same model with other layers in their places."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from .errors import CompressionError, in_one_line

Replacement: TypeAlias = Callable[[Any], Any]
"""What takes a layer's place: called with a tensor for each place in the network, it returns the layer's output."""


@dataclass(frozen=True)
class Place:
    """A layer and its name, that of a nested model before it: ``backbone/conv1``."""

    name: str
    layer: Any

    @property
    def kernel(self) -> Any:
        """The layer's kernel as an array, (height, width, input channels, filters)."""
        return self.layer.kernel.numpy()


def load_model(path: Any) -> Any:
    """The Keras model in a file. Raises ``CompressionError`` unless it is a functional one."""
    import tensorflow as tf

    try:
        model = tf.keras.models.load_model(str(path), compile=False)
    except Exception as problem:
        raise CompressionError(f"{path} can't be loaded as a Keras model: {in_one_line(problem)}") from problem
    if not is_graph(model):
        raise CompressionError(f"{path} is no functional or sequential Keras model, so its layers can't be replaced")
    return model


def is_graph(layer: Any) -> bool:
    """Whether a layer is a model made by calls of layers."""
    import tensorflow as tf

    return isinstance(layer, tf.keras.Model) and bool(getattr(layer, "_is_graph_network", False))


def compressible(layer: Any) -> bool:
    """Whether a layer is an ungrouped ``Conv2D`` with a kernel larger than 1x1, not a class derived from it."""
    import tensorflow as tf

    return type(layer) is tf.keras.layers.Conv2D and layer.groups == 1 and int(np.prod(layer.kernel_size)) > 1


def compressible_places(model: Any, prefix: str = "") -> list[Place]:
    """The layers that are compressed, each once, nested models' too, in the order of the model."""
    found: dict[int, Place] = {}
    for layer in model.layers:
        if is_graph(layer):
            inner = compressible_places(layer, f"{prefix}{layer.name}/")
        else:
            inner = [Place(prefix + layer.name, layer)] if compressible(layer) else []
        for place in inner:
            found.setdefault(id(place.layer), place)
    return list(found.values())


def replace_layers(model: Any, replacements: dict[int, Replacement]) -> Any:
    """A copy of the model, with its weights, in which layers have been replaced.

    Names, branches, shared layers and nested models are kept, and the given model is not changed.

    Args:
        model: a functional or sequential model.
        replacements: what takes a layer's place, by the layer's ``id``.
    """
    return _Copy(replacements).model(model)


def copy_of(layer: Any) -> Any:
    """A layer like this one, without its weights."""
    try:
        return type(layer).from_config(layer.get_config())
    except Exception as problem:
        raise CompressionError(f"the layer {layer.name} can't be copied: {in_one_line(problem)}") from problem


class _Copy:
    """Copies of layers, each made once, however often the layer is used."""

    def __init__(self, replacements: dict[int, Replacement]) -> None:
        self._copies: dict[int, Any] = dict(replacements)
        self._weights: list[tuple[Any, Any]] = []

    def model(self, model: Any) -> Any:
        """The copy, with its weights."""
        copy = self._graph(model)
        for original, copied in self._weights:
            copied.set_weights(original.get_weights())
        return copy

    def _graph(self, model: Any) -> Any:
        import tensorflow as tf

        tensors: dict[str, _Reusable] = {}
        for tensor in model.inputs:
            source = tensor._keras_history.layer
            tensors[str(id(tensor))] = _Reusable(copy_of(source).output)
        inputs = [tensors[str(id(tensor))].pop() for tensor in model.inputs]
        for node in nodes(model):
            args, kwargs = node.map_arguments(tensors)
            outputs = self._layer(node.layer)(*args, **kwargs)
            for key, tensor in zip(node.flat_output_ids, tf.nest.flatten(outputs), strict=True):
                tensors[key] = _Reusable(tensor)
        outputs = [tensors[str(id(tensor))].pop() for tensor in model.outputs]
        structures = (model._nested_inputs, model._nested_outputs)
        packed = [
            tf.nest.pack_sequence_as(structure, flat)
            for structure, flat in zip(structures, (inputs, outputs), strict=True)
        ]
        try:
            return tf.keras.Model(*packed, name=model.name, trainable=model.trainable)
        except ValueError as problem:
            raise CompressionError(f"the model can't be rebuilt: {in_one_line(problem)}") from problem

    def _layer(self, layer: Any) -> Any:
        if id(layer) not in self._copies:
            if is_graph(layer):
                self._copies[id(layer)] = self._graph(layer)
            else:
                self._copies[id(layer)] = copy = copy_of(layer)
                self._weights.append((layer, copy))
        return self._copies[id(layer)]


class _Reusable:
    """A tensor as Keras' nodes take it: from a list that gets shorter with each use. This one does not."""

    def __init__(self, tensor: Any) -> None:
        self._tensor = tensor

    def pop(self) -> Any:
        """The tensor."""
        return self._tensor


def nodes(model: Any) -> Iterator[Any]:
    """The calls of layers that a model consists of, each after those whose outputs it takes; inputs are left out."""
    for depth in sorted(model._nodes_by_depth, reverse=True):
        for node in model._nodes_by_depth[depth]:
            if not node.is_input:
                yield node
