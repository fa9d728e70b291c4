"""The files of the notebook's stages, by the names that the stages have in reports and charts."""

from __future__ import annotations

from graders.core.result import Result
from graders.labs.mnist_compression import files
from graders.labs.mnist_compression.evidence import ArchiveSize, KerasModel, LiteFile, NotebookEvidence

Staged = tuple[ArchiveSize | None, Result[LiteFile] | Result[KerasModel]]


def staged(evidence: NotebookEvidence) -> dict[str, Staged]:
    """Each stage's file, and the size of its archive if it was written."""
    archives = {archive.constant: archive for archive in evidence.archives}
    return {
        "baseline": (archives.get(files.WEIGHTS), evidence.baseline),
        "tflite": (archives.get(files.NON_QUANTISED), evidence.non_quantised),
        "ptq": (archives.get(files.POST_TRAINING), evidence.post_training),
        "qat_tflite": (archives.get(files.AWARE), evidence.quantisation_aware),
        "pruned": (archives.get(files.PRUNED), evidence.pruned),
        "pruned_quantized": (archives.get(files.PRUNED_QUANTISED), evidence.pruned_quantised),
    }


def accuracy_of(file: LiteFile | KerasModel) -> float | None:
    """A file's accuracy on the hidden digits, if it could be measured."""
    if isinstance(file, KerasModel):
        return file.accuracy
    return file.quality.value.accuracy if file.quality.value is not None else None
