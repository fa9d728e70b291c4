"""Archives: the function that measures them, and the measured sizes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from graders.framework.checks import check, criterion, observe
from graders.labs.mnist_compression import checks

if TYPE_CHECKING:
    from graders.framework.definition import Lab
    from graders.labs.mnist_compression.evidence import ArchiveSize, NotebookEvidence
    from graders.submission.notebooks import Gap

UNITS = (1, 1000, 1024)
# A notebook states a dozen sizes. Fifty would be needed to have one close to every size in the range.
RANGE, STEP, MOST_SIZES = (5_000, 150_000), 1.03, 40
# Of the baseline, any of its float files counts.
REQUIRED = {"baseline": ("baseline", "tflite"), "pruned": ("pruned",), "pruned quantised": ("pruned_quantized",)}
MADE_BY = {
    "baseline": "FILE_NON_QUANTIZED_TFLITE",
    "pruned": "FILE_PRUNED_MODEL",
    "pruned quantised": "FILE_PRUNED_QUANTIZED_TFLITE",
}


@criterion("mnist.sizes.function", runs="notebook")
@checks.depends_on("get_gzipped_model_size")
def test_any_file_is_archived(evidence: NotebookEvidence, lab: Lab) -> None:
    """get_gzipped_model_size returns the archive size of the grader's own file, in bytes or kilobytes."""
    found = evidence.archived.get()
    checks.require_own_file(evidence)
    returned = "no number" if found.given is None else f"{found.given:,.0f}"
    check(
        found.given is not None and _is_archive([found.given * unit for unit in UNITS], found.right, found.right, lab),
        measured=f"it returned {returned} for a new file",
        expected=f"about {found.right:,.0f} bytes",
        hint="no_number" if found.given is None else "archive_function",
        function="get_gzipped_model_size",
    )


@criterion("mnist.sizes.archives", runs="notebook")
@checks.depends_on(
    "get_gzipped_model_size", "FILE_NON_QUANTIZED_TFLITE", "FILE_PRUNED_MODEL", "FILE_PRUNED_QUANTIZED_TFLITE"
)
def test_archives_were_measured(evidence: NotebookEvidence, lab: Lab) -> None:
    """MODEL_SIZE or the printed output has all three archive sizes; each is worth a third."""
    figures = evidence.figures.get()
    checks.require_own_file(evidence)
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
        unwritten = evidence.gaps.get(MADE_BY[word], ()) if _is_unpruned(word, evidence) else ()
        if unwritten or not any(_is_archive(stated, file.least, file.deflated, lab) for file in files):
            missing.append(_describe(word, files, unwritten))
    observe(archives=sizes)
    check(
        not missing,
        measured="; ".join(missing) if missing else "the sizes of all three archives were found",
        expected="the archive sizes of the baseline, the pruned and the pruned quantised model",
        hint=_why_sizes(evidence, lab, stated),
        share=1 - len(missing) / 3,
    )


def _required(evidence: NotebookEvidence) -> dict[str, list[ArchiveSize]]:
    """The files whose archives are required, by what each is of."""
    return {
        word: [archive for archive in evidence.archives if archive.stage in stages] for word, stages in REQUIRED.items()
    }


def _is_unpruned(word: str, evidence: NotebookEvidence) -> bool:
    """Whether a file that should hold a pruned model holds none."""
    pruned = evidence.pruned.value if word == "pruned" else evidence.pruned_quantised.value
    return word != "baseline" and (pruned is None or pruned.layers.sparsest() < checks.SPARSE)


def _describe(word: str, files: Sequence[ArchiveSize], gaps: Sequence[Gap]) -> str:
    if gaps:
        return f"{word}: {gaps[0]}"
    if not files:
        return f"{word}: no file was written"
    names = " or ".join(f"{file.name} ({file.deflated:,} bytes)" for file in files[:2])
    return f"{word}: no size matches the archive of {names}"


def _why_sizes(evidence: NotebookEvidence, lab: Lab, stated: Sequence[float]) -> str:
    required = [file for files in _required(evidence).values() for file in files]
    if any(_is_archive(stated, file.least, file.deflated, lab) for file in required):
        return "archive_wrong_file"
    return "archives"


def _is_archive(stated: Sequence[float], least: float, deflated: float, lab: Lab) -> bool:
    """Whether one of the numbers is the size of an archive with this much data."""
    low = least * (1 - lab.thresholds["archive"])
    high = deflated * (1 + lab.thresholds["archive"]) + lab.thresholds["archive_bytes"]
    return any(low <= figure <= high for figure in stated)
