"""Finding a lab's notebook in a submission, in any folder and under any name."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from pathlib import Path
from typing import Any

from graders.core.errors import SubmissionError
from graders.core.text import SHORT, plain_line
from graders.submission import limits
from graders.submission.discovery import SKIPPED
from graders.submission.folders import files_below
from graders.submission.notebooks.exports import looks_exported
from graders.submission.notebooks.files import MAX_FILE, read_bytes
from graders.submission.notebooks.model import Found, Notebook
from graders.submission.notebooks.parser import read
from graders.submission.notebooks.report_names import is_report_name

MAX_READ = 40
MAX_BYTES = 128 << 20
MAX_SCRIPT = 1 << 20
CHECKPOINTS = ".ipynb_checkpoints"
_KNOWN = 3
NEAR = 0.72
_MOST = 0.6
_TRANSLATED = 0.85
_TAKEN_OFF = re.compile(
    r"\b(?:copy|copie|kopie|kopia|copia|kopi|duplicate|backup|bak|final|finished|done|executed|run|solution|solutions|solved|"
    r"submission|answers?|losung|lösung|oplossing|rozwiazanie|rozwiązanie|of|von|van|de|di|z|the|my|checkpoint|v?\d+)\b"
)


@dataclass(frozen=True)
class WantedNotebook:
    """A lab's notebook. ``file``: what it is called. ``names``: names that its code has, whatever language its text is.

    ``stems``: groups of beginnings of words; a file's name with one of each group is near that of the notebook.
    """

    file: str
    names: tuple[str, ...] = ()
    stems: tuple[tuple[str, ...], ...] = ()

    @classmethod
    def from_settings(cls, file: str, settings: Mapping[str, Any]) -> WantedNotebook:
        """The notebook of that name, with what a lab's settings say of it under ``notebook``."""
        own = settings.get("notebook", {})
        return cls(file, tuple(own.get("names", ())), tuple(tuple(group) for group in own.get("stems", ())))


@dataclass(frozen=True)
class _Candidate:
    """A file that may be the notebook. ``known``: how many of the lab's names it has; ``most``: it has most of them;
    ``has_code``: it has code at all; ``executed``: a share.
    """

    path: Path
    nearness: float
    problem: str = ""
    known: int = 0
    most: bool = False
    has_code: bool = True
    executed: float = 0.0

    @property
    def checkpoint(self) -> bool:
        return CHECKPOINTS in self.path.parts

    @property
    def fits(self) -> bool:
        """Whether it can be the lab's at all."""
        is_report = self.called_report and not self.has_code
        return not is_report and (self.known >= _KNOWN or self.nearness >= NEAR)

    @property
    def called_report(self) -> bool:
        """Whether it is called a report, which may be a notebook too."""
        return is_report_name(self.path.name)

    @property
    def rank(self) -> tuple[float, ...]:
        ipynb = self.path.suffix.lower() == ".ipynb"
        return (self.fits, not self.checkpoint, not self.problem, self.known >= _KNOWN, ipynb, self.most,
                not self.called_report, round(2 * self.executed), round(self.nearness, 1), self.known, self.executed,
                self.nearness, -len(self.path.parts))  # fmt: skip


def find(root: Path, wanted: WantedNotebook) -> Found:
    """The lab's notebook below ``root``, and what else was there.

    Of several that can be it: the one that is no checkpoint, can be read, has the lab's names, was executed, has the
    nearer name. One that can't be read is chosen if there is no better one: reading it says what is wrong.
    """
    notes: list[str] = []
    candidates = _candidates(root, wanted, notes)
    # Of equals the first by path.
    ordered = sorted(candidates, key=lambda one: [-part for part in one.rank])
    best = ordered[0] if ordered else None
    if best is None:
        return Found(None, (), (*notes, f"no notebook was found; expected {wanted.file}"))
    others = tuple(one.path for one in ordered[1:])
    if not best.fits and not (best.problem and not others):
        names = f"its name is not similar to {wanted.file}, and its code has {best.known} of the lab's names"
        names = names if best.has_code else "it has no code, as a report has none"
        return Found(None, (best.path, *others), (*notes, f"{_shown(best)}: {names}"))
    notes += [_why(best, other) for other in ordered[1:6]]
    return Found(best.path, others, tuple(notes))


