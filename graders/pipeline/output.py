"""The files of a grading's report that are not pytest's: the scorecard, and the file for marks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from graders.core.errors import UsageError
from graders.scoring import Scorecard

if TYPE_CHECKING:
    from graders.scoring.marks import Marks

REPORTS = PAGE_FILE, SCORECARD_FILE, MARKS_FILE = "report.html", "scorecard.json", "marks.toml"


def holds_full_grading(folder: Path) -> bool:
    """Whether a folder has a scorecard that is not a quick look's; whatever can't be read is taken for one."""
    path = folder / SCORECARD_FILE
    if not path.is_file():
        return False
    try:
        return not Scorecard.load(path).quick
    except UsageError:
        return True


def write_results(unmarked: Scorecard, marks: Marks | None, folder: Path) -> Scorecard:
    """Writes both files; the scorecard with its marks. :param marks: those that this grading was given.

    A quick look has no file for marks: it is not what they are given for.
    """
    from graders.scoring.manual_marks import merge_marks

    scorecard = unmarked
    if not unmarked.quick:
        notices = (*unmarked.notices, *_write_marks(unmarked, marks, folder / MARKS_FILE))
        scorecard = merge_marks(replace(unmarked, notices=notices), marks)
    (folder / SCORECARD_FILE).write_text(scorecard.dumps(), encoding="utf-8")
    return scorecard


def _write_marks(unmarked: Scorecard, marks: Marks | None, path: Path) -> Iterator[str]:
    """Writes the file for marks, unless it has marks that this grading was not given; a notice says so then."""
    from graders.scoring.manual_marks import pending
    from graders.scoring.marks import has_marks, write_marks

    items = pending(unmarked)
    if marks is None and has_marks(path):
        yield f"{MARKS_FILE} has marks, which were not counted: grade with --marks and that file"
    elif items:
        write_marks(path, unmarked.submission, items, marks)
