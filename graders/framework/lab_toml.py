"""Parsing ``lab.toml``: each key is known and of its type, or one line says which one is not, and where it is."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from graders.core.errors import GraderError
from graders.core.text import plain_line
from graders.core.toml import NotToml, parse_toml
from graders.framework.definition import (
    DRIVERS,
    FUNCTIONS,
    PERSON,
    Criterion,
    Hint,
    Lab,
    QuestionSpec,
    SummarySpec,
)
from graders.sandbox import Limits
from graders.sandbox.host.limits import MEBI

T = TypeVar("T")
Place = tuple[str | int, ...]
"""A table or a key of a file: names, and numbers for the tables of an array."""
# What a small lab needs: its files say so if they need more.
WALL_S, CPU_S, MEMORY_MIB, ARTIFACT_MIB, PRELOAD = 60, 60, 1024, 64, ("numpy",)
HISTORY = (
    "min_commits", "min_code_commits", "min_letters", "max_letters", "good_subjects", "min_sittings", "sitting_s",
    "least_bytes", "small_data_bytes", "large_bytes", "large_image_bytes", "data_set_images", "pictures", "shares",
)  # fmt: skip
_NAME = r"""(?:"[^"]*"|'[^']*'|[\w-]+)"""
_HEADER = re.compile(rf"\s*(\[\[?)\s*({_NAME}(?:\s*\.\s*{_NAME})*)\s*\]")
_KEY = re.compile(rf"\s*({_NAME}(?:\s*\.\s*{_NAME})*)\s*=")


class Source:
    """A TOML file, and the line of each of its tables and keys."""

    def __init__(self, path: Path) -> None:
        """Reads the file. :raises GraderError: if it can't be read or is no TOML."""
        self.path = path
        try:
            text = path.read_text(encoding="utf-8")
            self.data = parse_toml(text)
        except OSError as error:
            raise GraderError(f"{path}: {error.strerror}") from None
        except NotToml as error:
            raise GraderError(f"{path}: {plain_line(str(error))}") from None
        except UnicodeDecodeError:
            raise GraderError(f"{path}: not UTF-8") from None
        self._lines: dict[Place, int] = {}
        for place, number in _places(text):
            self._lines.setdefault(place, number)

    def error(self, place: Place, message: str) -> GraderError:
        """What is wrong with a table or a key, with its line, or that of the table around it."""
        while place and place not in self._lines:
            place = place[:-1]
        line = f", line {self._lines[place]}" if place else ""
        return GraderError(f"{self.path}{line}: {message}")


def _places(text: str) -> Iterator[tuple[Place, int]]:
    """Each table and key with its line. A line within a long text may pass for a key, so the first one counts."""
    table: Place = ()
    arrays: dict[Place, int] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        if header := _HEADER.match(line):
            table = _names(header[2])
            # A table below an array belongs to the array's last table so far.
            for length in range(1, len(table)):
                if table[:length] in arrays:
                    table = (*table[:length], arrays[table[:length]], *table[length:])
            if header[1] == "[[":
                arrays[table] = arrays.get(table, -1) + 1
                table = (*table, arrays[table])
            yield table, number
        elif key := _KEY.match(line):
            yield (*table, *_names(key[1])), number


def _names(dotted: str) -> Place:
    return tuple(name.strip("\"'") for name in re.findall(_NAME, dotted))


