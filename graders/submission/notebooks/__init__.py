"""Notebooks as handed in: finding one, reading it, what it says of its own run, and its code as plain Python.

Every byte of a notebook is the student's. It is read as text and JSON within bounds; nothing in it is executed.
"""

from graders.submission.notebooks.finding import LAB_NAMES, find
from graders.submission.notebooks.model import Cell, CellCode, Found, Notebook, Output
from graders.submission.notebooks.reading import read
from graders.submission.notebooks.running import runnable

__all__ = ["LAB_NAMES", "Cell", "CellCode", "Found", "Notebook", "Output", "find", "read", "runnable"]
