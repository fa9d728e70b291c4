"""Running a ``.tflite`` file in LiteRT, in one thread."""

from __future__ import annotations

import numpy as np
from ai_edge_litert.interpreter import Interpreter, OpResolverType

from graders.measure.scorer.operations.answers import Array, Unmeasurable, one_line

# Of one input: more is no classifier's.
MOST_SCORES = 4096


def open_interpreter(path: str, *, delegates: bool = True, keep_all: bool = False) -> Interpreter:
    """An interpreter of one thread for a file. :param keep_all: keeps the values of every tensor.

    :raises Unmeasurable: the file can't be loaded, or does not have one input and one output.
    """
    kind = OpResolverType.AUTO if delegates else OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
    try:
        interpreter = Interpreter(
            model_path=path,
            num_threads=1,
            experimental_op_resolver_type=kind,
            experimental_preserve_all_tensors=keep_all,
        )
        # Some types of tensors can't be described either.
        ends = len(interpreter.get_input_details()), len(interpreter.get_output_details())
    except (ValueError, RuntimeError) as error:
        raise Unmeasurable(f"the file can't be loaded: {one_line(error)}") from None
    if ends != (1, 1):
        raise Unmeasurable(f"the file has {ends[0]} inputs and {ends[1]} outputs; one of each was expected")
    return interpreter


def resize(interpreter: Interpreter, batch: int) -> bool:
    """Makes room for a batch; False if the file only takes single inputs."""
    details = interpreter.get_input_details()[0]
    shape = [int(side) for side in details["shape"]]
    try:
        if shape[:1] != [batch]:
            interpreter.resize_tensor_input(details["index"], [batch, *shape[1:]])
        interpreter.allocate_tensors()
    except (ValueError, RuntimeError):
        return False
    return True


def run(interpreter: Interpreter, tensor: Array) -> Array:
    """The output for an input tensor. :raises Unmeasurable: it can't be run, or gives something else than scores."""
    details = interpreter.get_input_details()[0]
    try:
        interpreter.set_tensor(details["index"], tensor)
        interpreter.invoke()
        output = np.array(interpreter.get_tensor(interpreter.get_output_details()[0]["index"]))
    except (ValueError, RuntimeError) as error:
        raise Unmeasurable(f"the file can't be run: {one_line(error)}") from None
    if output.dtype.kind not in "iuf":
        raise Unmeasurable(f"the file's output is no array of numbers but of {output.dtype}")
    if output.size > MOST_SCORES * len(tensor):
        raise Unmeasurable(f"the file gives {output.size:,} numbers for {len(tensor)} inputs")
    if len(tensor) > 1 and output.shape[:1] != (len(tensor),):
        raise Unmeasurable(f"the file gives an output of shape {output.shape} for {len(tensor)} inputs")
    return output