def _why(best: _Candidate, other: _Candidate) -> str:
    """Why one was chosen over another: the first thing in which they differ."""
    reasons = (
        f"its name differs, and its code has only {other.known} of the lab's names",
        "it is a Jupyter checkpoint",
        "it can't be read",
        f"it has {other.known} of the lab's names, the chosen one has {best.known}",
        "it is an exported script, which has no outputs",
        f"it has {other.known} of the lab's names, the chosen one has {best.known}",
        "it is called a report",
        f"{other.executed:.0%} of its code cells were executed, in the chosen one {best.executed:.0%}",
        "its name is less similar to the expected one",
        f"it has {other.known} of the lab's names, the chosen one has {best.known}",
        f"{other.executed:.0%} of its code cells were executed, in the chosen one {best.executed:.0%}",
        "its name is less similar to the expected one",
        "it is in a deeper folder",
    )
    differing = (why for mine, its, why in zip(best.rank, other.rank, reasons, strict=True) if mine != its)
    return f"{_shown(best)} was chosen over {_shown(other)}: {next(differing, 'it comes first by name')}"


def _shown(candidate: _Candidate) -> str:
    return plain_line(candidate.path.as_posix(), 120)


def _candidates(root: Path, wanted: WantedNotebook, notes: list[str]) -> list[_Candidate]:
    found: list[_Candidate] = []
    read_bytes_so_far = 0
    scripts_left = limits.MAX_SCRIPTS
    near_first = [(-round(nearness(path.name, wanted), 1), len(path.parts), path) for path in _paths(root, notes)]
    for _, _, path in sorted(near_first):
        near = nearness(path.name, wanted)
        size = _size(root / path)
        if path.suffix.lower() == ".py":
            scripts_left -= min(size, MAX_SCRIPT)
            if scripts_left < 0 or not _is_export(root / path, size, near):
                continue
        if len(found) >= MAX_READ or read_bytes_so_far + min(size, MAX_FILE) > MAX_BYTES:
            notes.append(f"{plain_line(path.as_posix(), 120)}: not read; at most {MAX_READ} notebooks are")
            break
        read_bytes_so_far += min(size, MAX_FILE)
        found.append(_candidate(root, path, near, wanted.names))
    if scripts_left < 0:
        notes.append(f"only the first {limits.MAX_SCRIPTS >> 20} MiB of scripts were looked at")
    return found


def _candidate(root: Path, path: Path, near: float, names: Sequence[str]) -> _Candidate:
    try:
        notebook = read(root / path)
    except SubmissionError as error:
        return _Candidate(path, near, str(error))
    known, has_code = _known(notebook, names), any(cell.source.strip() for cell in notebook.code)
    return _Candidate(path, near, "", known, known >= _MOST * len(names) > 0, has_code, _executed(notebook))


def _known(notebook: Notebook, names: Sequence[str]) -> int:
    sources = [cell.source for cell in notebook.code]
    return sum(any(name in source for source in sources) for name in names)


def _executed(notebook: Notebook) -> float:
    cells = [cell for cell in notebook.code if cell.source.strip()]
    return sum(cell.shows_execution for cell in cells) / len(cells) if cells else 0.0


def _is_export(path: Path, size: int, near: float) -> bool:
    """Whether a script is a notebook's: by its marks, or by its name."""
    if size > MAX_SCRIPT:
        return False
    if near >= 0.9:
        return True
    try:
        return looks_exported(read_bytes(path, MAX_SCRIPT).decode("utf-8", "replace"))
    except SubmissionError:
        return False


def _size(path: Path) -> int:
    try:
        return path.lstat().st_size
    except (OSError, ValueError):
        return 0


def _paths(root: Path, notes: list[str]) -> Iterator[Path]:
    """Every notebook and script below ``root``, shallow ones first; links are not followed."""
    for entry in files_below(root, lambda folder: folder.name not in SKIPPED, notes):
        name = entry.name.lower()
        if name.endswith((".ipynb", ".py")):
            if not entry.is_symlink():
                yield Path(entry.path).relative_to(root)
            elif name.endswith(".ipynb"):
                notes.append(f"{plain_line(entry.name, SHORT)} is a link; not followed")


def nearness(name: str, wanted: WantedNotebook) -> float:
    """How near a file's name is to the wanted one, 0 to 1: case, separators, and words such as "copy of", "(1)" and
    "solution" do not count; the stems of its words in other languages do.
    """
    one, other = _core(name), _core(wanted.file)
    if one == other:
        return 1.0
    alike = SequenceMatcher(None, one, other, autojunk=False).ratio()
    translated = bool(wanted.stems) and all(any(stem in one for stem in group) for group in wanted.stems)
    return max(alike, _TRANSLATED if translated else 0.0)


def _core(name: str) -> str:
    stem = name.rpartition(".")[0] or name
    plain = unicodedata.normalize("NFKC", stem[-120:]).casefold()
    words = re.sub(r"[^\w]+|_+", " ", plain.replace("-checkpoint", " "))
    core = " ".join(_TAKEN_OFF.sub(" ", words).split())
    return core or " ".join(words.split())
