"""Kenning's pruning and clustering pipeline."""

import kenning  # noqa: F401 - chooses Keras 2 before TensorFlow is imported
