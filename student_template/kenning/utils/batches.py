"""Batches for models, from single samples."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np


def stack(samples: Sequence[Any]) -> Any:
    """Samples as one float32 array; as a tuple of arrays if each sample is a tuple with several inputs' values."""
    if samples and isinstance(samples[0], tuple):
        return tuple(stack(values) for values in zip(*samples, strict=True))
    return np.asarray(samples, dtype=np.float32)
