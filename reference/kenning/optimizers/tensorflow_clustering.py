"""Where scenarios look for the clustering optimizer: it is the one that you write."""

from __future__ import annotations

from kenning_compression.optimizers import TensorFlowClusteringOptimizer

__all__ = ["TensorFlowClusteringOptimizer"]
