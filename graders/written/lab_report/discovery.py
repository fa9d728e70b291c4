"""Finding a lab's report in a submission: Markdown or a notebook, in any folder and with a name in any language."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from graders.core.text import SHORT, plain_line
from graders.submission.discovery import SKIPPED
from graders.submission.folders import files_below
from graders.submission.limits import MAX_CANDIDATE_TEXT
from graders.submission.notebooks.discovery import NEAR, WantedNotebook, nearness
from graders.submission.notebooks.labels import StageLabels
from graders.submission.notebooks.report_names import is_report_name
from graders.written.claims.files import NotThere
from graders.written.claims.normalization import normal
from graders.written.claims.summaries import MARKDOWN
from graders.written.lab_report.files import NOTEBOOK, ReportFile, read_file

MAX_READ = 40
MAX_LINES = 4_000
# The fewest stages that a text must name, with numbers or at all, to be a report without a report's name.
LEAST_WITH_NUMBERS, LEAST_STAGES = 2, 4
SAME = 0.8
DOCUMENTS = (".pdf", ".docx", ".doc", ".odt", ".rtf", ".pages")
_OTHERS = (*DOCUMENTS, ".html", ".htm", ".tex", ".txt", ".rst")
_NEVER = ("license", "licence", "changelog", "contributing", "code_of_conduct", "authors")


@dataclass(frozen=True)
class FoundReport:
    """The report: ``files`` with their paths from the submission's folder and their texts, none if there is no report
    that can be read; several if each is about a stage.

    ``others``: Markdown that may be it as well. ``pending``: reports in another format, to be read by a person.
    ``notes``: why this one was taken, and what had to be guessed.
    """

    files: tuple[ReportFile, ...] = ()
    others: tuple[str, ...] = ()
    pending: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def file(self) -> ReportFile | None:
        """The first of its files."""
        return self.files[0] if self.files else None


@dataclass(frozen=True, kw_only=True)
class ReportPlace:
    """Where a lab's report is looked for. ``folder``: the lab's; a file in a folder of that name is more likely to be
    the report. ``given``: the lab's own texts, its page or a template of the report; a file that still has one of these
    as its text is nobody's report. ``skip``: folders of other labs, from the submission's. ``wanted``: what the lab's
    notebook is called, after which a report may be called; ``notebook``: where it is, which is no report.
    """

    folder: str
    given: Sequence[str] = ()
    skip: Sequence[str] = ()
    wanted: WantedNotebook | None = None
    notebook: str = ""


@dataclass(frozen=True)
class _Candidate:
    """What may be the report. ``part``: it is about one stage, by its name or its title."""

    files: tuple[ReportFile, ...]
    named: bool
    placed: bool
    at_home: bool
    stages: frozenset[str]
    with_numbers: frozenset[str]
    words: int
    part: bool = False

    @property
    def path(self) -> str:
        return self.files[0].path

    @property
    def complete(self) -> bool:
        """Whether it names as many stages as a report that has no report's name must."""
        return len(self.with_numbers) >= LEAST_WITH_NUMBERS or len(self.stages) >= LEAST_STAGES

    @property
    def fits(self) -> bool:
        if self.named:
            return self.placed or bool(self.stages)
        return self.at_home and self.complete

    @property
    def rank(self) -> tuple[float, ...]:
        is_markdown = not self.path.lower().endswith(NOTEBOOK)
        return (self.fits, self.named and bool(self.stages), self.placed, self.named, is_markdown, len(self.stages),
                min(self.words, 2_000))  # fmt: skip


def find_report(root: Path, place: ReportPlace, labels: StageLabels) -> FoundReport:
    """What is the lab's report: by its name; else by the stages that it names, if it is at the top, in the lab's folder
    or beside a notebook. A notebook is one by its name only.
    """
    notes: list[str] = []
    looking = _Looking(root, place, labels, notes)
    candidates, pending = looking.candidates()
    candidates += _of_parts(candidates)
    ordered = sorted(candidates, key=lambda one: one.rank, reverse=True)
    best = ordered[0] if ordered and ordered[0].fits else None
    if best and not best.named and len(best.stages) < LEAST_STAGES and any(map(is_report_name, pending)):
        notes.append(f"{plain_line(best.path, SHORT)} was not taken as the report: {plain_line(pending[0], SHORT)} is")
        best = None
    files = best.files if best else ()
    others = tuple(dict.fromkeys(file.path for one in ordered for file in one.files if file not in files))
    if best and any(one.fits and one.path in others for one in ordered):
        notes.append(f"{plain_line(best.path, SHORT)} was taken as the report, not {plain_line(others[0], SHORT)}")
    return FoundReport(files, others, tuple(pending), tuple(notes))


def _of_parts(candidates: Sequence[_Candidate]) -> list[_Candidate]:
    """Reports of several files in one folder: each is about a stage, but for one that may hold them together."""
    folders: dict[str, list[_Candidate]] = {}
    for one in candidates:
        if one.at_home and (one.part or (one.named and len(one.stages) < LEAST_STAGES)):
            folders.setdefault(one.path.rpartition("/")[0], []).append(one)
    found = []
    for each in folders.values():
        ordered = sorted(each, key=lambda one: (one.part, one.path))
        stages = frozenset[str]().union(*(one.stages for one in ordered))
        if sum(one.part for one in ordered) > 1 and len(stages) > max(len(one.stages) for one in ordered):
            found.append(_joined(ordered, stages))
    return found


