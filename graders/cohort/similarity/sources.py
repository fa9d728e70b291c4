"""The texts of a submission that are compared: code, notebooks and summaries, within budgets."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from graders.cohort.engine.parcel import Content
from graders.cohort.similarity.lexing import Token, code_tokens, prose_tokens
from graders.core.errors import SubmissionError
from graders.core.text import unix_text
from graders.submission.discovery import SKIPPED
from graders.submission.notebooks import parser

CODE, PROSE, NOTEBOOK = (".py",), (".md", ".markdown", ".rst", ".txt"), (".ipynb",)
READ = CODE + PROSE + NOTEBOOK
MAX_FILES, MAX_FILE, MAX_TEXT = 400, 8 << 20, 2 << 20
_FENCED = re.compile(r"^ *(?:```|~~~)[^\n]*\n(.*?)^ *(?:```|~~~)", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Source:
    """A text of a submission. ``kind``: ``code`` or ``prose``, which are never compared with each other."""

    name: str
    kind: str
    packed: bytes

    @property
    def text(self) -> str:
        """The text itself."""
        return zlib.decompress(self.packed).decode()

    def tokens(self) -> list[Token]:
        """What of it is compared."""
        return (code_tokens if self.kind == "code" else prose_tokens)(self.text)


def read_sources(content: Content) -> list[Source]:
    """A submission's texts; what can't be read, or is beyond the budgets, is left out."""
    return [*_within_budget(_sources(content.entries()))]


def read_folder(folder: Path) -> list[Source]:
    """The texts in a folder."""
    return read_sources(Content(name=folder.name, path=folder))


def read_given(folder: Path) -> list[Source]:
    """What everybody was given in a folder: its texts, and the code that stands in its pages."""
    found = read_folder(folder)
    pages = [each for each in found if each.kind == "prose"]
    return [*found, *(_source(each.name, "code", code) for each in pages for code in _FENCED.findall(each.text))]


def _within_budget(sources: Iterator[Source]) -> Iterator[Source]:
    left = MAX_TEXT
    for number, each in enumerate(sources):
        left -= len(each.text)
        if left < 0 or number >= MAX_FILES:
            return
        yield each


def _sources(entries: Iterator[tuple[str, Path]]) -> Iterator[Source]:
    for name, path in entries:
        suffix = path.suffix.lower()
        if suffix not in READ or SKIPPED.intersection(Path(name).parts):
            continue
        try:
            if path.is_symlink() or not path.is_file() or path.stat().st_size > MAX_FILE:
                continue
            yield from _notebook(name, path) if suffix in NOTEBOOK else [_file(name, path, suffix)]
        except (OSError, SubmissionError):
            continue


def _file(name: str, path: Path, suffix: str) -> Source:
    return _source(name, "code" if suffix in CODE else "prose", path.read_text(encoding="utf-8", errors="replace"))


def _notebook(name: str, path: Path) -> Iterator[Source]:
    """A notebook's code as one text, its prose as another."""
    cells = parser.read(path).cells
    for kind, cell_kind in (("code", "code"), ("prose", "markdown")):
        text = "\n".join(cell.source for cell in cells if cell.kind == cell_kind)
        if text.strip():
            yield _source(name, kind, text)


def _source(name: str, kind: str, text: str) -> Source:
    return Source(name, kind, zlib.compress(unix_text(text).encode(), 1))
