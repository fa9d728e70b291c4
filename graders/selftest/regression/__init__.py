"""Regression: the corpus and real submissions graded again, and what is different from what was expected or before."""

from graders.selftest.regression.classes import read_class
from graders.selftest.regression.difference import Change, differences
from graders.selftest.regression.engine import Progress, run_all
from graders.selftest.regression.entries import Entry, case_entries, submission_entries
from graders.selftest.regression.records import Criterion, Record, Regression, read_regression

__all__ = [
    "Change",
    "Criterion",
    "Entry",
    "Progress",
    "Record",
    "Regression",
    "case_entries",
    "differences",
    "read_class",
    "read_regression",
    "run_all",
    "submission_entries",
]  # fmt: skip
