"""Finding a lab's report in a submission: Markdown, in any folder and with a name in any language."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from graders.core.text import SHORT, plain_line
from graders.submission.discovery import SKIPPED
from graders.submission.folders import files_below
from graders.submission.notebooks.labels import StageLabels
from graders.written.claims.files import NotThere, read_inside
from graders.written.claims.normalization import normal
from graders.written.claims.summaries import MARKDOWN, SummaryFile
from graders.written.claims.summaries import text_of as decoded
from graders.written.lab_report.names import is_report_name

MAX_FILE = 4 << 20
MAX_READ = 40
MAX_LINES = 4_000
# The fewest stages that a text must name, with numbers or at all, to be a report without a report's name.
LEAST_WITH_NUMBERS, LEAST_STAGES = 2, 4
SAME = 0.8
NOTEBOOK = ".ipynb"
_OTHERS = (".pdf", ".docx", ".doc", ".odt", ".rtf", ".html", ".htm", ".tex", ".txt", ".rst")
_NEVER = ("license", "licence", "changelog", "contributing", "code_of_conduct", "authors")


@dataclass(frozen=True)
class FoundReport:
    """The report: ``file`` with its path from the submission's folder and its text, ``None`` if there is none.

    ``others``: Markdown that may be it as well. ``pending``: reports in another format, to be read by a person.
    ``notes``: why this one was taken, and what had to be guessed.
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
    with_numbers: int
    words: int

    @property
    def fits(self) -> bool:
        if self.named:
            return self.placed or self.stages > 0
        return self.at_home and (self.with_numbers >= LEAST_WITH_NUMBERS or self.stages >= LEAST_STAGES)

    @property
    def rank(self) -> tuple[float, ...]:
        return (self.fits, self.named and self.stages > 0, self.placed, self.named, self.stages, min(self.words, 2_000))


def find_report(
    root: Path, folder: str, labels: StageLabels, *, given: Sequence[str] = (), skip: Sequence[str] = ()
) -> FoundReport:
    """The Markdown that is the lab's report: by its name; else by the stages that it names, if it is at the top, in the
    lab's folder or beside a notebook.

    :param folder: the lab's folder; a file in a folder of that name is more likely to be the report.
    :param given: the lab's own texts, its page or a template of the report; a file that still has one of these as its
        text is nobody's report.
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
            if is_report_name(path):
                pending.append(path)
            continue
        markdown += 1
        if markdown > MAX_READ:
            notes.append(f"only the first {MAX_READ} Markdown files were looked at")
            break
        found = _read(root, path, folder, beside, given_lines, labels, notes)
        candidates += [found] if found else []
    ordered = sorted(candidates, key=lambda one: one.rank, reverse=True)
    best = ordered[0] if ordered and ordered[0].fits else None
    others = tuple(one.file.path for one in ordered if one is not best)
    if best and any(one.fits for one in ordered[1:]):
        notes.append(f"{plain_line(best.file.path, SHORT)} was taken as the report, not {plain_line(others[0], SHORT)}")
    return FoundReport(best.file if best else None, others, tuple(pending), tuple(notes))


def _read(
    root: Path,
    path: str,
    folder: str,
    beside: frozenset[str],
    given: Sequence[set[str]],
    labels: StageLabels,
    notes: list[str],
) -> _Candidate | None:
    """A file as a candidate; ``None`` if it can't be read, is empty, or is one of the lab's own texts."""
    try:
        text, note = decoded(read_inside(root, path, MAX_FILE))
    except NotThere as problem:
        notes.append(f"{plain_line(path, SHORT)}: {problem}")
        return None
    notes += [f"{plain_line(path, SHORT)}: {note}"] if note else []
    lines = _lines(text)
    if not lines:
        return None
    for known in given:
        same = sum(line in known for line in lines)
        # A few lines of one's own, written into the page or the template, make it a report.
        if same == len(lines) or (same >= SAME * len(lines) and len(lines) - same < 3):
            notes.append(f"{plain_line(path, SHORT)} is still the lab's own page, not a report")
            return None
    rows = [row[:200] for row in text.split("\n")[:MAX_LINES]]
    folders = path.split("/")[:-1]
    own = folder.casefold() in (name.casefold() for name in folders)
    at_home = own or not folders or "/".join(folders) in beside or any(is_report_name(f"{name}.md") for name in folders)
    with_numbers = _stages([row for row in rows if any(sign.isdigit() for sign in row)], labels)
    file = SummaryFile(path, text)
    return _Candidate(file, is_report_name(path), own, at_home, _stages(rows, labels), with_numbers, len(text.split()))


def _stages(rows: Sequence[str], labels: StageLabels) -> int:
    """How many stages the lines name."""
    return len({labels.certain(row) for row in rows if row.strip()} - {None})


def _lines(text: str) -> list[str]:
    rows = text.split("\n")[:MAX_LINES]
    squeezed = ("".join(sign for sign in normal(row[:2_000]) if sign.isalnum()) for row in rows)
    return [row for row in squeezed if row]


def _paths(root: Path, skip: tuple[str, ...], notes: list[str]) -> Iterator[str]:
    """Markdown files, documents and notebooks below ``root``, shallow ones first; links are not followed."""

    def relative(entry: os.DirEntry[str]) -> str:
        return Path(entry.path).relative_to(root).as_posix()

    def enters(folder: os.DirEntry[str]) -> bool:
        return not (folder.name in SKIPPED or folder.name.startswith(".") or relative(folder) in skip)

    for entry in files_below(root, enters, notes):
        if entry.is_file(follow_symlinks=False) and _is_text(entry.name.lower()):
            yield relative(entry)


def _is_text(name: str) -> bool:
    return name.endswith((*MARKDOWN, *_OTHERS, NOTEBOOK)) and not name.startswith(_NEVER)
