"""A summary's Markdown as blocks with line numbers: headings, lines, tables, images. Bounded, and text only."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise, takewhile
from typing import TYPE_CHECKING, Any

from graders.submission.limits import MAX_CELLS, MAX_TEXT
from graders.written.claims.cell_budget import within_cells
from graders.written.claims.inline import ImageMark, images, plain_text, whole_lines, without_data
from graders.written.claims.model import Form, Place
from graders.written.claims.text_tables import table_at

if TYPE_CHECKING:
    from markdown_it.token import Token

MAX_LINES = 10_000
MAX_LINE = 4_000
MAX_COLUMNS = 60
# The rule counts as a line of cells, too, so a table of one row has at most half as many again.
MAX_COUNTED = 2
MAX_IMAGES = 500
PSEUDO_LEVEL = 7
_LOOSE_HEADING = re.compile(r"(#{1,6})(?=[^#\s])(.*)")
_BOLD_LINE = re.compile(r"\s*(?:\*\*|__)([^*_]{1,120})(?:\*\*|__):?\s*")
_ROW = re.compile(r"<tr\b[^<>]{0,500}>", re.IGNORECASE)
_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
_CELL = re.compile(r"<t[dh]\b[^<>]{0,500}>", re.IGNORECASE)


@dataclass(frozen=True)
class Heading:
    """A heading; a paragraph that is all bold counts as one of level 7."""

    level: int
    text: str
    line: int
    above: tuple[str, ...] = ()


@dataclass(frozen=True)
class Line:
    """A line of text, as a reader sees it. ``headings``: those it stands under, the outermost first. ``number`` is that
    of a numbered item which begins here. ``code``: whether it is one of a block of code.
    """

    text: str
    line: int
    form: Form
    headings: tuple[str, ...]
    number: int | None = None
    code: bool = False


@dataclass(frozen=True)
class Row:
    """A row of a table."""

    cells: tuple[str, ...]
    line: int


@dataclass(frozen=True)
class Table:
    """A table, header and rows of any length."""

    header: Row
    rows: tuple[Row, ...]
    headings: tuple[str, ...]

    @property
    def line(self) -> int:
        """Where it begins."""
        return self.header.line


@dataclass(frozen=True)
class Image:
    """An image that the text shows. ``near``: the texts that may say what it shows, the nearest first."""

    target: str
    alternative: str
    line: int
    near: tuple[str, ...]


Block = Heading | Line | Table


@dataclass(frozen=True)
class Document:
    """A summary's blocks and images in order. ``notes``: what was left out."""

    file: str
    blocks: tuple[Block, ...]
    images: tuple[Image, ...]
    notes: tuple[str, ...] = ()

    def place(self, line: int) -> Place:
        """A line of this document."""
        return Place(self.file, line)


def read_document(markdown: str, file: str = "summary.md") -> Document:
    """The blocks of a Markdown text. Text beyond the bounds is left out, and the notes say so."""
    from markdown_it import MarkdownIt

    text, notes, cut = _bounded(markdown)
    environment: dict[str, Any] = {}
    parser = MarkdownIt("commonmark", {"maxNesting": 20}).enable("table").disable("inline")
    tokens = parser.parse(text, environment)
    named = {name: str(one["href"]) for name, one in environment.get("references", {}).items()}
    reader = _Reader(named)
    reader.cut = cut
    reader.read(tokens)
    return Document(file, tuple(reader.blocks), tuple(reader.images[:MAX_IMAGES]), (*notes, *reader.left_out()))


def _bounded(markdown: str) -> tuple[str, tuple[str, ...], bool]:
    """The text that is parsed, notes of what of it is not, and whether cells of tables are not."""
    notes = []
    text = without_data(markdown.replace("\r\n", "\n").replace("\r", "\n").replace("\0", " "))
    lines = text.removeprefix("\ufeff").split("\n")
    if len(lines) > MAX_LINES:
        lines = lines[:MAX_LINES]
        notes.append(f"only the first {MAX_LINES:,} lines were read")
    if any(len(line) > MAX_LINE for line in lines):
        lines = [line[:MAX_LINE] for line in lines]
        notes.append(f"of lines longer than {MAX_LINE:,} characters only the beginning was read")
    text = "\n".join(lines)
    if len(text) > MAX_TEXT:
        text = text[:MAX_TEXT]
        notes.append(f"only the first {MAX_TEXT:,} characters were read")
    lines, cut = within_cells(text.split("\n"), MAX_COUNTED * MAX_CELLS)
    return "\n".join(lines), tuple(notes), cut


