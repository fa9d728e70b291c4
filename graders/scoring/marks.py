"""The file for manual marks of pending criteria, which a later grading merges.

It quotes what a student wrote. Whatever that is, in the file it stays a comment or a string.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import shutil
import stat
import textwrap
import unicodedata
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

from graders.core.errors import GraderError, UsageError
from graders.core.text import plain_line
from graders.core.toml import NotToml, parse_toml

MAX_FILE = 1 << 20
COLUMNS = 120
QUOTE = "# > "
# How many lines of each passage are quoted; the next smaller number where the file would come out too large.
QUOTED_LINES = (200, 40, 10, 0)
LONGEST_NAME = 200
LONGEST_PATH = 4096
NOT_MARKED = "not marked"
CHANGED = "marked before the passage changed: check it again"

_KEYS = ("passage", "points", "comment")
_POINTS = re.compile(r"[0-9]{1,9}(?:[.,][0-9]{1,2})?")
_POINTS_NEEDED = "points must be a number from 0, with at most 2 decimals, such as 1 or 0.5"
_TAKEN_OUT = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
_JOINERS = frozenset("\u200c\u200d")
"""Needed to write some scripts, and some emoji, properly; they move nothing."""


@dataclass(frozen=True)
class Passage:
    """What an instructor reads: the student's ``text`` and its ``place``, which is empty where there is none."""

    place: str
    text: str

    @property
    def fingerprint(self) -> str:
        """Distinguishes this text from any other: 16 hexadecimal digits; empty where the text is."""
        if not self.text:
            return ""
        return hashlib.sha256(self.text.encode("utf-8", "surrogatepass")).hexdigest()[:16]


@dataclass(frozen=True)
class MarkRequest:
    """A criterion to be graded manually, with its maximum and what to read."""

    criterion: str
    title: str
    maximum: Decimal
    passage: Passage


@dataclass(frozen=True)
class Mark:
    """The manual points for a criterion. ``fingerprint`` is the passage's when the file was written."""

    criterion: str
    points: Decimal
    comment: str
    fingerprint: str


@dataclass(frozen=True)
class Marks:
    """What was filled in for one submission. ``comments`` are those that stand without points as yet."""

    submission: str
    marks: Mapping[str, Mark]
    comments: Mapping[str, str] = field(default_factory=dict)


def read_marks(path: Path) -> Marks:
    """The marks in a file that :func:`write_marks` wrote and an instructor filled in.

    :raises UsageError: where it can't be read or holds something else; one line that names the file and the entry.
    """
    shown = shown_path(path)
    text = file_text(path, shown)
    try:
        data = parse_toml(text, written_number)
    except NotToml as error:
        raise UsageError(f"{shown}: not TOML: {plain_line(str(error))}") from None
    try:
        return _marks(data)
    except UsageError as error:
        raise UsageError(f"{shown}: {error}") from None


def write_marks(path: Path, submission: str, requests: Sequence[MarkRequest], known: Marks | None) -> None:
    """Writes the file to be filled in, all of it or nothing, with the marks that are ``known`` already.

    A mark whose passage has changed keeps the old fingerprint, so that it does not count until it has been checked
    again. Marks of criteria that are not in ``requests`` are kept at the end. A submission's name is written exactly,
    but for lone surrogates, which no file can hold.

    :raises UsageError: where the file can't be written, or comments make it too large to be read again.
    :raises GraderError: where ``requests`` names a criterion twice.
    """
    known = known or Marks(submission, {})
    for most in QUOTED_LINES:
        content = "\n".join(_lines(submission, requests, known, most)) + "\n"
        encoded = content.encode("utf-8")
        if len(encoded) <= MAX_FILE:
            break
    else:
        raise UsageError(f"{shown_path(path)}: it would be larger than {MAX_FILE:,} bytes; shorten the comments")
    try:
        replace_file(path, encoded)
    except OSError as error:
        raise UsageError(f"{shown_path(path)}: can't be written: {error.strerror}") from None
    except ValueError:
        raise UsageError(f"{shown_path(path)}: no name for a file") from None


def valid_mark(item: MarkRequest, marks: Marks) -> tuple[Mark | None, str]:
    """The mark that holds for ``item``; or none, and why in one line.

    :raises UsageError: where the mark is more than the criterion is worth.
    """
    mark = marks.marks.get(item.criterion)
    if mark is None:
        return None, NOT_MARKED
    if mark.points > item.maximum:
        given, most = short_number(mark.points), short_number(item.maximum)
        raise UsageError(f"{_named(item.criterion)}: points = {given}, but the maximum is {most}")
    if mark.fingerprint != item.passage.fingerprint:
        return None, CHANGED
    return mark, ""


