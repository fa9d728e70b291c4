"""Finding and reading what was submitted as a lab's summary."""

from __future__ import annotations

import codecs
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from graders.submission.limits import MAX_TEXT, MAX_TEXT_BYTES, MEBI
from graders.written.claims.files import NotThere, read_inside
from graders.written.claims.inline import without_data
from graders.written.claims.normalization import normal

MAX_FILE = MAX_TEXT_BYTES
MAX_FILES = 6
MAX_SEEN = 500
MARKDOWN = (".md", ".markdown", ".mdown", ".mkd")
OTHERS = (".docx", ".doc", ".odt", ".rtf", ".html", ".htm", ".tex", ".ipynb", ".txt", ".rst", ".pages")
_SAME = 0.8


@dataclass(frozen=True)
class SummaryFile:
    """A Markdown file of the summary: its path from the submission's folder, and its text."""

    path: str
    text: str


@dataclass(frozen=True)
class Summary:
    """The submission: Markdown to be read; ``pdfs`` and ``others``, which a person has to read; ``notes``."""

    files: tuple[SummaryFile, ...] = ()
    pdfs: tuple[str, ...] = ()
    others: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def pending(self) -> str:
        """Why a person has to read it, ``""`` if it can be read here or there is none."""
        if self.files:
            return ""
        if self.pdfs:
            return "a PDF"
        return f"not Markdown: {self.others[0]}" if self.others else ""

    @property
    def missing(self) -> bool:
        """Whether nothing was submitted at all."""
        return not (self.files or self.pdfs or self.others)


def read_summary(root: Path, folder: str, template: str = "") -> Summary:
    """The summary of a lab in ``folder`` ("summaries/l02_quantization"), or in a file beside it of that name.

    The page that says what belongs in the summary, which is given, is no summary; one that was written over it is.

    :param root: the submission's folder. :param template: the text of that page.
    """
    files: list[SummaryFile] = []
    pdfs, others, notes = [], [], []
    left = MAX_TEXT_BYTES
    for path in _candidates(root, folder):
        name = path.lower()
        if name.endswith(".pdf"):
            pdfs.append(path)
        elif name.endswith(OTHERS):
            others.append(path)
        elif name.endswith(MARKDOWN):
            try:
                data = read_inside(root, path, MAX_FILE)
            except NotThere as problem:
                notes.append(f"{path}: {problem}")
                continue
            left -= len(data)
            if left < 0:
                notes.append(f"only the first {MAX_TEXT_BYTES / MEBI:.0f} MiB of Markdown were read")
                break
            text, note = text_of(data)
            notes += [f"{path}: {note}"] if note else []
            # One character more than is read, so that reading says that there was more.
            files.append(SummaryFile(path, without_data(text)[: MAX_TEXT + 1]))
    kept = [file for file in files if file.text.strip() and not _is_given(file, template, len(files))]
    notes += [f"only the first {MAX_FILES} Markdown files were read"] if len(kept) > MAX_FILES else []
    return Summary(tuple(_within(kept[:MAX_FILES], notes)), tuple(pdfs), tuple(others), tuple(notes))


def _within(files: Sequence[SummaryFile], notes: list[str]) -> Iterator[SummaryFile]:
    """The files up to as many characters as are read of all of them together."""
    left = MAX_TEXT
    for file in files:
        if left <= 0:
            notes.append(f"{file.path}: not read; at most {MAX_TEXT:,} characters are")
            continue
        yield replace(file, text=file.text[: left + 1])
        left -= len(file.text)


def _candidates(root: Path, folder: str) -> list[str]:
    """Files in the folder, whatever the case of its name, one level below it, and files beside it of its name."""
    parts = folder.split("/")
    above = root
    for part in parts[:-1]:
        above = _alike(above, part)
    own = _alike(above, parts[-1])
    found = _files(own, root)
    for inner in _folders(own):
        found += _files(inner, root)
    beside = (path for path in _files(above, root) if path.rpartition("/")[2].lower().startswith(parts[-1].lower()))
    return sorted(dict.fromkeys([*found, *beside]))[:MAX_SEEN]


def _alike(folder: Path, name: str) -> Path:
    """The entry of that name; else one that differs in case."""
    exact = folder / name
    if exact.is_dir() and not exact.is_symlink():
        return exact
    alike = (entry for entry in _folders(folder) if entry.name.casefold() == name.casefold())
    return next(alike, exact)


def _folders(folder: Path) -> list[Path]:
    return [Path(entry.path) for entry in _entries(folder) if entry.is_dir(follow_symlinks=False)]


def _files(folder: Path, root: Path) -> list[str]:
    files = (Path(entry.path) for entry in _entries(folder) if entry.is_file(follow_symlinks=False))
    return [file.relative_to(root).as_posix() for file in files]


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    try:
        if folder.is_symlink():
            return []
        with os.scandir(folder) as entries:
            return sorted(entries, key=lambda entry: entry.name)[:MAX_SEEN]
    except OSError:
        return []


def text_of(data: bytes) -> tuple[str, str]:
    """The text of a file, and what had to be guessed about it."""
    for mark, encoding in (
        (codecs.BOM_UTF8, "utf-8"),
        (codecs.BOM_UTF16_LE, "utf-16-le"),
        (codecs.BOM_UTF16_BE, "utf-16-be"),
    ):
        if data.startswith(mark):
            return data[len(mark) :].decode(encoding, "replace"), ""
    try:
        return data.decode("utf-8"), ""
    except UnicodeDecodeError:
        return data.decode("cp1250", "replace"), "not UTF-8; letters with accents may be wrong"


def _is_given(file: SummaryFile, template: str, count: int) -> bool:
    """Whether a README is still the given page; a few words written into it do not make it a summary beside one."""
    if not template or not file.path.lower().rpartition("/")[2].startswith("readme"):
        return False
    own, given = _lines(file.text), set(_lines(template))
    if not own:
        return True
    same = sum(line in given for line in own)
    return same == len(own) or (count > 1 and same >= _SAME * len(own))


def _lines(text: str) -> list[str]:
    squeezed = ("".join(character for character in normal(line) if character.isalnum()) for line in text.splitlines())
    return [line for line in squeezed if line]
