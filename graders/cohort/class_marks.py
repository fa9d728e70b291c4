"""Takes marks from a file into the store, and keeps the class's file for marks."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path

from graders.cohort.marking.file import FILE, read_class_marks, write_class_marks
from graders.cohort.marking.model import REPORT, ClassMark, ClassMarks, report_key
from graders.cohort.results import class_questions, owner
from graders.cohort.store import FILE as STORE
from graders.cohort.store import CohortStore, open_finished
from graders.core.errors import UsageError

WRITTEN = "marks written"
EMPTY = ClassMark(None)


def take_marks(
    store: CohortStore, folder: Path, file: Path, maxima: Mapping[str, Decimal], salt: bytes
) -> Iterator[str]:
    """Stores what a file says: of each of its entries, in place of what was known; lines about it.

    Reports without a passage are called differently in each class's folder. Those of the folder that the file lies in
    are found by the store beside it.

    :raises UsageError: it can't be used; nothing of it is stored.
    """
    try:
        marks = read_class_marks(file, maxima)
    except UsageError as error:
        raise UsageError(f"--marks {error}") from None
    names, unknown = _report_names(store, folder, file, salt), 0
    taken = {}
    for (criterion, key), mark in marks.items():
        if key.startswith(REPORT) and key not in names:
            unknown += mark != EMPTY
        taken[criterion, names.get(key, key)] = mark
    store.set_marks(taken)
    if unknown:
        entries = "1 entry names a report" if unknown == 1 else f"{unknown} entries name reports"
        yield (
            f"--marks {file}: {entries} without a passage, of another class's folder or an earlier version of the work;"
            f" give the marks.toml that lies beside that class's {STORE} to carry them over"
        )


def _report_names(store: CohortStore, folder: Path, file: Path, salt: bytes) -> dict[str, str]:
    """What reports in a file of marks are called in this folder, by what they are called in the file."""
    names = {report_key(owner(*each), salt): report_key(owner(*each), salt) for each in store.every_parts()}
    if (file.parent / STORE).is_file() and not file.parent.samefile(folder):
        with open_finished(file.parent) as earlier:
            if earlier.salt is not None:
                owners = {owner(*each) for each in earlier.every_parts()}
                names |= {report_key(each, earlier.salt): report_key(each, salt) for each in owners}
    return names


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
