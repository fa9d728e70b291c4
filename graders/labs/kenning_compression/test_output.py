"""What an optimizer writes: a plain Keras model, its specification, its archive."""

from __future__ import annotations

from typing import TYPE_CHECKING

from graders.core.verdicts import Verdict
from graders.framework.checks import check, criterion
from graders.labs.kenning_compression import checks, work

if TYPE_CHECKING:
    from graders.labs.kenning_compression.evidence import OptimizedEvidence


@criterion("kenning.output.file", runs="pruned-drawn,pruned-nested,clustered-drawn,clustered-tuned-drawn")
def test_file_is_plain(evidence: OptimizedEvidence) -> None:
    """The file is a whole Keras model without an optimizer's state and without wrappers."""
    work.require_work(evidence)
    checks.require_plain(evidence.file.get())


@criterion("kenning.output.specification", runs="pruned-drawn,pruned-nested,clustered-drawn,clustered-dense")
def test_specification(evidence: OptimizedEvidence) -> None:
    """The file's inputs and outputs are described beside it: those passed, else those of the given model."""
    work.require_work(evidence)
    found = evidence.specification.get()
    shapes = [(shape[1:], kind) for _, shape, kind in found.inputs]
    wanted = [(shape[1:], kind) for _, shape, kind in found.expected]
    names, expected = [each[0] for each in found.inputs], [each[0] for each in found.expected]
    right = sorted(shapes) == sorted(wanted) and (found.made or sorted(names) == sorted(expected))
    check(
        right and found.outputs > 0,
        measured=f"inputs {_shown(found.inputs)}, {found.outputs} outputs",
        expected=f"inputs {_shown(found.expected)} and the output",
        hint="specification",
    )


def _shown(tensors: tuple[tuple[str, tuple[int, ...], str], ...]) -> str:
    return ", ".join(f"{name} {list(shape)} {kind}" for name, shape, kind in tensors) or "none"


@criterion("kenning.output.archive", runs="pruned-nested,clustered-tuned-drawn")
def test_archive(evidence: OptimizedEvidence) -> None:
    """With save_to_zip, a compressed archive with the model lies beside it."""
    work.require_work(evidence)
    error = evidence.archive.error
    missing = error is not None and getattr(error, "verdict", None) is Verdict.MISSING
    check(not missing, measured="no archive beside the model", expected="the model's archive", hint="no_archive")
    found = evidence.archive.get()
    check(
        found.holds and found.deflated,
        measured=f"{found.name} with {found.size:,} bytes "
        + ("does not hold the model's file" if not found.holds else "stores it without compressing it"),
        expected="the model's file, compressed with DEFLATE",
        hint="archive",
    )


@criterion("kenning.output.archive", runs="pruned-drawn")
def test_no_archive(evidence: OptimizedEvidence) -> None:
    """Without save_to_zip, there is no archive."""
    work.require_work(evidence)
    found = evidence.archive.value
    check(
        found is None,
        measured=f"{found.name if found is not None else 'no archive'} was written",
        expected="no archive unless save_to_zip is set",
        hint="always_archived",
    )
