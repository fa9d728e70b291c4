"""Starter code: the few parts of Kenning that this lab needs, with Kenning's names.

Code written against these parts runs with Kenning as well. Grading uses its own copy, so changes here have no effect.
"""

from __future__ import annotations

import os

# tf.keras has to be Keras 2 for tensorflow-model-optimization, and TensorFlow decides that when it is imported.
os.environ.setdefault("TF_USE_LEGACY_KERAS", "1")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
