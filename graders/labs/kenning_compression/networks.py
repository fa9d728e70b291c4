"""What the given networks and their data have in common: names of layers, sizes, values."""

from __future__ import annotations

CLASSES, TARGET = 5, 2
IMAGE = (8, 8, 4)
PIXELS = IMAGE[0] * IMAGE[1]
MOMENTUM = 0.99
COUNTER, SCORES = "counter", "scores"
LOWEST, LOW = -7.5, -1.0
"""The biases of the last layer: of the class of all images, and of the others."""
