"""Whole submissions that were written from the labs' assignments alone, and what a careful person says of each.

They are in ``fixtures/submissions/taught/``: a folder as a student has it, and beside it a TOML file of its name:

    title = "Edition of 2023: .h5 files, zip sizes, batch 128"
    why = "What is typical of it."
    labs = ["mnist_compression"]
    pending = ["mnist.report.acceptance"]   # optional: what only a person can decide this time
    select = "…"                            # optional: as of a case, for fewer runs

    [[commits]]                             # optional; without it there is no repository
    date = "2025-11-03T18:22:10+01:00"
    author = "Jan Kowalski <jan@example.org>"
    subject = "Build and train the baseline"
    paths = ["mnist_compression"]           # files and folders of the submission

    [[lost]]                                # what it loses; all that is not listed is earned
    criterion = "l02.int8.quantise"
    points = 0.25                           # optional; without it, all of the criterion's
    because = "values are cast without a clip, so bright pixels wrap around"
    names = ["clip|saturat|wrap"]           # regular expressions; the reason that a student reads has each

A path that several commits name grows: each adds a share of its lines, or of a notebook's cells, and the last the rest.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from graders.cohort.engine.in_process import Graded
from graders.cohort.engine.options import GradingOptions
from graders.core.paths import FIXTURES
from graders.core.verdicts import Verdict
from graders.framework.definition import PERSON, Lab
from graders.framework.registry import select_labs
from graders.scoring import CriterionScore
from graders.selftest.corpus.cases import read_toml, settings_of
from graders.selftest.corpus.expected import SEED, about_output, reason_text
from graders.selftest.corpus.repositories import MAIN, START, Plan, Planned, Step, make_repository
from graders.selftest.corpus.tables import CaseError, inside, items, no_others, table, text, typed, wordings

TAUGHT = FIXTURES / "submissions" / "taught"
KEYS = {"title", "why", "labs", "pending", "commits", "lost", "select"}
COMMIT_KEYS = {"date", "author", "subject", "paths"}
LOST_KEYS = {"criterion", "points", "because", "names"}
AUTHOR = re.compile(r"[^<>]+ <[^<>@\s]+@[^<>\s]+>")
GROWING = (".py", ".md", ".ipynb", ".txt")
CLOSE = 0.005
"""Half of the smallest step of points that is shown."""


@dataclass(frozen=True)
class Loss:
    """Points that a careful person takes away, and why; the reason that the student reads must match ``names``."""

    criterion: str
    points: float
    because: str
    names: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Taught:
    """A whole submission, and what grading it must give. ``select``: pytest's ``-k``; empty for everything."""

    path: Path
    title: str
    why: str
    labs: tuple[Lab, ...]
    lost: tuple[Loss, ...]
    pending: tuple[str, ...]
    history: Plan | None
    select: str

    @property
    def folder(self) -> Path:
        """Where the student's files are."""
        return self.path.with_suffix("")


def load_taught(path: Path) -> Taught:
    """Reads a submission's TOML. :raises CaseError: if something in it is missing, unknown or of another type."""
    where, data = path.name, read_toml(path)
    no_others(data, KEYS, where)
    folder = path.with_suffix("")
    if not folder.is_dir():
        raise CaseError(f"{where}: there is no folder {folder.name} beside it")
    labs = tuple(plugin.lab for plugin in select_labs(list(wordings(data, "labs", where))))
    losses = items(data, "lost", where) if "lost" in data else []
    return Taught(
        path=path,
        title=text(data, "title", where),
        why=text(data, "why", where),
        labs=labs,
        lost=tuple(_loss(table(item, where), labs, f"{where}: lost {number}") for number, item in losses),
        pending=tuple(_criterion(name, labs, where) for name in wordings(data, "pending", where))
        if "pending" in data
        else (),
        history=_history(data, folder, where) if "commits" in data else None,
        select=text(data, "select", where) if "select" in data else "",
    )


def all_taught() -> list[Taught]:
    """Every submission of the set, in order of name. :raises CaseError: as :func:`load_taught` does."""
    return [load_taught(path) for path in sorted(TAUGHT.glob("*.toml"))]


def build_taught(taught: Taught, folder: Path) -> Path:
    """Copies the submission to ``folder`` and makes its repository; returns where in it the submission is."""
    for source in sorted(taught.folder.rglob("*")):
        if source.is_file() and "__pycache__" not in source.parts:
            target = folder / source.relative_to(taught.folder)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(source.read_bytes())
    return folder if taught.history is None else make_repository(taught.history, folder, taught.path.name)


def options_for_taught(taught: Taught) -> GradingOptions:
    """The whole of each of its labs, with the corpus's settings."""
    settings = [setting for lab in taught.labs for setting in settings_of(lab)]
    labs = tuple(lab.id for lab in taught.labs)
    return GradingOptions(labs=labs, select=taught.select, seed=SEED, settings=tuple(settings))