class Table:
    """A table of a file: its keys are taken one by one, and what is left in the end is unknown."""

    def __init__(self, source: Source, data: Mapping[str, Any], place: Place = ()) -> None:
        """:param place: where the table is in the file."""
        self._source, self._data, self._place = source, data, place
        self._known: list[str] = []

    def __contains__(self, key: str) -> bool:
        return key in self._data

    def __iter__(self) -> Iterator[str]:
        return iter(self._data)

    @property
    def name(self) -> str:
        """As the file writes it: ``[limits]``, ``[[criteria]]``; empty for the file's top level."""
        names = ".".join(str(each) for each in self._place if isinstance(each, str))
        if not names:
            return ""
        return f"[[{names}]]" if isinstance(self._place[-1], int) else f"[{names}]"

    def error(self, message: str, key: str | None = None) -> GraderError:
        """What is wrong with the table, or with one of its keys."""
        return self._source.error(self._place if key is None else (*self._place, key), message)

    def take(self, key: str, kind: type[T] | tuple[type[T], ...], words: str, default: T | None = None) -> T:
        """The value of a key. :raises GraderError: if it is of another type, or missing without a default."""
        self._known.append(key)
        if key not in self._data:
            if default is not None:
                return default
            raise self._missing(key)
        value = self._data[key]
        if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
            raise self.error(f"'{key}' is {value!r}; expected {words}", key)
        return value

    def _missing(self, key: str) -> GraderError:
        """The error for a missing key: a misspelt one, if there is any."""
        others = [other for other in self._data if other not in self._known]
        if near := _nearest(key, others):
            return self.error(f"unknown key '{near}'{_place_of(self.name)}; did you mean '{key}'?", near)
        return self.error(f"{self.name} has no key '{key}'" if self.name else f"no '{key}'")

    def text(self, key: str, default: str | None = None) -> str:
        """A text."""
        return self.take(key, str, "a text", default)

    def flag(self, key: str) -> bool:
        """True or false; false by default."""
        return self.take(key, bool, "true or false", False)

    def number(self, key: str, default: float | None = None) -> float:
        """A number. :raises GraderError: as :meth:`take`, and if it is not finite."""
        value = float(self.take(key, (int, float), "a number", default))
        if not math.isfinite(value):
            raise self.error(f"'{key}' is {value}; expected a finite number", key)
        return value

    def numbers(self, key: str) -> dict[str, float]:
        """A table of numbers; empty by default."""
        table = self.table(key)
        return {name: table.number(name) for name in table}

    def texts(self, key: str, default: Sequence[str] | None = None) -> tuple[str, ...]:
        """A list of texts."""
        found = self.take(key, list, "a list of texts", None if default is None else list(default))
        if not all(isinstance(each, str) for each in found):
            raise self.error(f"'{key}' is {found!r}; expected a list of texts", key)
        return tuple(found)

    def alternatives(self, key: str) -> tuple[tuple[str, ...], ...]:
        """A list of texts, or of lists of texts of which one is enough."""
        found = self.take(key, list, "a list of texts", [])
        listed = [[each] if isinstance(each, str) else each for each in found]
        if not all(isinstance(each, list) and all(isinstance(name, str) for name in each) for each in listed):
            raise self.error(f"'{key}' is {found!r}; expected a list of texts, or of lists of them", key)
        return tuple(map(tuple, listed))

    def free(self, key: str) -> dict[str, Any]:
        """A table whose keys are a lab's own; empty by default."""
        return self.take(key, dict, "a table", {})

    def table(self, key: str) -> Table:
        """A table; an empty one by default."""
        return Table(self._source, self.free(key), (*self._place, key))

    def tables(self, key: str, default: list[dict[str, Any]] | None = None) -> list[Table]:
        """An array of tables."""
        found = self.take(key, list, "tables, [[" + key + "]]", default)
        if not all(isinstance(each, dict) for each in found):
            raise self.error(f"'{key}' is {found!r}; expected tables, [[{key}]]", key)
        return [Table(self._source, each, (*self._place, key, number)) for number, each in enumerate(found)]

    def finish(self) -> None:
        """:raises GraderError: for a key that was not taken: nothing uses it, and it may be a slip of the pen."""
        for key in self._data:
            if key not in self._known:
                near = _nearest(key, self._known)
                advice = f"; did you mean '{near}'?" if near else f"; known keys are {', '.join(self._known)}"
                raise self.error(f"unknown key '{key}'{_place_of(self.name)}{advice}", key)


def _place_of(name: str) -> str:
    return f" in {name}" if name else ""


def _nearest(key: str, others: Sequence[str]) -> str | None:
    import difflib

    return next(iter(difflib.get_close_matches(key, others, n=1, cutoff=0.6)), None)


