"""Kernels as matrices with a row for each output channel, and the pairs of them in two files of one network."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graders.measure.tflite.graph import Wiring, aligned_activations, compute_ops
from graders.measure.tflite.model import Model
from graders.measure.tflite.weights import KERNEL_INPUT, Weights

OUTPUT_AXIS = {
    "CONV_2D": 0,
    "TRANSPOSE_CONV": 0,
    "FULLY_CONNECTED": 0,
    "DEPTHWISE_CONV_2D": 3,
    "CONV_3D": 4,
    "CONV_3D_TRANSPOSE": 3,
}
"""The output channels' axis: kernels are OHWI, dense ones (outputs, inputs), depthwise 1HWC, 3D DHWIO and DHWOI."""
RANK = {"FULLY_CONNECTED": 2, "CONV_3D": 5, "CONV_3D_TRANSPOSE": 5}
DEPTHWISE = "DEPTHWISE_CONV_2D"
DENSE = "FULLY_CONNECTED"

Rows = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Kernel:
    """An operator's kernel and bias as real numbers.

    ``rows`` is (output channels, weights of each), ``bias`` (output channels,) or None. ``rowwise`` says that each row
    may have a factor of its own: batch normalisation folded into a convolution, or quantisation with a scale for each
    output channel. Weights that were equal in the Keras layer are equal within a row then, but not across rows.
    ``stored_sparse``: the file holds the non-zeros alone.
    """

    operator: int
    kind: str
    rows: Rows
    bias: NDArray[np.float32] | None
    rowwise: bool
    stored_sparse: bool

    @property
    def compressible(self) -> bool:
        """Whether tfmot clusters and prunes it; it leaves depthwise kernels alone."""
        return self.kind != DEPTHWISE

    @property
    def name(self) -> str:
        """What to call it in a message: ``CONV_2D 3``."""
        return f"{self.kind} {self.operator}"

    def groups(self) -> tuple[Rows, ...]:
        """The sets of weights, one-dimensional, within which equal Keras weights are equal: rows, or all at once."""
        return tuple(self.rows) if self.rowwise else (self.rows.reshape(-1),)


@dataclass(frozen=True, eq=False)
class KernelPair:
    """The same kernel in a compressed file and in the original model's."""

    found: Kernel
    original: Kernel

    def biases(self) -> tuple[Rows, Rows] | None:
        """Both biases, (output channels,); zeros where only one file has any, None if neither has."""
        mine, theirs = self.found.bias, self.original.bias
        if mine is None:
            return None if theirs is None else (np.zeros_like(theirs), theirs)
        return mine, np.zeros_like(mine) if theirs is None else theirs


@dataclass(frozen=True, eq=False)
class Pairing:
    """Two files' kernels in pairs. ``pairs`` is None if the files are of two networks; ``reason`` says why."""

    pairs: tuple[KernelPair, ...] | None
    reason: str


def kernels(found: Iterable[Weights]) -> tuple[Kernel, ...]:
    """The kernels of convolutions and dense layers, in the order given; constants of other operators are left out."""
    return tuple(kernel for entry in found if (kernel := _kernel(entry)) is not None)


def unfinished(model: Model) -> dict[int, int]:
    """The compute operators whose kernel is no constant, as under wrappers left in, each with its kernel's tensor."""
    wiring = Wiring(model.main)
    return {
        operator.index: operator.inputs[KERNEL_INPUT]
        for operator in compute_ops(model)
        if operator.code in OUTPUT_AXIS
        and len(operator.inputs) > KERNEL_INPUT
        and wiring.constant(operator.inputs[KERNEL_INPUT]) is None
    }


