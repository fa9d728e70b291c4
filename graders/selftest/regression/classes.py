"""A class that was graded by ``python -m graders cohort``, as an earlier run that a regression is compared with."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from graders.cohort.against import open_earlier
from graders.cohort.recorder import kind_of, reason_of
from graders.cohort.store import read_scorecard
from graders.reports.formats.matching import normal
from graders.selftest.regression.entries import Entry
from graders.selftest.regression.records import Record, Regression, criteria_of
from graders.submission import submission_name


def read_class(folder: Path, entries: Iterable[Entry]) -> Regression:
    """The class's results from its store, under the names of the entries that are the same submissions.

    :raises UsageError: in one line, if there is no store that can be read.
    """
    paths = [(entry.name, entry.submission) for entry in entries]
    names = {normal(submission_name(path)): name for name, path in paths if path is not None}
    records = {}
    with open_earlier(folder) as store:
        for stored in store.submissions():
            name = names.get(normal(stored.name), stored.name)
            attempt = None if stored.problem else store.latest(stored.id)
            text = store.scorecard(stored.id)
            parts = attempt.parts if attempt is not None else {}
            if text is not None and kind_of(stored, attempt) in ("graded", "unscored"):
                criteria = criteria_of(read_scorecard(text, frozenset()))
                records[name] = Record(name=name, title=stored.name, parts=parts, criteria=criteria)
            else:
                fault = reason_of(stored, attempt)
                records[name] = Record(name=name, title=stored.name, parts=parts, fault=fault)
    return Regression(records, {})
