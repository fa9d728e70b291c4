"""Regression: the corpus and real submissions graded again, and what is different from what was expected or before."""

from graders.cohort.regression.difference import Change, differences
from graders.cohort.regression.engine import Progress, carry_out
from graders.cohort.regression.entries import Entry, case_entries, submission_entries
from graders.cohort.regression.records import Criterion, Record, Regression, read_regression

__all__ = [
    "Change", "Criterion", "Entry", "Progress", "Record", "Regression", "carry_out", "case_entries", "differences",
    "read_regression", "submission_entries",
]  # fmt: skip
