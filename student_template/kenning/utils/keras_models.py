"""What Keras models say of themselves."""

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
