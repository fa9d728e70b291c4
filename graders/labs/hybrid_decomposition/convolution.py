"""A two-dimensional convolution as TensorFlow computes it, in float64."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


def convolve(images: Array, kernel: Array, strides: Sequence[int], padding: str, dilation: Sequence[int]) -> Array:
    """Images (n, height, width, inputs) with a kernel (height, width, inputs, filters), ``same`` or ``valid``."""
    spans = [(size - 1) * step + 1 for size, step in zip(kernel.shape[:2], dilation, strict=True)]
    padded = images.astype(np.float64)
    if padding == "same":
        sides = [_same(size, span, step) for size, span, step in zip(images.shape[1:3], spans, strides, strict=True)]
        padded = np.pad(padded, ((0, 0), *sides, (0, 0)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, tuple(spans), axis=(1, 2))
    windows = windows[:, :: strides[0], :: strides[1], :, :: dilation[0], :: dilation[1]]
    found: Array = np.einsum("nhwcij,ijco->nhwo", windows, kernel.astype(np.float64), optimize=True)
    return found


def _same(size: int, span: int, step: int) -> tuple[int, int]:
    """What is added before and after, as TensorFlow's documentation of ``SAME`` says."""
    total = max(span - step if size % step == 0 else span - size % step, 0)
    return total // 2, total - total // 2
