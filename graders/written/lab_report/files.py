"""A report's files: Markdown, or a notebook, whose text cells are Markdown."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from pathlib import Path

from graders.core.errors import SubmissionError
from graders.submission.limits import MAX_TEXT
from graders.submission.notebooks import parser
from graders.written.claims import Document, read_document
from graders.written.claims.files import NotThere, read_inside
from graders.written.claims.inline import without_data
from graders.written.claims.model import Place
from graders.written.claims.summaries import SummaryFile
from graders.written.claims.summaries import text_of as decoded

MAX_FILE = 4 << 20
NOTEBOOK = ".ipynb"


@dataclass(frozen=True)
class ReportFile(SummaryFile):
    """A file of the report. Of a notebook, ``text`` is that of its text cells one below the other, and ``cells`` says
    at which line each begins, and its number in the notebook, counted from 1.
    """

    cells: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True)
class CellsDocument(Document):
    """A notebook's text cells as one document, in which a line's place is the cell and the line in it."""

    cells: tuple[tuple[int, int], ...] = ()

    def place(self, line: int) -> Place:
        """The cell that a line is in, and its line there."""
        at = bisect_right(self.cells, (line, 0xFFFFFFFF)) - 1
        first, number = self.cells[max(at, 0)]
        return Place(f"{self.file}, cell {number}", line - first + 1)


def read_file(root: Path, path: str) -> tuple[ReportFile, str]:
    """A file of a report, and what had to be guessed about its text.

    :raises NotThere: it can't be read.
    """
    if not path.lower().endswith(NOTEBOOK):
        text, note = decoded(read_inside(root, path, MAX_FILE))
        return ReportFile(path, without_data(text)[: MAX_TEXT + 1]), note
    try:
        notebook = parser.read(root / path)
    except SubmissionError as problem:
        raise NotThere(str(problem)) from None
    lines: list[str] = []
    cells = []
    left = MAX_TEXT
    for cell in notebook.cells:
        if cell.kind == "markdown" and cell.source.strip() and left > 0:
            text = without_data(cell.source)[: left + 1]
            left -= len(text)
            cells.append((len(lines) + 1, cell.index + 1))
            lines += [*text.split("\n"), ""]
    return ReportFile(path, "\n".join(lines), tuple(cells)), ""


def document_of(file: ReportFile) -> Document:
    """The blocks of a file."""
    document = read_document(file.text, file.path)
    if not file.cells:
        return document
    return CellsDocument(document.file, document.blocks, document.images, document.notes, file.cells)
