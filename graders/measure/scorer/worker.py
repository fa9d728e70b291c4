"""The scorer process's driver: what it does with a file, by the name of the operation.

The driver is the grader's, but the file is the student's, so it runs in a sandbox. It uses LiteRT alone, in one thread,
and gives plain numbers back. A file that can't be measured ends in :class:`.operations.answers.Unmeasurable`. A lab
that needs more has a driver of its own with these operations and further ones.
"""

from __future__ import annotations

from collections.abc import Callable

from graders.measure.scorer.operations import files, inference, latency, pictures
from graders.measure.scorer.operations.answers import Answer, of_the_file

_OPERATIONS: dict[str, Callable[..., Answer]] = {
    "read": files.read,
    "tensors": files.tensors,
    "nonzero_weights": files.nonzero_weights,
    "keras_weights": files.keras_weights,
    "compare_weights": files.compare_weights,
    "compress": files.compress,
    "lineage": files.lineage,
    "unusual": files.unusual,
    "infer_frames": inference.infer_frames,
    "infer_tensors": inference.infer_tensors,
    "matrix_contrast": pictures.matrix_contrast,
    "prepare_pair": latency.prepare_pair,
    "time_pair": latency.time_pair,
}
OPERATIONS = {name: of_the_file(operation) for name, operation in _OPERATIONS.items()}
