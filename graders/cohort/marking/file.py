"""The class's ``marks.toml``: by question, passages in random order and without names, each of them once.

It quotes what students wrote. Whatever that is, in the file it stays a comment.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

from graders.cohort.marking.model import REPORT, ClassMark, ClassMarks, Group, Question, code
from graders.core.errors import UsageError
from graders.core.text import plain_line
from graders.core.toml import NotToml, parse_toml
from graders.scoring.marks import (
    LONGEST_NAME,
    QUOTED_LINES,
    Passage,
    file_text,
    given_points,
    passage_lines,
    quoted,
    replace_file,
    short_number,
    shown_path,
    written_number,
)

FILE = "marks.toml"
MAX_FILE = 64 << 20
KEYS = ("points", "comment")


def read_class_marks(path: Path, maxima: Mapping[str, Decimal]) -> dict[tuple[str, str], ClassMark]:
    """Every entry of a file that :func:`write_class_marks` wrote, those that are not filled in as well.

    :param maxima: the points of known criteria.
    :raises UsageError: it can't be read or holds something else; one line that names the file and the entry.
    """
    shown = shown_path(path)
    text = file_text(path, shown, MAX_FILE)
    try:
        return dict(_entries(parse_toml(text, written_number), maxima))
    except NotToml as error:
        raise UsageError(f"{shown}: not TOML: {plain_line(str(error))}") from None
    except UsageError as error:
        raise UsageError(f"{shown}: {error}") from None


def write_class_marks(path: Path, questions: Mapping[str, Question], known: ClassMarks, salt: bytes) -> None:
    """Writes the file to be filled in, all of it or nothing, with what is filled in already.

    :raises UsageError: it can't be written, or comments make it too large to be read again.
    """
    for most in QUOTED_LINES:
        content = ("\n".join(_lines(questions, known, salt, most)) + "\n").encode("utf-8", "replace")
        if len(content) <= MAX_FILE:
            break
    else:
        raise UsageError(f"{shown_path(path)}: it would be larger than {MAX_FILE:,} bytes; shorten the comments")
    try:
        if not (path.is_file() and path.read_bytes() == content):
            replace_file(path, content)
    except OSError as error:
        raise UsageError(f"{shown_path(path)}: can't be written: {error.strerror}") from None


def _entries(data: Mapping[str, Any], maxima: Mapping[str, Decimal]) -> Iterator[tuple[tuple[str, str], ClassMark]]:
    if "submission" in data:
        raise UsageError("this is a file of one submission's marks; the class's is the one beside index.html")
    unknown = next((name for name in data if name != "marks"), None)
    if unknown is not None:
        raise UsageError(f"{quoted(plain_line(unknown, LONGEST_NAME))} is not known; there is marks")
    for criterion, passages in _table(data.get("marks", {}), "marks").items():
        for key, entry in _table(passages, _named(criterion)).items():
            try:
                yield (criterion, key), _entry(_table(entry, ""), maxima.get(criterion))
            except UsageError as error:
                raise UsageError(f"{_named(criterion, key)}: {error}") from None


def _entry(entry: Mapping[str, Any], maximum: Decimal | None) -> ClassMark:
    unknown = next((name for name in entry if name not in KEYS), None)
    if unknown is not None:
        raise UsageError(f"{quoted(plain_line(unknown, LONGEST_NAME))} is not known; there are {', '.join(KEYS)}")
    comment = entry.get("comment", "")
    if not isinstance(comment, str):
        raise UsageError("comment must be a text in quotes")
    points = given_points(entry.get("points", ""))
    if points is not None and maximum is not None and points > maximum:
        raise UsageError(f"points = {short_number(points)}, but the maximum is {short_number(maximum)}")
    return ClassMark(points, comment)


def _table(value: Any, name: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise UsageError(
            f"{f'{name} is ' if name else ''}not a table: expected entries under [marks.CRITERION.PASSAGE]"
        )
    return value


def _named(*words: str) -> str:
    return plain_line(".".join(("marks", *map(quoted, words))), LONGEST_NAME)


def _lines(questions: Mapping[str, Question], known: ClassMarks, salt: bytes, most: int) -> Iterator[str]:
    places = [(question.criterion, key) for question in questions.values() for key in question.passages]
    marked = sum(place in known and known[place].points is not None for place in places)
    yield f"# Manual marks of the class: {len(questions)} questions, {len(places)} passages, {marked} of them marked."
    yield "# Equal passages are here once; their order is random. Write points (0 to the maximum) and, if you like, a"
    yield '# comment, which students read. Entries left as "" are still ungraded. Then grade again with --marks and'
    yield "# this file: what it says replaces earlier marks."
    for number, question in enumerate(questions.values(), 1):
        yield from (
            "",
            "",
            f"# ===== Question {number} of {len(questions)}: {plain_line(question.title, LONGEST_NAME)}",
        )
        unit = "point" if question.maximum == 1 else "points"
        yield f"# ===== {plain_line(question.criterion, LONGEST_NAME)}, at most {short_number(question.maximum)} {unit}"
        for key, group in _shuffled(question, salt):
            yield from _passage(question.criterion, key, group, known, most)
    yield from _others([place for place in known if place not in set(places)], known)


def _shuffled(question: Question, salt: bytes) -> list[tuple[str, Group]]:
    """Passages in an order that says nothing of whose they are, and is the same each time; reports last."""
    return sorted(
        question.passages.items(),
        key=lambda each: (each[0].startswith(REPORT), code(salt, f"{question.criterion} {each[0]}")),
    )


def _passage(criterion: str, key: str, group: Group, known: ClassMarks, most: int) -> Iterator[str]:
    yield ""
    yield f"[{_full_name(criterion, key)}]"
    passage = group.request.passage
    if passage.text:
        if len(group.reports) > 1:
            yield f"# {len(group.reports)} submissions have this passage."
        # Where it is may say whose it is.
        yield from passage_lines(Passage("", passage.text), most)
    else:
        yield f"# There is nothing to quote: open {plain_line(group.reports[0], LONGEST_NAME)}"
    mark = known.get((criterion, key))
    if mark is not None and mark.points is not None and mark.points > group.request.maximum:
        yield f"# These points do not count: the maximum is {short_number(group.request.maximum)} now."
    yield from _values(mark)


def _others(places: Iterable[tuple[str, str]], known: ClassMarks) -> Iterator[str]:
    """Marks of passages that no submission has now: they count again for whoever has them again."""
    for number, (criterion, key) in enumerate(sorted(places)):
        if number == 0:
            yield from ("", "", "# ===== Marks of passages that no submission has now")
        yield ""
        yield f"[{_full_name(criterion, key)}]"
        yield from _values(known.get((criterion, key)))


def _full_name(criterion: str, key: str) -> str:
    return f"marks.{quoted(criterion)}.{quoted(key)}"


def _values(mark: ClassMark | None) -> Iterator[str]:
    points = "" if mark is None or mark.points is None else short_number(mark.points)
    yield f"points = {quoted(points)}"
    yield f"comment = {quoted(mark.comment if mark is not None else '')}"