def _joined(parts: Sequence[_Candidate], stages: frozenset[str]) -> _Candidate:
    return _Candidate(
        files=tuple(file for one in parts for file in one.files),
        named=any(one.named for one in parts),
        placed=any(one.placed for one in parts),
        at_home=True,
        stages=stages,
        with_numbers=frozenset[str]().union(*(one.with_numbers for one in parts)),
        words=sum(one.words for one in parts),
    )


@dataclass(frozen=True)
class _Looking:
    """One search for a report."""

    root: Path
    place: ReportPlace
    labels: StageLabels
    notes: list[str]

    def candidates(self) -> tuple[list[_Candidate], list[str]]:
        """What may be the report, and what only a person can read."""
        given = [set(_lines(text)) for text in self.place.given]
        found: list[_Candidate] = []
        pending: list[str] = []
        seen = 0
        left = MAX_CANDIDATE_TEXT
        paths = list(_paths(self.root, tuple(self.place.skip), self.notes))
        beside = frozenset(path.rpartition("/")[0] for path in paths if path.lower().endswith(NOTEBOOK))
        for path in paths:
            name = path.lower()
            if name.endswith(_OTHERS) or path == self.place.notebook:
                pending += [path] if self._is_document(path, beside) else []
            elif not name.endswith(NOTEBOOK) or self._is_named(path):
                seen += 1
                if seen > MAX_READ:
                    self.notes.append(f"only the first {MAX_READ} Markdown files were looked at")
                    break
                if left <= 0:
                    self.notes.append(f"only the first {MAX_CANDIDATE_TEXT:,} characters of Markdown were looked at")
                    break
                one = self._read(path, beside, given)
                left -= sum(len(file.text) for file in one.files) if one else 0
                found += [one] if one else []
        return found, sorted(pending, key=lambda path: not self._is_named(path))

    def _is_named(self, path: str) -> bool:
        """Whether a file is called a report, or after the lab in a folder of reports."""
        folder, _, name = path.rpartition("/")
        near = self.place.wanted is not None and nearness(name, self.place.wanted) >= NEAR
        after_lab = near or self.place.folder.casefold() in name.casefold()
        return is_report_name(path) or (after_lab and any(_is_folder_of_reports(each) for each in folder.split("/")))

    def _is_document(self, path: str, beside: frozenset[str]) -> bool:
        """Whether a file that can't be read here may be the report."""
        return self._is_named(path) or (path.lower().endswith(DOCUMENTS) and self._is_at_home(path, beside))

    def _is_at_home(self, path: str, beside: frozenset[str]) -> bool:
        folders = path.split("/")[:-1]
        in_place = not folders or "/".join(folders) in beside or self._is_placed(path)
        return in_place or any(map(_is_folder_of_reports, folders))

    def _is_placed(self, path: str) -> bool:
        return self.place.folder.casefold() in (name.casefold() for name in path.split("/")[:-1])

    def _read(self, path: str, beside: frozenset[str], given: Sequence[set[str]]) -> _Candidate | None:
        """A file as a candidate; ``None`` if it can't be read, is empty, or is one of the lab's own texts."""
        try:
            file, note = read_file(self.root, path)
        except NotThere as problem:
            self.notes.append(f"{plain_line(path, SHORT)}: {problem}")
            return None
        if note:
            self.notes.append(f"{plain_line(path, SHORT)}: {note}")
        lines = _lines(file.text)
        if not lines:
            return None
        for known in given:
            same = sum(line in known for line in lines)
            # A few lines of one's own, written into the page or the template, make it a report.
            if same == len(lines) or (same >= SAME * len(lines) and len(lines) - same < 3):
                self.notes.append(f"{plain_line(path, SHORT)} is still the lab's own page, not a report")
                return None
        rows = [row[:200] for row in file.text.split("\n")[:MAX_LINES]]
        with_digits = [row for row in rows if any(sign.isdigit() for sign in row)]
        return _Candidate(
            files=(file,),
            named=self._is_named(path),
            placed=self._is_placed(path),
            at_home=self._is_at_home(path, beside),
            stages=_stages(rows, self.labels),
            with_numbers=_stages(with_digits, self.labels),
            words=len(file.text.split()),
            part=self._is_part(path, rows),
        )

    def _is_part(self, path: str, rows: Sequence[str]) -> bool:
        """Whether a file's name or its title names one stage."""
        title = next((row for row in rows if row.strip()), "").lstrip("# ")
        names = (path.rpartition("/")[2].rpartition(".")[0], title)
        stages = {self.labels.stage_of(name) for name in names} - {None, *self.labels.titles}
        return bool(stages)


def _is_folder_of_reports(name: str) -> bool:
    return is_report_name(f"{name}.md")


def _stages(rows: Sequence[str], labels: StageLabels) -> frozenset[str]:
    """The stages that the lines name."""
    named = (labels.certain(row) for row in rows if row.strip())
    return frozenset(stage for stage in named if stage is not None)


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