def has_marks(path: Path) -> bool:
    """Whether anything has been filled in in the file at ``path``, points or comments.

    A file that can't be read counts as filled in, so that nobody overwrites it.
    """
    try:
        os.lstat(path)
    except (FileNotFoundError, NotADirectoryError):
        return False
    except (OSError, ValueError):
        return True
    try:
        found = read_marks(path)
    except UsageError:
        return True
    return bool(found.marks or found.comments)


def shown_path(path: Path) -> str:
    """A path in a message."""
    return plain_line(str(path), LONGEST_PATH)


def file_text(path: Path, shown: str, most: int = MAX_FILE) -> str:
    """The text of a small file, such as marks. :raises UsageError: it can't be read, or is no text; one line."""
    try:
        with open(path, "rb", opener=_opener) as file:
            regular = stat.S_ISREG(os.fstat(file.fileno()).st_mode)
            data = file.read(most + 1) if regular else b""
    except OSError as error:
        raise UsageError(f"{shown}: can't be read: {error.strerror}") from None
    except ValueError:
        raise UsageError(f"{shown}: no name for a file") from None
    if not regular:
        raise UsageError(f"{shown}: not a regular file")
    if len(data) > most:
        raise UsageError(f"{shown}: larger than {most:,} bytes")
    try:
        # Some editors put a byte order mark in front.
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise UsageError(f"{shown}: not UTF-8 (line {line})") from None


def _opener(path: str, flags: int) -> int:
    """Without O_NONBLOCK, a pipe that nobody writes to would never open."""
    return os.open(path, flags | os.O_NONBLOCK)


def written_number(text: str) -> Decimal:
    """A number as it is written, for a float would change its decimals."""
    try:
        return Decimal(text)
    except ArithmeticError:
        return Decimal("NaN")


def _marks(data: Mapping[str, Any]) -> Marks:
    for name in data:
        if name not in ("submission", "marks"):
            raise UsageError(f"{quoted(plain_line(name, LONGEST_NAME))} is not known; there are submission and marks")
    submission, entries = data.get("submission"), data.get("marks", {})
    if not isinstance(submission, str):
        raise UsageError("submission must be a text in quotes")
    if not isinstance(entries, dict):
        raise UsageError('marks must be tables, each under [marks."criterion"]')
    marks: dict[str, Mark] = {}
    comments: dict[str, str] = {}
    for criterion, entry in entries.items():
        try:
            points, comment, fingerprint = _filled(entry)
        except UsageError as error:
            raise UsageError(f"{_named(criterion)}: {error}") from None
        if points is not None:
            marks[criterion] = Mark(criterion, points, comment, fingerprint)
        elif comment:
            comments[criterion] = comment
    return Marks(submission, marks, comments)


def _filled(entry: Any) -> tuple[Decimal | None, str, str]:
    if not isinstance(entry, dict):
        raise UsageError("not a table with passage, points and comment")
    for name in entry:
        if name not in _KEYS:
            known = ", ".join(_KEYS)
            raise UsageError(f"{quoted(plain_line(name, LONGEST_NAME))} is not known; there are {known}")
    for name in ("passage", "comment"):
        if not isinstance(entry.get(name, ""), str):
            raise UsageError(f"{name} must be a text in quotes")
    return given_points(entry.get("points", "")), entry.get("comment", ""), entry.get("passage", "")


def given_points(value: Any) -> Decimal | None:
    """The points as written; None if they are still to be given."""
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
        raise UsageError(_POINTS_NEEDED)
    # Python refuses to write out an int of thousands of digits.
    if isinstance(value, int) and not 0 <= value < 10**9:
        raise UsageError(_POINTS_NEEDED)
    written = str(value).strip()
    if not written:
        return None
    if not _POINTS.fullmatch(written):
        raise UsageError(_POINTS_NEEDED)
    return Decimal(written.replace(",", "."))


