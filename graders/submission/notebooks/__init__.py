"""Submitted notebooks: finding one, reading it, what it shows of its own run, and its code as plain Python.

Every byte of a notebook is the student's. It is read as text and JSON within bounds; nothing in it is executed. What
belongs to one lab, its notebook's names and its stages, is passed in as :class:`WantedNotebook` and
:class:`StageLabels`.
"""

from graders.submission.notebooks.code_gaps import Gap, GapKind, code_gaps
from graders.submission.notebooks.discovery import WantedNotebook, find
from graders.submission.notebooks.execution import Order
from graders.submission.notebooks.gaps import find_gaps
from graders.submission.notebooks.labels import StageLabels
from graders.submission.notebooks.model import Cell, CellCode, Found, Notebook, Output
from graders.submission.notebooks.parser import read
from graders.submission.notebooks.plain_python import code_only, runnable
from graders.submission.notebooks.printed import Disagreement, PrintedMetric, disagreements
from graders.submission.notebooks.static_review import CellError, NotebookReview, review_notebook

__all__ = [
    "Cell",
    "CellCode",
    "CellError",
    "Disagreement",
    "Found",
    "Gap",
    "GapKind",
    "Notebook",
    "NotebookReview",
    "Order",
    "Output",
    "PrintedMetric",
    "StageLabels",
    "WantedNotebook",
    "code_gaps",
    "code_only",
    "disagreements",
    "find",
    "find_gaps",
    "read",
    "review_notebook",
    "runnable",
]  # fmt: skip
