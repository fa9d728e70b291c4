"""What a notebook is read into: plain data, bounded, and text only."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class Output:
    """One output of a cell.

    ``kind`` is ``"stream"``, ``"result"``, ``"display"`` or ``"error"``. ``text`` is plain: no colours, no progress bar
    that was overwritten, bounded in length. ``error`` is "NameError: name 'x' is not defined" for an error. ``types``
    are the MIME types that it has beside plain text.
    """

    kind: str
    text: str
    error: str | None = None
    types: tuple[str, ...] = ()


@dataclass(frozen=True)
class Cell:
    """One cell. ``index`` counts from 0 over all cells; ``kind`` is ``"code"``, ``"markdown"`` or ``"raw"``.

    ``execution_count`` is the cell's own, or that of its outputs if it has none. ``stamped``: its metadata say that it
    was executed, as hosted services write them.
    """

    index: int
    kind: str
    source: str
    execution_count: int | None = None
    outputs: tuple[Output, ...] = ()
    stamped: bool = False

    @property
    def shows_execution(self) -> bool:
        """Whether anything in it shows that it was executed: a count, an output, or its metadata."""
        return self.execution_count is not None or bool(self.outputs) or self.stamped


@dataclass(frozen=True)
class Notebook:
    """A notebook as submitted.

    ``path`` is the file that was read. ``form`` is ``"ipynb"``, or ``"py"`` for a script that was exported from one,
    which has no outputs. ``language`` is the kernel's, in lower case; "python" where the notebook does not say.
    ``counted``: at least one cell has an execution count of its own; exports of some hosted services have none.
    """

    path: Path
    form: str
    cells: tuple[Cell, ...]
    language: str = "python"
    notes: tuple[str, ...] = ()
    counted: bool = True

    @property
    def code(self) -> tuple[Cell, ...]:
        """Its code cells."""
        return tuple(cell for cell in self.cells if cell.kind == "code")


@dataclass(frozen=True)
class Found:
    """Which file was chosen as the lab's notebook: paths below the submission's folder.

    ``chosen`` is ``None`` if none can be it; ``others`` are the notebooks that were passed over. ``notes``: why, a
    line each.
    """

    chosen: Path | None
    others: tuple[Path, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class CellCode:
    """A code cell as plain Python with the same number of lines.

    ``index`` is the cell's. ``skipped``: what IPython would have done and Python can't, a line each ("line 1: !pip
    install tensorflow").
    """

    index: int
    code: str
    skipped: tuple[str, ...] = field(default=())
