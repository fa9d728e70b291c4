"""Which version of each submission is graded: as it is, or the last commit before a time, as a clean folder."""

from __future__ import annotations

import datetime as dt
import hashlib
import os
import shutil
import tempfile
import zipfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path

from graders.cohort.deadlines.choice import choose, doubts, stated
from graders.cohort.intake import Submitted
from graders.core.errors import SubmissionError
from graders.submission.archives import is_archive, member_name, member_parts, require_short_directory, unpack
from graders.submission.history.timeline import DatedCommit, OwnRepository, Timeline, own_repository

FOLDER = "versions"
SUBMITTED, COMMITTED = "submitted_at", "the date of its last commit"
DEEPEST = 2


def versions_at(submissions: Sequence[Submitted], at: dt.datetime, folder: Path) -> list[Submitted]:
    """The submissions as they were at a time. An extension moves that time.

    What ``submitted_at`` says of a submission wins over dates of commits.

    :param folder: where commits are written to; what is there of an earlier call is used again.
    """
    return _each(submissions, partial(_version_at, at=at, folder=folder))


def versions_now(submissions: Sequence[Submitted]) -> list[Submitted]:
    """The submissions as they are, with the time at which they were made as far as it is known."""
    return _each(submissions, _version_now)


def _each(submissions: Sequence[Submitted], take: Callable[[Submitted], Submitted]) -> list[Submitted]:
    # git does the work, in processes of its own.
    with ThreadPoolExecutor(os.cpu_count() or 1) as threads:
        return list(threads.map(take, submissions))


def _version_at(each: Submitted, at: dt.datetime, folder: Path) -> Submitted:
    if each.problem or each.path is None:
        return each
    at += dt.timedelta(days=each.extension_days)
    known = replace(each, version_at=each.submitted_at, version_by=SUBMITTED if each.submitted_at else "")
    if each.submitted_at is not None and each.submitted_at <= at:
        return known
    try:
        with _repository(each) as repository:
            if repository is None:
                return _without_history(known, at)
            return _from_history(known, repository, at, folder)
    except SubmissionError as error:
        return replace(known, problem=str(error))


def _without_history(each: Submitted, at: dt.datetime) -> Submitted:
    """A submission of which there is only one version."""
    if each.submitted_at is None:
        return replace(each, notes=(*each.notes, "graded as it is: nothing says when it was submitted"))
    when = stated(each.submitted_at, at.tzinfo)
    problem = f"submitted at {when}, after {stated(at, at.tzinfo)}, and it has no git history with an earlier version"
    return replace(each, problem=problem, in_time=False)


def _from_history(each: Submitted, repository: OwnRepository, at: dt.datetime, folder: Path) -> Submitted:
    """The last commit before a time; the newest one is not, if ``submitted_at`` says so."""
    timeline = repository.timeline()
    choice = choose(timeline, at, without_head=each.submitted_at is not None)
    notes = (*each.notes, *choice.notes)
    if each.submitted_at is not None:
        notes += (f"submitted at {stated(each.submitted_at, at.tzinfo)}: an earlier commit counts, by its own date",)
    if choice.commit is None:
        return replace(each, problem=_nothing(timeline, at), in_time=False, notes=notes)
    path, left_out = _exported(each, repository, choice.commit, folder)
    return replace(
        each,
        path=path,
        commit=choice.commit.id,
        version_at=choice.commit.time,
        version_by=COMMITTED,
        notes=(*notes, *left_out),
    )


def _nothing(timeline: Timeline, at: dt.datetime) -> str:
    dated = [each.time for each in timeline.commits if each.time is not None]
    first = f": the first is of {stated(min(dated), at.tzinfo)}" if dated else ""
    cut = ", in a shallow clone, which has the newest ones only: clone it in full" if timeline.shallow else ""
    return f"no commit before {stated(at, at.tzinfo)}{first}{cut}"


def _exported(
    each: Submitted, repository: OwnRepository, commit: DatedCommit, folder: Path
) -> tuple[Path, tuple[str, ...]]:
    """The commit's folder, which is called as the submission is, and what it lacks; no other commit's is kept."""
    own = folder / hashlib.sha256(each.name.encode("utf-8", "surrogatepass")).hexdigest()[:16]
    place, record = own / commit.id / each.name, own / f"{commit.id}.txt"
    if not (record.is_file() and place.is_dir()):
        shutil.rmtree(own, ignore_errors=True)
        left_out = repository.export(commit.id, place)
        record.write_text("\n".join(left_out), encoding="utf-8", errors="replace")
    return place, tuple(record.read_text(encoding="utf-8").splitlines())


def _version_now(each: Submitted) -> Submitted:
    if each.problem or each.path is None:
        return each
    if each.submitted_at is not None:
        return replace(each, version_at=each.submitted_at, version_by=SUBMITTED)
    try:
        with _repository(each) as repository:
            if repository is None:
                return each
            timeline = repository.timeline()
    except SubmissionError as error:
        return replace(each, notes=(*each.notes, f"nothing says when it was submitted: {error}"))
    notes = (*each.notes, *doubts(timeline, dt.UTC))
    return replace(each, version_at=timeline.head.time, version_by=COMMITTED, notes=notes)


@contextmanager
def _repository(each: Submitted) -> Iterator[OwnRepository | None]:
    """The git repository that was submitted, in the submission's folder or archive, or in the only folder there."""
    assert each.path is not None, "there is something to look at"
    if each.files:
        yield None
    elif each.path.is_dir():
        with own_repository(_top(each.path)) as repository:
            yield repository
    elif not _has_history(each.path):
        yield None
    else:
        with tempfile.TemporaryDirectory(prefix="optgrade-history-") as scratch:
            unpacked = unpack(each.path, Path(scratch) / "archive").folder
            with own_repository(_top(unpacked)) as repository:
                yield repository


def _top(folder: Path) -> Path:
    """The folder, or the only one in it, if that one is a repository."""
    if os.path.lexists(folder / ".git"):
        return folder
    inside = [Path(entry.path) for entry in os.scandir(folder) if entry.is_dir(follow_symlinks=False)]
    return inside[0] if len(inside) == 1 and os.path.lexists(inside[0] / ".git") else folder


def _has_history(archive: Path) -> bool:
    """Whether an archive has a repository; whatever can't be read has none."""
    try:
        if not is_archive(archive):
            return False
        require_short_directory(archive)
        with zipfile.ZipFile(archive) as opened:
            names = [member_parts(member_name(member)) for member in opened.infolist()]
    except Exception:  # noqa: BLE001  grading it says what is wrong
        return False
    return any(".git" in parts[:DEEPEST] and parts[-1] == "HEAD" for parts in names if parts)
