"""What a repair is: what is wrong, where, what to write instead, and the edits of a run's own copy that try it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from graders.core.errors import SourceLine
from graders.submission.notebooks import CellCode


@dataclass(frozen=True)
class NewText:
    """Lines ``first`` to ``last`` of a file, or of a cell such as ``cell 3``, get this text of as many lines."""

    file: str
    first: int
    last: int
    text: str


@dataclass(frozen=True)
class Edits:
    """Changes to what one run is given.

    ``folders`` are made, by their paths from the submission or the working folder. ``texts`` replace lines.
    ``absent``: stand-ins for modules that are not installed are needed. ``order``: indices of a notebook's cells, in
    the order in which they are executed.
    """

    folders: tuple[str, ...] = ()
    texts: tuple[NewText, ...] = ()
    absent: bool = False
    order: tuple[int, ...] = ()

    def __bool__(self) -> bool:
        """Whether anything is changed."""
        return self != Edits()

    def __add__(self, other: Edits) -> Edits:
        """These edits, then the others."""
        return Edits(
            self.folders + other.folders,
            self.texts + other.texts,
            self.absent or other.absent,
            other.order or self.order,
        )

    def apply(self, file: str, text: str) -> str:
        """A file or a cell with its lines replaced; it has as many lines as before."""
        lines = text.split("\n")
        for each in self.texts:
            if each.file == file:
                lines[each.first - 1 : each.last] = each.text.split("\n")
        return "\n".join(lines)

    def of_cells(self, cells: Sequence[CellCode]) -> tuple[CellCode, ...]:
        """A notebook's cells with the edits made, in the order in which they are executed."""
        edited = {cell.index: replace(cell, code=self.apply(cell_name(cell.index), cell.code)) for cell in cells}
        return tuple(edited[index] for index in self.order or edited)


def cell_name(index: int) -> str:
    """The name of a cell as the file of a place."""
    return f"cell {index + 1}"


@dataclass(frozen=True)
class Repair:
    """One repair of a run: ``wrong`` and ``instead`` say in a line each what is wrong and what to write instead.

    ``name``: of its entry in the table. ``place``: the student's own line that failed.
    """

    name: str
    place: SourceLine
    wrong: str
    instead: str
    edits: Edits


@dataclass(frozen=True)
class Failure:
    """What a run raised, as it says itself: the exception's class, its message, and the student's line."""

    exception: str
    message: str
    place: SourceLine


@dataclass(frozen=True)
class CellSource:
    """A code cell of a notebook: its index, the number of its execution, if it has one, and its code."""

    index: int
    count: int | None
    code: str


@dataclass(frozen=True)
class Given:
    """What a run was given in place of paths of the student's machine; empty if there is no such thing."""

    model: str = ""
    dataset: str = ""


@dataclass(frozen=True)
class Surroundings:
    """What repairs are found by, beside the failure.

    ``read``: a file of the student's, or a cell, as the run had it; None for any other. ``folder_exists``: whether the
    run had that folder. ``cells``: a notebook's, in its order. ``submitted``: whether the submission has a module or
    package of that name. ``files``: the paths of the submission's files.
    """

    read: Callable[[str], str | None]
    folder_exists: Callable[[str], bool]
    submitted: Callable[[str], bool]
    given: Given = Given()
    cells: tuple[CellSource, ...] = ()
    files: Callable[[], Sequence[str]] = tuple

    def texts(self, file: str) -> dict[str, str]:
        """The file, or if it is a cell, every cell of its notebook: what shares its names."""
        if self.cells:
            return {cell_name(cell.index): cell.code for cell in self.cells}
        text = self.read(file)
        return {} if text is None else {file: text}
