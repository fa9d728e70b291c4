"""A reader of ``.tflite`` files, from bytes to facts, for files that may be hostile.

What is exported here needs neither numpy nor the flatbuffer schema. Reading does: ``reader.read_model``,
``constants.constant_values`` and ``constants.dequantized``, ``weights.weights``.
"""

from graders.measure.tflite.facts import facts, from_facts
from graders.measure.tflite.graph import (
    ActivationPair,
    Alignment,
    InputOutputTypes,
    Violation,
    aligned_activations,
    compute_ops,
    integer_violations,
    io_dtypes,
)
from graders.measure.tflite.model import (
    IDENTIFIER,
    MalformedModel,
    Model,
    Operator,
    Options,
    Quantization,
    Signature,
    Sparsity,
    Subgraph,
    Tensor,
)

__all__ = [
    "IDENTIFIER",
    "ActivationPair",
    "Alignment",
    "InputOutputTypes",
    "MalformedModel",
    "Model",
    "Operator",
    "Options",
    "Quantization",
    "Signature",
    "Sparsity",
    "Subgraph",
    "Tensor",
    "Violation",
    "aligned_activations",
    "compute_ops",
    "facts",
    "from_facts",
    "integer_violations",
    "io_dtypes",
]
