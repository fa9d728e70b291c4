"""Notebooks as handed in: finding one, reading it, what it says of its own run, and its code as plain Python.

Every byte of a notebook is the student's. It is read as text and JSON within bounds; nothing in it is executed.
"""

from graders.submission.notebooks.discovery import LAB_NAMES, find
from graders.submission.notebooks.gaps import Gap
from graders.submission.notebooks.model import Cell, CellCode, Found, Notebook, Output
from graders.submission.notebooks.parser import read
from graders.submission.notebooks.plain_python import runnable
from graders.submission.notebooks.printed import Disagreement, Printed, disagreements
from graders.submission.notebooks.stages import QUANTIZED, STAGES, stage_of
from graders.submission.notebooks.static_review import CellError, NotebookReview, Order, as_handed_in

__all__ = [
    "LAB_NAMES",
    "QUANTIZED",
    "STAGES",
    "Cell",
    "CellCode",
    "CellError",
    "Disagreement",
    "Found",
    "Gap",
    "Notebook",
    "NotebookReview",
    "Order",
    "Output",
    "Printed",
    "as_handed_in",
    "disagreements",
    "find",
    "read",
    "runnable",
    "stage_of",
]  # fmt: skip