class _Reader:
    """Goes once through the parser's tokens."""

    def __init__(self, named: Mapping[str, str]) -> None:
        self.named = named
        self.blocks: list[Block] = []
        self.images: list[Image] = []
        self.stack: list[Heading] = []
        self.lists = 0
        self.cells = 0
        self.cut = False
        self.columns = 0
        self.last = ""
        self.number: int | None = None

    def read(self, tokens: Sequence[Token]) -> None:
        """Turns all tokens into blocks."""
        coming = iter(tokens)
        for token in coming:
            if token.type == "table_open":
                self._table(takewhile(lambda inner: inner.type != "table_close", coming), _line(token))
            elif token.type == "heading_open":
                self._heading(int(token.tag[1:]), next(coming).content, _line(token))
            elif token.type in ("bullet_list_open", "ordered_list_open"):
                self.lists += 1
            elif token.type in ("bullet_list_close", "ordered_list_close"):
                self.lists -= 1
            elif token.type == "list_item_open":
                self.number = int(token.info) if token.info.isdigit() and len(token.info) < 4 else None
            elif token.type == "inline":
                self._paragraph(token.content, _line(token))
            elif token.type in ("fence", "code_block"):
                self._code(token.content.split("\n"), _line(token) + (token.type == "fence"))
            elif token.type == "html_block":
                self._html(token.content, _line(token))

    def _code(self, lines: Sequence[str], first: int) -> None:
        """A block of code: tables in it as tables, and its other lines."""
        at = 0
        while at < len(lines):
            table = table_at(lines, at)
            if table is None:
                self._line(lines[at], first + at, Form.LINE, code=True)
                at += 1
                continue
            rows: list[Row] = []
            for number, cells in table.rows:
                self._row(rows, cells, first + number)
            self._add_table(rows)
            at = table.until

    def left_out(self) -> Iterator[str]:
        """What of tables and images is beyond the bounds."""
        if self.columns > MAX_COLUMNS:
            yield f"of rows with more than {MAX_COLUMNS:,} cells only the first cells were read"
        if self.cut or self.cells > MAX_CELLS:
            yield f"only the first {MAX_CELLS:,} cells of tables were read"
        if len(self.images) > MAX_IMAGES:
            yield f"only the first {MAX_IMAGES:,} images were looked at"

    def _heading(self, level: int, raw: str, line: int) -> None:
        self._images(raw, line)
        text = plain_text(raw)
        self.stack = [heading for heading in self.stack if heading.level < level]
        heading = Heading(level, text, line, self._above())
        self.stack.append(heading)
        self.blocks.append(heading)
        self.last = text

    def _paragraph(self, content: str, first: int) -> None:
        lines = list(whole_lines(content))
        bold = _BOLD_LINE.fullmatch(lines[0][1]) if len(lines) == 1 and not self.lists else None
        if bold:
            self._heading(PSEUDO_LEVEL, bold.group(1).rstrip(":"), first)
            return
        for number, line in lines:
            loose = _LOOSE_HEADING.match(line)
            if loose and not self.lists:
                self._heading(len(loose.group(1)), loose.group(2), first + number)
            else:
                self._line(line, first + number, Form.LINE if self.lists else Form.PROSE)

    def _line(self, raw: str, line: int, form: Form, *, code: bool = False) -> None:
        if not code:
            self._images(raw, line)
        text = " ".join(raw.split()) if code else plain_text(raw)
        if text:
            self.blocks.append(Line(text, line, form, self._above(), self.number, code))
            self.last, self.number = text, None

    def _above(self) -> tuple[str, ...]:
        return tuple(heading.text for heading in self.stack)

    def _images(self, raw: str, line: int, nearer: tuple[str, ...] = ()) -> None:
        if ("!" not in raw and "<" not in raw) or len(self.images) > MAX_IMAGES:
            return
        marks = images(raw, self.named)
        around = plain_text(raw) if marks else ""
        for mark in marks[: MAX_IMAGES + 1]:
            self._image(mark, line, (*nearer, around))

    def _image(self, mark: ImageMark, line: int, nearer: tuple[str, ...]) -> None:
        near = (*nearer, self.last, *(heading.text for heading in reversed(self.stack)))
        self.images.append(
            Image(mark.target, mark.alternative, line, tuple(dict.fromkeys(text for text in near if text)))
        )

    def _table(self, tokens: Iterable[Token], line: int) -> None:
        rows: list[Row] = []
        raw: list[str] = []
        for token in tokens:
            if token.type == "tr_open":
                line, raw = _line(token), []
            elif token.type == "inline":
                raw.append(token.content)
            elif token.type == "tr_close":
                self._row(rows, raw, line)
        self._add_table(rows)

    def _row(self, rows: list[Row], raw: Sequence[str], line: int) -> None:
        """Adds a row to those of a table, up to the bounds, and what its images show."""
        cells = tuple(plain_text(cell) for cell in raw[:MAX_COLUMNS])
        above = rows[0].cells if rows and len(rows[0].cells) == len(cells) else ()
        for column, cell in enumerate(raw[:MAX_COLUMNS]):
            self._images(cell, line, (*(cells[:1] if column else ()), *above[column : column + 1]))
        self.cells += len(cells)
        self.columns = max(self.columns, len(raw))
        if cells and self.cells <= MAX_CELLS:
            rows.append(Row(cells, line))

    def _add_table(self, rows: Sequence[Row]) -> None:
        if rows:
            self.blocks.append(Table(rows[0], tuple(rows[1:]), self._above()))

    def _html(self, content: str, first: int) -> None:
        """HTML as text: its tables are tables, its images images, the rest lines; comments are not there."""
        content = _COMMENT.sub(lambda found: "\n" * found.group().count("\n"), content)
        if "<tr" in content.lower():
            self._html_table(content, first)
            return
        for number, line in whole_lines(content):
            self._line(line, first + number, Form.PROSE)

    def _html_table(self, content: str, line: int) -> None:
        rows: list[Row] = []
        counted = 0
        ends = [found.end() for found in _ROW.finditer(content)]
        for start, end in pairwise([*ends, len(content)]):
            line += content.count("\n", counted, start)
            counted = start
            self._row(rows, _CELL.split(content[start:end])[1:], line)
        self._add_table(rows)


def _line(token: Token) -> int:
    return token.map[0] + 1 if token.map else 1
