"""The files of the notebook's stages, by the names that the stages have in reports and charts."""

from __future__ import annotations

from graders.core.result import Result
from graders.labs.mnist_compression.evidence import ArchiveSize, KerasModel, LiteFile, NotebookEvidence

Staged = tuple[ArchiveSize | None, Result[LiteFile] | Result[KerasModel]]


def staged(evidence: NotebookEvidence) -> dict[str, Staged]:
    """Each stage's file, and the size of its archive if it was written.

    A baseline that was not saved after its training is what its converted file holds.
    """
    archives = {archive.stage: archive for archive in reversed(evidence.archives)}
    baselines = {archive.name: archive for archive in evidence.archives if archive.stage == "baseline"}
    found: dict[str, Result[LiteFile] | Result[KerasModel]] = {
        "baseline": evidence.baseline if evidence.baseline.value is not None else evidence.non_quantised,
        "tflite": evidence.non_quantised,
        "ptq": evidence.post_training,
        "qat_tflite": evidence.quantisation_aware,
        "pruned": evidence.pruned,
        "pruned_quantized": evidence.pruned_quantised,
    }
    own = found["baseline"].value
    archives |= {"baseline": baselines[own.name]} if own is not None and own.name in baselines else {}
    return {stage: (archives.get(stage), file) for stage, file in found.items()}


def accuracy_of(file: LiteFile | KerasModel) -> float | None:
    """A file's accuracy on the hidden digits, if it could be measured."""
    if isinstance(file, KerasModel):
        return file.accuracy
    return file.quality.value.accuracy if file.quality.value is not None else None
