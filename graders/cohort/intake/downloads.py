"""How Canvas, Moodle and Gradescope lay out what "download all submissions" gives, as folders see it unpacked.

Canvas: files in one folder, ``lovelaceada_1234_5678_lab2.zip``: the student's name and ID, and the attachment's.
Moodle: ``Ada Lovelace_1234_assignsubmission_file/…``, or such files where folders were not requested.
Gradescope: ``submission_1234/…`` beside ``submission_metadata.yml``, which says whose they are.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from graders.cohort.intake.model import Submitted, safe_name, shown
from graders.core.errors import UsageError
from graders.core.text import plain_line
from graders.submission.archives import is_archive

CANVAS = re.compile(r"([^\W_]+)_(?:LATE_)?(\d+)_(\d+)_(.+)", re.IGNORECASE | re.DOTALL)
MOODLE = re.compile(r"(.*)_(\d+)_assignsubmission_(file|onlinetext)(?:_(.*))?", re.DOTALL)
METADATA = "submission_metadata.yml"
MAX_METADATA = 256 << 20


def is_canvas(entries: Sequence[Path]) -> bool:
    """Whether these are the entries of a Canvas download: files, each with a student's name and two IDs."""
    return bool(entries) and all(path.is_file() and CANVAS.fullmatch(path.name) for path in entries)


def is_moodle(path: Path) -> bool:
    """Whether an entry is one of a Moodle download."""
    return bool(MOODLE.fullmatch(path.name))


def read_canvas(entries: Sequence[Path]) -> Iterator[Submitted]:
    """The submissions of a Canvas download, one a student."""
    students: dict[str, list[tuple[int, Path, str]]] = {}
    for path in entries:
        found = CANVAS.fullmatch(path.name)
        assert found is not None, "is_canvas said so"
        students.setdefault(f"{found[1]}_{found[2]}", []).append((int(found[3]), path, found[4]))
    for student, attached in students.items():
        yield _from_files(student, sorted(attached))


def read_moodle(entries: Sequence[Path]) -> Iterator[Submitted]:
    """The submissions of a Moodle download, one a participant."""
    participants: dict[str, list[Path]] = {}
    for path in entries:
        found = MOODLE.fullmatch(path.name)
        assert found is not None, "is_moodle said so"
        participants.setdefault(f"{found[1]}_{found[2]}_assignsubmission_file", []).append(path)
    for student, paths in participants.items():
        texts = [path.name for path in paths if "_assignsubmission_onlinetext" in path.name]
        files = [path for path in paths if path.name not in texts]
        notes = (f"left out: text that was typed into Moodle ({shown(texts)})",) if texts else ()
        yield _of_participant(student, files, notes)


def _of_participant(student: str, files: Sequence[Path], notes: tuple[str, ...]) -> Submitted:
    if not files:
        return Submitted(name=student, students=(student,), path=None, problem="no file was submitted", notes=notes)
    folders = [path for path in files if path.is_dir()]
    if not folders:
        named = [(0, path, (MOODLE.fullmatch(path.name) or [""] * 5)[4] or path.name) for path in files]
        return _from_files(student, named, notes)
    inside = sorted(path for path in folders[0].iterdir() if not path.name.startswith("."))
    if any(is_archive(path) for path in inside):
        return _from_files(student, [(0, path, path.name) for path in inside], notes)
    return Submitted(name=student, students=(student,), path=folders[0], notes=notes)


def _from_files(student: str, files: Sequence[tuple[int, Path, str]], notes: tuple[str, ...] = ()) -> Submitted:
    """A submission of loose files: an archive if there is one, the newest of several; else all of them together.

    :param files: the number of the attachment, the file, and the name that it was submitted under.
    """
    archives = [each for each in files if is_archive(each[1])]
    if not archives:
        broken = [name for _, path, name in files if path.suffix.lower() == ".zip"]
        problem = f"{shown(broken)}: not a ZIP archive, or a damaged one" if broken else ""
        loose = {safe_name(name): path for _, path, name in files}
        return Submitted(
            name=student, students=(student,), path=files[-1][1], files=loose, problem=problem, notes=notes
        )
    _, chosen, name = max(archives, key=lambda each: (each[0], each[1].stat().st_mtime, each[2]))
    left = [other for _, path, other in files if path != chosen]
    if left:
        notes += (f"{plain_line(name, 60)} was graded, the newest archive; left out: {shown(left)}",)
    return Submitted(name=student, students=(student,), path=chosen, notes=notes)


def read_gradescope(folder: Path) -> Iterator[Submitted]:
    """The submissions of a Gradescope export: whose they are, and since when, as its metadata say.

    :raises UsageError: the metadata can't be read.
    """
    known = _metadata(folder / METADATA)
    for path in sorted(folder.iterdir()):
        if not path.is_dir():
            continue
        about = known.get(path.name)
        if not isinstance(about, Mapping):
            yield Submitted(
                name=safe_name(path.name), students=(), path=path, problem=f"{METADATA} does not say whose it is"
            )
            continue
        students = tuple(filter(None, map(_submitter, about.get("submitters") or [])))
        name = safe_name(" and ".join(students)) if students else path.name
        yield Submitted(
            name=name,
            students=students,
            path=path,
            submitted_at=_time(about.get("created_at")),
            group=name if len(students) > 1 else "",
            problem="" if students else f"{METADATA} names nobody for it",
        )


def _metadata(file: Path) -> Mapping[str, Any]:
    import yaml

    if file.stat().st_size > MAX_METADATA:
        raise UsageError(f"{file}: too large to be Gradescope's")
    try:
        found = yaml.load(file.read_bytes(), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506  safe
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as error:
        raise UsageError(f"{file}: can't be read: {plain_line(str(error))}") from None
    if not isinstance(found, Mapping):
        raise UsageError(f"{file}: not what Gradescope writes: expected an entry for each submission")
    plain = _without_colons(found)
    return {str(key): value for key, value in plain.items()}


def _without_colons(value: Any) -> Any:
    """Ruby's symbols, ``:name:``, as plain keys."""
    if isinstance(value, Mapping):
        return {str(key).lstrip(":"): _without_colons(item) for key, item in value.items()}
    return [_without_colons(item) for item in value] if isinstance(value, list) else value


def _submitter(person: Any) -> str:
    """What a gradebook finds somebody by: the mail address, else the student's ID, else the name."""
    if not isinstance(person, Mapping):
        return ""
    return next((str(person[key]).strip() for key in ("email", "sid", "name") if person.get(key)), "")


def _time(value: Any) -> dt.datetime | None:
    if isinstance(value, str):
        try:
            value = dt.datetime.fromisoformat(value.strip().replace(" UTC", "+00:00"))
        except ValueError:
            return None
    if not isinstance(value, dt.datetime):
        return None
    return value if value.tzinfo else value.replace(tzinfo=dt.UTC)
