"""What TensorFlow Lite Micro can't run of a model, found in the file.

It would stop at the first such operator; with sparse weights it would not stop, and read them as if they were dense.
"""

from __future__ import annotations

from graders.measure.tflite.model import INTEGER_DTYPES, Model, Operator, Subgraph


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


KERNELS = _words(
    """
    ABS ADD ADD_N ARG_MAX ARG_MIN ASSIGN_VARIABLE AVERAGE_POOL_2D BATCH_MATMUL BATCH_TO_SPACE_ND BROADCAST_ARGS
    BROADCAST_TO CALL_ONCE CAST CEIL CONCATENATION CONV_2D COS CUMSUM DEPTHWISE_CONV_2D DEPTH_TO_SPACE
    DEQUANTIZE DIV DYNAMIC_UPDATE_SLICE ELU EMBEDDING_LOOKUP EQUAL EXP EXPAND_DIMS FILL FLOOR FLOOR_DIV
    FLOOR_MOD FULLY_CONNECTED GATHER GATHER_ND GREATER GREATER_EQUAL HARD_SWISH IF L2_NORMALIZATION L2_POOL_2D
    LEAKY_RELU LESS LESS_EQUAL LOG LOGICAL_AND LOGICAL_NOT LOGICAL_OR LOGISTIC LOG_SOFTMAX MAXIMUM MAX_POOL_2D
    MEAN MINIMUM MIRROR_PAD MUL NEG NOT_EQUAL PACK PAD PADV2 PRELU QUANTIZE READ_VARIABLE REDUCE_ALL REDUCE_MAX
    REDUCE_MIN RELU RELU6 RESHAPE RESIZE_BILINEAR RESIZE_NEAREST_NEIGHBOR REVERSE_V2 ROUND RSQRT SELECT_V2 SHAPE
    SIN SLICE SOFTMAX SPACE_TO_BATCH_ND SPACE_TO_DEPTH SPLIT SPLIT_V SQRT SQUARE SQUARED_DIFFERENCE SQUEEZE
    STRIDED_SLICE SUB SUM SVDF TANH TRANSPOSE TRANSPOSE_CONV UNIDIRECTIONAL_SEQUENCE_LSTM UNPACK VAR_HANDLE
    WHILE ZEROS_LIKE
    """
)
"""The builtin operators that it has kernels for; a test asks the installed tflite-micro about each."""

_WEIGHTED = frozenset({"CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED", "TRANSPOSE_CONV", "BATCH_MATMUL"})
MOST_NAMED = 12
LONGEST_NAME = 60


def missing_kernels(model: Model) -> tuple[str, ...]:
    """The operators that it has no kernel for, each once, in the order of the graph; custom ones are such."""
    found = dict.fromkeys(
        name for graph in model.subgraphs for operator in graph.operators if (name := _missing(graph, operator))
    )
    return tuple(found)[:MOST_NAMED]


def _missing(graph: Subgraph, operator: Operator) -> str:
    if operator.is_custom:
        return operator.label[:LONGEST_NAME]
    if operator.code not in KERNELS:
        return operator.code
    if any(each.sparsity is not None for each in graph.tensors_of(operator.inputs)):
        return f"{operator.code} with sparse weights"
    types = [each.dtype for each in graph.tensors_of(operator.inputs[:2])]
    if len(types) < 2:
        return f"{operator.code} of float16 values" if types == ["float16"] and operator.code == "DEQUANTIZE" else ""
    values, weights = types
    if operator.code in _WEIGHTED and values.startswith("float") and weights in INTEGER_DTYPES - {"int32", "bool"}:
        return f"{operator.code} with {values} values and {weights} weights (dynamic-range quantisation)"
    return ""
