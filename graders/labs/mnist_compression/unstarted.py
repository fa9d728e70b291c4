"""Whether the notebook is still as it was handed out: nothing executed, and none of the lab's steps written."""

from __future__ import annotations

from pathlib import Path

from graders.core.errors import SubmissionError
from graders.framework.definition import Lab
from graders.submission import notebooks
from graders.submission.notebooks import Notebook, code_only

STEPS = ("TFLiteConverter", "quantize_model", "quantize_apply", "prune_low_magnitude(", "PolynomialDecay")
"""What code of the lab's steps has, in whatever edition; none of it is given."""


def unstarted_notebook(root: Path, lab: Lab) -> str:
    """Why the notebook in ``root`` counts as not started, with its first gap; ``""`` if it may be started."""
    try:
        notebook = notebooks.read(root / lab.student_file)
    except SubmissionError:
        return ""
    if notebook.form != "ipynb" or _was_executed(notebook):
        return ""
    if any(step in code_only(cell) for cell in notebook.code for step in STEPS):
        return ""
    gap = next(iter(notebooks.find_gaps(notebook)), None)
    if gap is None:
        return "no cell was executed, and none of the lab's steps is written"
    return str(gap)


def _was_executed(notebook: Notebook) -> bool:
    return any(cell.execution_count is not None or cell.outputs for cell in notebook.code)
