"""Takes marks from a file into the store, and keeps the class's file for marks."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path

from graders.cohort.marking.file import FILE, read_class_marks, write_class_marks
from graders.cohort.marking.model import ClassMark, ClassMarks
from graders.cohort.results import class_questions
from graders.cohort.store import CohortStore
from graders.core.errors import UsageError

WRITTEN = "marks written"
EMPTY = ClassMark(None)


def take_marks(store: CohortStore, file: Path, maxima: Mapping[str, Decimal]) -> None:
    """Stores what a file says: of each of its entries, in place of what was known.

    :raises UsageError: it can't be used; nothing of it is stored.
    """
    try:
        store.set_marks(read_class_marks(file, maxima))
    except UsageError as error:
        raise UsageError(f"--marks {error}") from None


def keep_marks(store: CohortStore, folder: Path, given: Path | None, salt: bytes) -> Iterator[str]:
    """Writes the class's file for marks with all that is filled in, if there is anything to mark; lines about it.

    What somebody changed in it without giving it to this run stays in the file, and does not count.
    """
    path = folder / FILE
    questions = class_questions(store, salt)
    shown = dict(store.marks())
    if path.exists() and not (given is not None and given.exists() and given.samefile(path)):
        try:
            filled = read_class_marks(path, {})
        except UsageError as error:
            yield f"{error}; it is left as it is"
            return
        written = _loads(store.fact(WRITTEN))
        changed = {key: mark for key, mark in filled.items() if mark not in (written.get(key, EMPTY), shown.get(key))}
        shown |= changed
        if changed:
            count = "1 entry is" if len(changed) == 1 else f"{len(changed)} entries are"
            yield f"{path}: {count} new and not counted yet: add --marks {path}"
    if questions or shown:
        write_class_marks(path, questions, shown, salt)
        # Beside what was changed in the file, which is to be found again.
        store.set_fact(WRITTEN, _dumps(store.marks()))


def _dumps(marks: ClassMarks) -> str:
    return json.dumps(
        [[*key, None if mark.points is None else str(mark.points), mark.comment] for key, mark in marks.items()]
    )


def _loads(text: str | None) -> dict[tuple[str, str], ClassMark]:
    rows = json.loads(text or "[]")
    return {
        (criterion, key): ClassMark(None if points is None else Decimal(points), comment)
        for criterion, key, points, comment in rows
    }