def taught_mismatches(taught: Taught, graded: Graded, folder: Path | None = None) -> list[str]:
    """Every way in which the grading is not what a careful person says, a line each."""
    lost = {loss.criterion: loss for loss in taught.lost}
    people = {each.id for lab in taught.labs for each in lab.criteria if each.marked_by == PERSON}
    found = [f"{name} was not graded" for name in sorted({*lost, *taught.pending} - graded.criteria.keys())]
    for name, score in graded.criteria.items():
        if not score.bonus:
            pending = name in people or name in taught.pending
            found += _about(score, lost.get(name), pending=pending)
    return [*found, *about_output(graded, folder, loses=bool(lost), whole=not taught.select)]


def _about(score: CriterionScore, loss: Loss | None, *, pending: bool) -> Iterator[str]:
    reason = reason_text(score.reason) if score.reason is not None else "no reason is given"
    if pending:
        if score.verdict is not Verdict.PENDING:
            yield f"{score.id}: {score.verdict}; expected to be pending\n{reason}"
        return
    points = loss.points if loss is not None else 0.0
    wanted = float(score.maximum) - points
    if abs(float(score.earned) - wanted) > CLOSE or score.verdict in (Verdict.PENDING, Verdict.UNSCORED):
        because = f", since {loss.because}" if loss is not None else ""
        yield f"{score.id}: {score.verdict} with {score.earned:g} points; expected {wanted:g}{because}\n{reason}"
    elif loss is not None:
        for name in loss.names:
            if re.search(name, reason, re.IGNORECASE) is None:
                yield f"{score.id}: no reason says {name!r}\n{reason}"


def _loss(data: Mapping[str, Any], labs: tuple[Lab, ...], where: str) -> Loss:
    no_others(data, LOST_KEYS, where)
    name = _criterion(text(data, "criterion", where), labs, where)
    maximum = next(each.points for lab in labs for each in lab.criteria if each.id == name)
    points = float(typed(data, "points", (int, float), where)) if "points" in data else maximum
    if not 0 < points <= maximum:
        raise CaseError(f"{where}: {points:g} points of {name}; it has {maximum:g}")
    return Loss(name, points, text(data, "because", where), wordings(data, "names", where))


def _criterion(name: str, labs: tuple[Lab, ...], where: str) -> str:
    known = {each.id for lab in labs for each in lab.criteria if each.marked_by != PERSON}
    if name not in known:
        raise CaseError(f"{where}: {name!r} is no criterion that tests decide, in {', '.join(lab.id for lab in labs)}")
    return name


def _history(data: Mapping[str, Any], folder: Path, where: str) -> Plan:
    commits = [(f"{where}: commit {number}", table(item, where)) for number, item in items(data, "commits", where)]
    files = [_files(commit, folder, place) for place, commit in commits]
    times = Counter(file for named in files for file in named)
    seen: Counter[str] = Counter()
    steps = []
    for (place, commit), named in zip(commits, files, strict=True):
        seen.update(named)
        contents = tuple(_state(folder, file, seen[file], times[file]) for file in named)
        steps.append(_step(commit, contents, place))
    return Plan("repository", tuple(steps))


def _files(commit: Mapping[str, Any], folder: Path, where: str) -> list[str]:
    no_others(commit, COMMIT_KEYS, where)
    found = []
    for path in wordings(commit, "paths", where):
        place = folder / inside(path, where, "paths")
        inner = [place] if place.is_file() else sorted(each for each in place.rglob("*") if each.is_file())
        if not inner:
            raise CaseError(f"{where}: there is no {path} to commit")
        found += [each.relative_to(folder).as_posix() for each in inner if "__pycache__" not in each.parts]
    return found


def _state(folder: Path, file: str, number: int, count: int) -> str | Planned:
    """A file at the ``number``-th of the ``count`` commits that name it."""
    if number == count or not file.endswith(GROWING):
        return file
    content = (folder / file).read_text(encoding="utf-8")
    if file.endswith(".ipynb"):
        notebook = json.loads(content)
        notebook["cells"] = notebook["cells"][: len(notebook["cells"]) * number // count]
        return Planned(file, content=json.dumps(notebook, indent=1))
    lines = content.splitlines(keepends=True)
    return Planned(file, content="".join(lines[: len(lines) * number // count]))


def _step(commit: Mapping[str, Any], files: tuple[str | Planned, ...], where: str) -> Step:
    try:
        moment = datetime.fromisoformat(text(commit, "date", where))
    except ValueError as error:
        raise CaseError(f"{where}: date: {error}") from None
    if moment.tzinfo is None:
        raise CaseError(f"{where}: date: expected a time zone, such as +01:00")
    author = text(commit, "author", where)
    if AUTHOR.fullmatch(author) is None:
        raise CaseError(f"{where}: author = {author!r}: expected a name and an address, such as Ada <ada@example.org>")
    at = (moment - START).total_seconds() / 60
    subject = text(commit, "subject", where)
    return Step(subject=subject, at=at, committed=at, author=author, branch=MAIN, merge=None, stub=False, files=files)
