"""What the command line names as a class's submissions: folders and archives of any of the known layouts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from graders.cohort.intake import downloads
from graders.cohort.intake.extraction import IGNORED, unpack_class
from graders.cohort.intake.model import Submitted, modified, safe_name, shown
from graders.core.errors import UsageError
from graders.core.text import plain_line
from graders.submission import submission_name
from graders.submission.archives import is_archive, member_name, member_parts, require_short_directory

ARCHIVES = (".zip", ".tar", ".gz", ".tgz", ".bz2", ".xz", ".7z", ".rar")


@dataclass
class Found:
    """Submissions, and lines about what was not taken for one."""

    submissions: list[Submitted] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def read_sources(sources: Sequence[Path], lab_files: Sequence[str], unpacked: Path) -> Found:
    """The submissions in folders and archives.

    A folder or an archive is a class, unless a lab's files lie directly in it, or it is a git clone: then it is a
    submission itself.

    :param lab_files: paths that tell a submission, from its root.
    :param unpacked: the folder that archives of classes are unpacked to.
    :raises UsageError: there is no such path, or nothing in it.
    """
    found = Found()
    for source in sources:
        if not source.exists():
            raise UsageError(f"{source}: no such path")
        before = len(found.submissions)
        _read_source(source, lab_files, unpacked, found)
        if len(found.submissions) == before:
            raise UsageError(f"{source}: no submissions in it: expected folders or ZIP archives, one for each student")
    return found


def _read_source(source: Path, lab_files: Sequence[str], unpacked: Path, found: Found) -> None:
    if source.is_dir():
        if is_submission(source, lab_files):
            found.submissions.append(as_submission(source))
        else:
            _read_class(source, found)
    elif not is_archive(source):
        raise UsageError(f"{source}: neither a folder nor a ZIP archive")
    elif _is_one_submission(source, lab_files):
        found.submissions.append(as_submission(source))
    else:
        _read_archive(source, lab_files, unpacked, found)


def _read_archive(source: Path, lab_files: Sequence[str], unpacked: Path, found: Found) -> None:
    """The submissions in a class's archive, with what went wrong when theirs were unpacked."""
    opened = unpack_class(source, unpacked)
    inside = Found()
    _read_class(_top(opened.folder, lab_files), inside)
    for each in inside.submissions:
        own = [path for path in (each.path, *each.files.values()) if path is not None]
        places = {path.relative_to(opened.folder).as_posix() for path in own}
        problems = [text for at, text in opened.problems.items() if _touches(at, places)]
        notes = [line for at, lines in opened.notes.items() if _touches(at, places) for line in lines]
        problem = each.problem or (problems[0] if problems else "")
        found.submissions.append(replace(each, problem=problem, notes=(*each.notes, *notes)))
    found.notes += inside.notes


def _touches(at: str, places: set[str]) -> bool:
    """Whether what was unpacked at ``at`` is one of these places, or above or below one."""
    return any(place == at or place.startswith(f"{at}/") or at.startswith(f"{place}/") for place in places)


def is_submission(folder: Path, lab_files: Sequence[str]) -> bool:
    """Whether a folder is a submission itself: it has a lab's files directly in it, or a git history."""
    return (folder / ".git").exists() or any((folder / file).is_file() for file in lab_files)


def _is_one_submission(archive: Path, lab_files: Sequence[str]) -> bool:
    """Whether an archive is one submission: a lab's files lie at its top, or in the one folder there."""
    import zipfile

    try:
        require_short_directory(archive, large=True)
        with zipfile.ZipFile(archive) as opened:
            names = [member_parts(member_name(member)) for member in opened.infolist()]
    except Exception:  # noqa: BLE001  unpacking it says what is wrong
        return False
    names = [parts for parts in names if parts and not IGNORED.intersection(parts)]
    files = {"/".join(parts) for parts in names}
    tops = {parts[0] for parts in names}
    if files.intersection(lab_files):
        return True
    top = next(iter(tops)) if len(tops) == 1 else None
    return top is not None and any(f"{top}/{file}" in files for file in lab_files)


def _read_class(folder: Path, found: Found) -> None:
    """The submissions in a class's folder."""
    entries = _entries(folder)
    if (folder / downloads.METADATA).is_file():
        found.submissions += downloads.read_gradescope(folder)
    elif downloads.is_canvas(entries):
        found.submissions += downloads.read_canvas(entries)
    else:
        moodle = [path for path in entries if downloads.is_moodle(path)]
        found.submissions += downloads.read_moodle(moodle)
        found.submissions += _plain([path for path in entries if path not in moodle], found.notes)


def _top(folder: Path, lab_files: Sequence[str]) -> Path:
    """The folder with the submissions of an archive: the only one at its top, unless that is a submission."""
    entries = _entries(folder)
    alone = entries[0] if len(entries) == 1 and entries[0].is_dir() else None
    if alone is None or downloads.is_moodle(alone) or is_submission(alone, lab_files):
        return folder
    return alone


def _entries(folder: Path) -> list[Path]:
    try:
        every = sorted(folder.iterdir())
    except OSError as error:
        raise UsageError(f"{folder}: can't be read: {error.strerror}") from None
    return [path for path in every if path.name not in IGNORED and not path.name.startswith(".")]


def _plain(entries: Sequence[Path], notes: list[str]) -> Iterator[Submitted]:
    """A submission for each folder and archive; other files are named."""
    other = []
    for path in entries:
        if path.is_dir() or path.suffix.lower() in ARCHIVES or is_archive(path):
            yield as_submission(path)
        else:
            other.append(path.name)
    if other:
        notes.append(f"left out, neither a folder nor an archive: {shown(other)}")


def as_submission(path: Path) -> Submitted:
    """A folder or an archive that is one submission, called as it is."""
    name = safe_name(submission_name(path))
    problem = ""
    if path.is_symlink() and not path.exists():
        problem = "a link that leads nowhere"
    elif not path.is_dir() and not is_archive(path):
        kind = "a ZIP archive" if path.suffix.lower() == ".zip" else "a folder or a ZIP archive"
        problem = f"{plain_line(path.name, 80)} is not {kind}, or a damaged one"
    rank = 0.0 if problem else modified(path)
    return Submitted(name=name, students=(name,), path=path, rank=rank, problem=problem)