def load(folder: Path) -> Lab:
    """The lab defined in ``folder/lab.toml``.

    :raises GraderError: if the file can't be read, lacks a key or has an unknown one; one line with file, line and key.
    """
    source = Source(folder / "lab.toml")
    table = Table(source, source.data)
    limits, artifact_bytes = _limits(table.table("limits"))
    hints = table.table("hints")
    lab = Lab(
        id=table.text("id"),
        title=table.text("title"),
        folder=folder,
        student_file=table.text("student_file"),
        given=table.texts("given", ()),
        preload=table.texts("preload", PRELOAD),
        limits=limits,
        artifact_bytes=artifact_bytes,
        criteria=tuple(_criterion(each) for each in table.tables("criteria")),
        hints={**_shared_hints(), **{name: _hint(hints.table(name)) for name in hints}},
        settings=table.free("settings"),
        thresholds=table.numbers("thresholds"),
        summary=_summary(table.table("summary"), table.tables("questions", [])) if "summary" in table else None,
        history=_history(table.table("history")) if "history" in table else None,
        data=table.texts("data", ()),
        report=table.text("report", ""),
        driver_name=_driver(table),
        profile=table.flag("profile"),
        quick=table.texts("quick") if "quick" in table else None,
    )
    if lab.summary is None and "questions" in table:
        raise table.error("[[questions]] are answered in a summary: add [summary]", "questions")
    table.finish()
    _check_criteria(lab, table)
    return lab


def _limits(table: Table) -> tuple[Limits, int]:
    limits = Limits(
        wall_s=table.number("wall_s", WALL_S),
        cpu_s=table.number("cpu_s", CPU_S),
        memory=int(table.number("memory_mib", MEMORY_MIB)) * MEBI,
    )
    artifact_bytes = int(table.number("artifact_mib", ARTIFACT_MIB)) * MEBI
    table.finish()
    return limits, artifact_bytes


def _driver(table: Table) -> str:
    name = table.text("driver", FUNCTIONS)
    if name not in DRIVERS:
        raise table.error(f"'driver' is '{name}'; there are {' and '.join(DRIVERS)}", "driver")
    return name


def _criterion(table: Table) -> Criterion:
    found = Criterion(
        table.text("id"),
        table.text("title"),
        table.number("points"),
        table.text("marked_by", "tests"),
        table.texts("where", ()),
        table.flag("bonus"),
    )
    table.finish()
    name = f"criterion '{found.id}'"
    if found.marked_by not in ("tests", PERSON):
        raise table.error(f"{name} needs marked_by tests or person", "marked_by")
    if found.bonus and found.marked_by == PERSON:
        raise table.error(f"{name}: a bonus is decided by tests, not manually", "bonus")
    cents = found.points * 100
    if not (cents >= 1 and abs(cents - round(cents)) < 1e-6):
        raise table.error(f"{name} needs points above 0, in whole cents", "points")
    return found


def _hint(table: Table) -> Hint:
    found = Hint(table.text("cause"), table.text("next"))
    table.finish()
    return found


@cache
def _shared_hints() -> dict[str, Hint]:
    source = Source(Path(__file__).with_name("hints.toml"))
    table = Table(source, source.data)
    return {name: _hint(table.table(name)) for name in table}


def _summary(table: Table, questions: Sequence[Table]) -> SummarySpec:
    variants = table.table("variants")
    found = SummarySpec(
        folder=table.text("folder"),
        variants={name: variants.text(name) for name in variants},
        others=table.texts("others", ()),
        quantities=table.alternatives("quantities"),
        sizes=table.alternatives("sizes"),
        sized=table.texts("sized", ()),
        tolerances=table.numbers("tolerances"),
        relative=table.numbers("relative_tolerances"),
        questions=tuple(_question(each, number) for number, each in enumerate(questions, start=1)),
    )
    table.finish()
    return found


def _question(table: Table, number: int) -> QuestionSpec:
    found = QuestionSpec(table.text("id"), number, table.text("text"), table.texts("keys"))
    table.finish()
    return found


def _history(table: Table) -> Mapping[str, Any]:
    kinds = (int, float, list, dict)
    found = {key: table.take(key, kinds, "a number, a list or a table", 0) for key in HISTORY}
    table.finish()
    return {key: value for key, value in found.items() if key in table}


def _check_criteria(lab: Lab, table: Table) -> None:
    seen: set[str] = set()
    for criterion, place in zip(lab.criteria, table.tables("criteria"), strict=True):
        if criterion.id in seen:
            raise place.error(f"criterion '{criterion.id}' is defined twice", "id")
        seen.add(criterion.id)
    marked = {criterion.id for criterion in lab.criteria if criterion.marked_by == PERSON}
    for question, place in zip(
        lab.summary.questions if lab.summary else (), table.tables("questions", []), strict=True
    ):
        if question.id not in marked:
            raise place.error(f"question '{question.id}' is not a criterion with marked_by = \"{PERSON}\"", "id")