def _lines(submission: str, requests: Sequence[MarkRequest], known: Marks, most: int) -> Iterator[str]:
    yield f"# Manual marks for: {plain_line(submission, LONGEST_NAME)}"
    yield '# Write points (0 to the maximum) and, if you like, a comment. Entries left as "" are still ungraded.'
    yield "# Then grade again with --marks and this file."
    yield f"submission = {quoted(submission)}"
    written: set[str] = set()
    for item in requests:
        if item.criterion in written:
            raise GraderError(f"criterion '{item.criterion}' is to be marked twice")
        written.add(item.criterion)
        yield ""
        yield f"[{_entry(item.criterion)}]"
        unit = "point" if item.maximum == 1 else "points"
        yield f"# {plain_line(item.title, LONGEST_NAME)} (at most {short_number(item.maximum)} {unit})"
        yield from passage_lines(item.passage, most)
        yield from _values(item.criterion, known, item.passage.fingerprint)
    for criterion in (*known.marks, *known.comments):
        if criterion not in written:
            written.add(criterion)
            yield ""
            yield f"[{_entry(criterion)}]"
            yield "# From an earlier file: this grading has no such criterion."
            yield from _values(criterion, known, None)


def passage_lines(passage: Passage, most: int) -> Iterator[str]:
    """What is quoted of a passage, and where it is, as comments of at most so many lines."""
    place = plain_line(passage.place, LONGEST_NAME)
    if place:
        yield f"# {place}:" if passage.text else f"# {place}"
    lines, whole = _wrapped(passage.text, most)
    for line in lines:
        yield f"{QUOTE}{line}".rstrip()
    if not whole:
        yield "# The passage goes on; it is too long for this file."


def _wrapped(text: str, most: int) -> tuple[list[str], bool]:
    """At most so many lines of a text that fit behind ``QUOTE``, and whether that is all of it."""
    width = COLUMNS - len(QUOTE)
    head = text[: 2 * most * width]
    lines: list[str] = []
    for line in head.splitlines():
        seen = "".join(character for character in line.expandtabs(4) if _is_seen(character))
        lines += textwrap.wrap(seen, width, break_on_hyphens=False) or [""]
        if len(lines) > most:
            break
    return lines[:most], len(lines) <= most and len(head) == len(text)


def _is_seen(character: str) -> bool:
    return character in _JOINERS or unicodedata.category(character) not in _TAKEN_OUT


def _values(criterion: str, known: Marks, current: str | None) -> Iterator[str]:
    """The three values of an entry. ``current`` is the passage's fingerprint now, None where there is no passage."""
    mark = known.marks.get(criterion)
    if mark is None:
        fingerprint, points, comment = current or "", "", known.comments.get(criterion, "")
    else:
        fingerprint, points, comment = mark.fingerprint, short_number(mark.points), mark.comment
        if current is not None and fingerprint != current:
            yield "# This passage changed after it was marked. Look again; for the points to count, replace the line"
            yield f"# that says passage by this one: passage = {quoted(current)}"
    yield f"passage = {quoted(fingerprint)}"
    yield f"points = {quoted(points)}"
    yield f"comment = {quoted(comment)}"


def _named(criterion: str) -> str:
    """An entry in a message."""
    return plain_line(_entry(criterion), LONGEST_NAME)


def _entry(criterion: str) -> str:
    return f"marks.{quoted(criterion)}"


def short_number(value: Decimal) -> str:
    """Points as a person writes them: 1, 0.5; never 1.0 or 1E+1."""
    return format(value.normalize(), "f")


def quoted(text: str) -> str:
    """A TOML string of one line that holds ``text``; what can't be seen is written as its number."""
    return '"' + "".join(_escaped(character) for character in text) + '"'


def _escaped(character: str) -> str:
    if character in '"\\':
        return "\\" + character
    if character == "\n":
        return "\\n"
    if character.isprintable() or character in _JOINERS:
        return character
    code = ord(character)
    if 0xD800 <= code <= 0xDFFF:
        return "\N{REPLACEMENT CHARACTER}"
    return f"\\u{code:04X}" if code <= 0xFFFF else f"\\U{code:08X}"


def replace_file(path: Path, content: bytes) -> None:
    """Puts the file in place whole, with the rights that the one before it had."""
    draft = path.parent / f".marks-{uuid.uuid4().hex}.tmp"
    try:
        with open(draft, "xb") as file:
            with contextlib.suppress(FileNotFoundError):
                shutil.copymode(path, draft)
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(draft, path)  # noqa: PTH105
    except BaseException:
        with contextlib.suppress(OSError):
            draft.unlink()
        raise
