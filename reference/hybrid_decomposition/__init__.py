"""Tucker decomposition and sparsity of convolutions."""

from __future__ import annotations

import os

# tf.keras has to be Keras 2 for this course, and TensorFlow decides that when it is imported.
os.environ.setdefault("TF_USE_LEGACY_KERAS", "1")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
# The matrices of a decomposition are small: threads for them cost more time than they save.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
