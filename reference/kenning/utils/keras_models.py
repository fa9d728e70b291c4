"""What Keras models say of themselves, and what saving them needs."""

from __future__ import annotations

from typing import Any


def keras_io_specification(model: Any) -> dict[str, list[dict[str, Any]]]:
    """Names, shapes and types of a Keras model's inputs and outputs, for batches of one."""
    return {
        kind: [
            {"name": tensor.name.split("/")[0], "shape": [1, *tensor.shape[1:]], "dtype": tensor.dtype.name}
            for tensor in tensors
        ]
        for kind, tensors in (("input", model.inputs), ("output", model.outputs))
    }


def with_distinct_weight_names(model: Any) -> Any:
    """The model, or a copy of it if .h5 files can't hold it.

    There, the weights of a nested model share a folder, and tfmot's stripping leaves several of them with one name.
    """
    names = [[weight.name for weight in layer.weights] for layer in model.layers]
    if all(len(set(each)) == len(each) for each in names):
        return model
    import tensorflow as tf

    copy = tf.keras.models.clone_model(model)
    copy_weights(model, copy)
    return copy


def copy_weights(source: Any, target: Any) -> None:
    """Copies weights layer by layer: their order in the whole model depends on which layers are trainable."""
    import tensorflow as tf

    for one, other in zip(source.layers, target.layers, strict=True):
        if isinstance(one, tf.keras.Model):
            copy_weights(one, other)
        else:
            other.set_weights(one.get_weights())
