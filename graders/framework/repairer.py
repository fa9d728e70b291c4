"""Repeating a run with repairs: each failure that the table knows is repaired once, and the run begins again."""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Sequence
from functools import partial, reduce
from operator import add
from pathlib import Path, PurePosixPath

from graders.core.errors import RunError, SourceLine
from graders.core.verdicts import Verdict
from graders.framework.context import LabContext
from graders.framework.repairs import Edits, Failure, Repair, Surroundings, advise, find_repair
from graders.framework.repairs.copies import student_text
from graders.framework.repairs.model import CellSource, Given, cell_name
from graders.framework.runner import RunLog
from graders.sandbox import Limits

# Imports of several absent modules take a round each.
MOST_REPAIRS = 6


class Repairer:
    """The repairs of one run. It begins again whenever :meth:`accept` says so, with :attr:`edits` made."""

    def __init__(
        self, context: LabContext, log: RunLog, cells: Sequence[CellSource] = (), limits: Limits | None = None
    ) -> None:
        """:param cells: of a notebook, whose failures are at places such as ``cell 3``.

        :param limits: in place of the lab's.
        """
        self._context = context
        self._log = log
        self._cells = {cell_name(cell.index): cell for cell in cells}
        self._began = time.monotonic()
        # All rounds but the last together take no longer than one run may take.
        self._limit_s = (limits or context.lab.limits).on_this_machine().wall_s
        self._repaired: Failure | None = None
        self._closed = False

    @property
    def edits(self) -> Edits:
        """What all repairs so far change."""
        return reduce(add, (each.edits for each in self._log.repairs), Edits())

    def accept(self, error: RunError | None, given: Given = Given()) -> bool:  # noqa: B008 - frozen
        """Whether the run is to begin again because of this error, with one more repair.

        :param given: what the run has in place of paths of the student's machine.
        """
        failure = None if error is None else self._failure(error)
        if error is None or failure is None:
            return False
        if failure == self._repaired and not self._closed:
            # The last repair changed nothing.
            self._log.repairs.pop()
            self._closed = True
        around = self._surroundings(given)
        repair = find_repair(failure, around) if self._may_begin_again else None
        if repair is None or repair in self._log.repairs:
            error.advise(advise(failure, around))
            return False
        self._repaired = failure
        self._log.repairs.append(repair)
        self._log.say(f"begins again, repaired: {repair.wrong}")
        return True

    def explain(self, errors: Iterable[RunError], given: Given = Given()) -> None:  # noqa: B008 - frozen
        """Adds the likely cause to further errors of a run that does not begin again."""
        for error in errors:
            failure = self._failure(error)
            if failure is not None:
                error.advise(advise(failure, self._surroundings(given)))

    @property
    def _may_begin_again(self) -> bool:
        used = time.monotonic() - self._began
        return not self._closed and len(self._log.repairs) < MOST_REPAIRS and used < self._limit_s

    def _failure(self, error: RunError) -> Failure | None:
        """What the code raised, at the innermost line of the student's own."""
        if error.verdict is not Verdict.FAILED or not error.exception:
            return None
        own = [place for place in error.places if place.line > 0 and self._text(place.file) is not None]
        if not own:
            return None
        place = own[-1]
        return Failure(error.exception, _message(error), SourceLine(place.file, place.line, place.code))

    def _text(self, file: str) -> str | None:
        """A file of the student's or a cell, as this round has it."""
        cell = self._cells.get(file)
        if cell is not None:
            return self.edits.apply(file, cell.code)
        if _is_given(file, self._context.lab.given):
            return None
        text = student_text(self._context.code, file)
        return None if text is None else self.edits.apply(file, text)

    def _surroundings(self, given: Given) -> Surroundings:
        code, workdir = self._context.code, self._context.workdir(self._log.name)
        beside = code / PurePosixPath(self._context.lab.student_file).parent
        edits = self.edits
        return Surroundings(
            read=self._text,
            folder_exists=lambda folder: any((root / folder).is_dir() for root in (code, workdir)),
            submitted=lambda name: any(_has_module(root, name) for root in (code, beside)),
            given=given,
            files=partial(_files, code),
            cells=tuple(
                CellSource(cell.index, cell.count, edits.apply(name, cell.code)) for name, cell in self._cells.items()
            ),
        )


def _message(error: RunError) -> str:
    """The exception's own message."""
    return re.sub(rf"\A(?:cell \d+ raised )?{re.escape(error.exception)}(?:: )?", "", error.message)


def _has_module(root: Path, name: str) -> bool:
    return (root / name).is_dir() or (root / f"{name}.py").is_file()


def _files(root: Path) -> list[str]:
    """The submission's files, by their paths."""
    return sorted(path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file())


def _is_given(file: str, given: Sequence[str]) -> bool:
    return any(file == each or file.startswith(f"{each}/") for each in given)


def stated(repairs: Sequence[Repair]) -> str:
    """Repairs in a line, for a run's note."""
    return "; ".join(f"{each.place}: {each.wrong}" for each in repairs)
