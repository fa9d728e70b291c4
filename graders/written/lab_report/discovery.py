"""Finding a lab's report in a submission: Markdown, wherever it lies and in whatever language its name is."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from graders.submission.discovery import SKIPPED
from graders.submission.notebooks.stages import QUANTIZED, has, spaced, stage_of
from graders.submission.notebooks.text import one_line
from graders.written.claims.files import NotThere, read_inside
from graders.written.claims.normalization import normal
from graders.written.claims.summaries import MARKDOWN, SummaryFile
from graders.written.claims.summaries import text_of as decoded
from graders.written.lab_report.words import words

MAX_FILE = 4 << 20
MAX_DEPTH = 8
MAX_FOLDERS = 3_000
MAX_FILES = 40_000
MAX_READ = 40
MAX_LINES = 4_000
# So many stages a text without a report's name speaks of: with figures, or at all.
LEAST_WITH_FIGURES, LEAST_STAGES = 2, 4
SAME = 0.8
NOTEBOOK = ".ipynb"
_OTHERS = (".pdf", ".docx", ".doc", ".odt", ".rtf", ".html", ".htm", ".tex", ".txt", ".rst")
_NEVER = ("license", "licence", "changelog", "contributing", "code_of_conduct", "authors")


@dataclass(frozen=True)
class FoundReport:
    """The report: ``file`` with its path from the submission's folder and its text, ``None`` where there is none.

    ``others``: Markdown that may be it as well. ``pending``: a report in another format, for a person. ``notes``: why
    this one was taken, and what had to be guessed.
    """

    file: SummaryFile | None
    others: tuple[str, ...] = ()
    pending: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Candidate:
    file: SummaryFile
    named: bool
    placed: bool
    at_home: bool
    stages: int
    with_figures: int
    words: int

    @property
    def fits(self) -> bool:
        if self.named:
            return self.placed or self.stages > 0
        return self.at_home and (self.with_figures >= LEAST_WITH_FIGURES or self.stages >= LEAST_STAGES)

    @property
    def rank(self) -> tuple[float, ...]:
        return (self.fits, self.named and self.stages > 0, self.placed, self.named, self.stages, min(self.words, 2_000))


def find_report(
    root: Path, folder: str = "mnist_compression", given: Sequence[str] = (), skip: Sequence[str] = ()
) -> FoundReport:
    """The Markdown that is the lab's report: by its name; else by what it speaks of, at the top, in the lab's folder or
    beside a notebook.

    :param folder: the lab's folder; what lies in a folder of that name is more likely it. :param given: texts that are
        the lab's own: its page, a template of the report; a file that is still one of these is nobody's report.
    :param skip: folders of other labs, from ``root``.
    """
    notes: list[str] = []
    given_lines = [set(_lines(text)) for text in given]
    candidates: list[_Candidate] = []
    pending: list[str] = []
    markdown = 0
    paths = list(_paths(root, tuple(skip), notes))
    beside = frozenset(path.rpartition("/")[0] for path in paths if path.lower().endswith(NOTEBOOK))
    for path in paths:
        name = path.lower()
        if name.endswith(NOTEBOOK):
            continue
        if name.endswith(_OTHERS):
            if _is_named(path):
                pending.append(path)
            continue
        markdown += 1
        if markdown > MAX_READ:
            notes.append(f"only the first {MAX_READ} Markdown files were looked at")
            break
        found = _read(root, path, folder, beside, given_lines, notes)
        candidates += [found] if found else []
    ordered = sorted(candidates, key=lambda one: one.rank, reverse=True)
    best = ordered[0] if ordered and ordered[0].fits else None
    others = tuple(one.file.path for one in ordered if one is not best)
    if best and any(one.fits for one in ordered[1:]):
        notes.append(f"{one_line(best.file.path)} was taken for the report, and not {one_line(others[0])}")
    return FoundReport(best.file if best else None, others, tuple(pending), tuple(notes))


def _read(
    root: Path, path: str, folder: str, beside: frozenset[str], given: Sequence[set[str]], notes: list[str]
) -> _Candidate | None:
    """A file as a candidate; ``None`` where it can't be read, is empty, or is a given one."""
    try:
        text, note = decoded(read_inside(root, path, MAX_FILE))
    except NotThere as problem:
        notes.append(f"{one_line(path)}: {problem}")
        return None
    notes += [f"{one_line(path)}: {note}"] if note else []
    lines = _lines(text)
    if not lines:
        return None
    for known in given:
        same = sum(line in known for line in lines)
        # What was written into the page or the template makes a report of it.
        if same == len(lines) or (same >= SAME * len(lines) and len(lines) - same < 3):
            notes.append(f"{one_line(path)} is still the given page; not a report")
            return None
    rows = [row[:200] for row in text.split("\n")[:MAX_LINES]]
    folders = path.split("/")[:-1]
    own = folder.casefold() in (name.casefold() for name in folders)
    at_home = own or not folders or "/".join(folders) in beside or any(_is_named(f"{name}.md") for name in folders)
    with_figures = _stages([row for row in rows if any(sign.isdigit() for sign in row)])
    file = SummaryFile(path, text)
    return _Candidate(file, _is_named(path), own, at_home, _stages(rows), with_figures, len(text.split()))


def _stages(rows: Sequence[str]) -> int:
    """Of how many stages lines speak."""
    return len({stage_of(row) for row in rows if row.strip()} - {None, QUANTIZED})


def _is_named(path: str) -> bool:
    """Whether a file is called a report, in any of the languages known."""
    name = path.rpartition("/")[2].rpartition(".")[0]
    return has(spaced(name.replace("lab", "lab ", 1)), words()["names"]) or has(spaced(name), words()["names"])


def _lines(text: str) -> list[str]:
    rows = text.split("\n")[:MAX_LINES]
    squeezed = ("".join(sign for sign in normal(row[:2_000]) if sign.isalnum()) for row in rows)
    return [row for row in squeezed if row]


def _paths(root: Path, skip: tuple[str, ...], notes: list[str]) -> Iterator[str]:
    """Markdown files, documents and notebooks below ``root``, shallow ones first; links are not followed."""
    level, folders, files = [root], 0, 0
    for _ in range(MAX_DEPTH + 1):
        deeper: list[Path] = []
        for folder in level:
            folders += 1
            for entry in _entries(folder):
                files += 1
                if folders > MAX_FOLDERS or files > MAX_FILES:
                    notes.append(f"only {MAX_FOLDERS:,} folders and {MAX_FILES:,} files were looked at")
                    return
                relative = Path(entry.path).relative_to(root).as_posix()
                if entry.is_dir(follow_symlinks=False):
                    if not (entry.name in SKIPPED or entry.name.startswith(".") or relative in skip):
                        deeper.append(Path(entry.path))
                elif entry.is_file(follow_symlinks=False) and _is_text(entry.name.lower()):
                    yield relative
        level = deeper


def _is_text(name: str) -> bool:
    return name.endswith((*MARKDOWN, *_OTHERS, NOTEBOOK)) and not name.startswith(_NEVER)


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return sorted(entries, key=lambda entry: entry.name)
    except OSError:
        return []
