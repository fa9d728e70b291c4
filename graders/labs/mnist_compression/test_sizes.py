"""Archives: the function that measures them, and the measured sizes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from graders.framework.checks import check, criterion, observe

if TYPE_CHECKING:
    from graders.framework.definition import Lab
    from graders.labs.mnist_compression.evidence import ArchiveSize, NotebookEvidence

UNITS = (1, 1000, 1024)
# A notebook states a dozen sizes. Fifty would be needed to have one close to every size in the range.
RANGE, STEP, MOST_SIZES = (5_000, 150_000), 1.03, 40
PRUNED = ("FILE_PRUNED_MODEL", "FILE_PRUNED_MODEL_H5", "FILE_PRUNED_MODEL_KERAS")
QUANTISED = "FILE_PRUNED_QUANTIZED_TFLITE"
FLOAT_FILES = (".h5", ".hdf5", ".keras", ".tflite")


@criterion("mnist.sizes.function", runs="notebook")
def test_any_file_is_archived(evidence: NotebookEvidence, lab: Lab) -> None:
    """get_gzipped_model_size returns the archive size of the grader's own file, in bytes or kilobytes."""
    found = evidence.archived.get()
    returned = "no number" if found.given is None else f"{found.given:,.0f}"
    check(
        found.given is not None and _is_archive([found.given * unit for unit in UNITS], found.right, found.right, lab),
        measured=f"it returned {returned} for a new file",
        expected=f"about {found.right:,.0f} bytes",
        hint="no_number" if found.given is None else "archive_function",
        function="get_gzipped_model_size",
    )


@criterion("mnist.sizes.archives", runs="notebook")
def test_archives_were_measured(evidence: NotebookEvidence, lab: Lab) -> None:
    """MODEL_SIZE or the printed output has all three archive sizes; each is worth a third."""
    figures = evidence.figures.get()
    # A file's own size may be close to another file's archive size.
    raw = {float(file.bytes) for file in evidence.archives}
    stored = [size * unit for size in figures.sizes.values() for unit in UNITS]
    stated = [figure for figure in (*stored, *figures.printed) if figure not in raw]
    several = len({round(math.log(figure, STEP)) for figure in stated if RANGE[0] <= figure <= RANGE[1]})
    check(
        several <= MOST_SIZES,
        measured=f"{several} sizes from {RANGE[0]:,} to {RANGE[1]:,} bytes: too many to tell which are the archives'",
        expected="only the sizes of the archives and of the other files",
        hint="archives",
    )
    missing = []
    sizes = {}
    for word, files in _required(evidence).items():
        for file in files:
            sizes[file.name] = f"{file.bytes:,} bytes, {file.deflated:,} in an archive"
        if not any(_is_archive(stated, file.least, file.deflated, lab) for file in files):
            missing.append(_describe(word, files))
    observe(archives=sizes)
    check(
        not missing,
        measured="; ".join(missing) if missing else "the sizes of all three archives were found",
        expected="the archive sizes of the baseline, the pruned and the pruned quantised model",
        hint=_why_sizes(evidence, lab, stated),
        share=1 - len(missing) / 3,
    )


def _required(evidence: NotebookEvidence) -> dict[str, list[ArchiveSize]]:
    """The files whose archives are required; for the baseline, any of its float files counts."""
    known = {archive.constant: archive for archive in evidence.archives}
    others = [
        archive
        for constant, archive in known.items()
        if not any(word in constant for word in ("PRUNED", "QAT", "PT_QUANT")) and archive.name.endswith(FLOAT_FILES)
    ]
    return {
        "baseline": [archive for archive in others if not archive.optimizer],
        "pruned": [known[name] for name in PRUNED if name in known],
        "pruned quantised": [known[QUANTISED]] if QUANTISED in known else [],
    }


def _describe(word: str, files: Sequence[ArchiveSize]) -> str:
    if not files:
        return f"{word}: no file was written"
    names = " or ".join(f"{file.name} ({file.deflated:,} bytes)" for file in files[:2])
    return f"{word}: no size matches the archive of {names}"


def _why_sizes(evidence: NotebookEvidence, lab: Lab, stated: Sequence[float]) -> str:
    required = [file for files in _required(evidence).values() for file in files]
    if any(file.optimizer and _is_archive(stated, file.least, file.deflated, lab) for file in evidence.archives):
        return "optimizer_state"
    if any(_is_archive(stated, file.least, file.deflated, lab) for file in required):
        return "archive_wrong_file"
    return "archives"


def _is_archive(stated: Sequence[float], least: float, deflated: float, lab: Lab) -> bool:
    """Whether one of the numbers is the size of an archive with this much data."""
    low = least * (1 - lab.thresholds["archive"])
    high = deflated * (1 + lab.thresholds["archive"]) + lab.thresholds["archive_bytes"]
    return any(low <= figure <= high for figure in stated)
