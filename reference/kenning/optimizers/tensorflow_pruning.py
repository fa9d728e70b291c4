"""Where scenarios look for the pruning optimizer: it is the one that you write."""

from __future__ import annotations

from kenning_compression.optimizers import TensorFlowPruningOptimizer

__all__ = ["TensorFlowPruningOptimizer"]