def computed_kernels(model: Model, computed: Mapping[int, NDArray[Any]]) -> tuple[Kernel, ...]:
    """The kernels that a file computes in each inference.

    :param computed: by operator, what an inference made of the kernel's tensor, in the shape that constants have
    """
    found = []
    for operator in compute_ops(model):
        values = computed.get(operator.index)
        if values is None or operator.code not in OUTPUT_AXIS or values.ndim != RANK.get(operator.code, 4):
            continue
        rows = as_rows(values, OUTPUT_AXIS[operator.code])
        found.append(Kernel(operator.index, operator.code, rows, None, operator.code != DENSE, False))
    return tuple(found)


def _kernel(entry: Weights) -> Kernel | None:
    kind, values = entry.operator.code, entry.kernel
    if kind not in OUTPUT_AXIS or values.ndim != RANK.get(kind, 4):
        return None
    axis = OUTPUT_AXIS[kind]
    quantization = entry.kernel_tensor.quantization
    return Kernel(
        operator=entry.operator.index,
        kind=kind,
        rows=as_rows(values, axis),
        bias=entry.bias,
        rowwise=kind != DENSE or (quantization is not None and quantization.per_channel),
        stored_sparse=entry.kernel_tensor.sparsity is not None,
    )


def as_rows(values: NDArray[Any], axis: int) -> Rows:
    """An array as float32 (channels, rest), where ``axis`` counts the channels."""
    channels = values.shape[axis]
    rest = values.size // channels if channels else 0
    return np.moveaxis(values, axis, 0).reshape(channels, rest).astype(np.float32)


def paired(model: Model, found: Iterable[Kernel], original_model: Model, original: Iterable[Kernel]) -> Pairing:
    """The kernels of a file and of the original model's, matched along the graph, whatever their order and names.

    The converter drops a bias of zeros, which makes another graph; where the operators are the same in the same order,
    kernels are matched by that order. Each kernel of the original has to be there: one that is not constant any more,
    as in a file with wrappers left in, makes two networks of them.
    """
    found, original = tuple(found), tuple(original)
    alignment = aligned_activations(original_model, model)
    if alignment.pairs is not None:
        makers = {index: operator.index for operator in model.main.operators for index in operator.outputs}
        partners = {pair.operator.index: makers[pair.second.index] for pair in alignment.pairs if pair.operator}
    elif _codes(model) == _codes(original_model):
        in_order = zip(compute_ops(original_model), compute_ops(model), strict=True)
        partners = {theirs.index: mine.index for theirs, mine in in_order}
    else:
        return Pairing(None, alignment.reason)
    ours = {kernel.operator: kernel for kernel in found}
    pairs = []
    for theirs in original:
        mine = ours.get(partners.get(theirs.operator, -1))
        if mine is None or mine.rows.shape != theirs.rows.shape or not _same_biases(mine, theirs):
            return Pairing(None, f"the kernel of {theirs.name} has no counterpart")
        pairs.append(KernelPair(mine, theirs))
    return Pairing(tuple(pairs), "")


def unwrapped(
    found: Iterable[Kernel], original: Iterable[Kernel], *, computed: Container[int]
) -> tuple[KernelPair, ...]:
    """Pairs by order alone, for a file with wrappers left in; none where the order does not fit.

    :param computed: operators whose kernels are no constants. Batch normalisation is not folded into these, nor is a
        bias part of the operator, so they are left out, but for dense ones, which are compared without their bias
    """
    found, original = tuple(found), tuple(original)
    if [(one.kind, one.rows.shape) for one in found] != [(one.kind, one.rows.shape) for one in original]:
        return ()
    pairs = (
        KernelPair(mine, replace(theirs, bias=None) if mine.operator in computed else theirs)
        for mine, theirs in zip(found, original, strict=True)
        if mine.kind == DENSE or mine.operator not in computed
    )
    return tuple(pair for pair in pairs if _same_biases(pair.found, pair.original))


def _codes(model: Model) -> list[str]:
    return [operator.label for operator in compute_ops(model)]


def _same_biases(mine: Kernel, theirs: Kernel) -> bool:
    return mine.bias is None or theirs.bias is None or mine.bias.shape == theirs.bias.shape
