"""Where in a student's file the classes, methods and functions are that criteria are about, without running it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from graders.core.excerpts import Excerpt
from graders.core.json_value import JsonValue
from graders.framework.source_files import read_source, source_lines

_CLASS = re.compile(r"class[ \t]+(\w+)")
_FUNCTION = re.compile(r"(?:async[ \t]+)?def[ \t]+(\w+)")
_METHOD = re.compile(r"[ \t]+(?:async[ \t]+)?def[ \t]+(\w+)")


@dataclass(frozen=True)
class CodeLocation:
    """A class or method by its name, ``INT8Model.preprocess_input``, and the line of its definition.

    A method that a class inherits has the class's line; what is not there at all has none.
    """

    name: str
    line: int | None
    excerpt: Excerpt | None = None

    def to_json(self) -> dict[str, Any]:
        """As the scorecard holds it."""
        return {"name": self.name, "line": self.line, **_excerpt(self.excerpt)}

    @classmethod
    def from_json(cls, value: JsonValue) -> CodeLocation:
        """From its JSON form."""
        line = value.get("line")
        return cls(value.at("name").text(), line.whole() if line else None, _read_excerpt(value))


@dataclass(frozen=True)
class SourceLocation:
    """The places of a criterion in the student's file, which is named from the submission's folder."""

    file: str
    places: tuple[CodeLocation, ...]

    def to_json(self) -> dict[str, Any]:
        """As the scorecard holds it."""
        return {"file": self.file, "places": [each.to_json() for each in self.places]}

    @classmethod
    def from_json(cls, value: JsonValue) -> SourceLocation:
        """From its JSON form."""
        return cls(value.at("file").text(), tuple(CodeLocation.from_json(each) for each in value.at("places").items()))


@dataclass(frozen=True)
class CodeLine:
    """A line of the student's that a check is about, below the scorecard's root."""

    file: str
    line: int
    excerpt: Excerpt | None = None

    def to_json(self) -> dict[str, Any]:
        """As the scorecard holds it."""
        return {"file": self.file, "line": self.line, **_excerpt(self.excerpt)}

    @classmethod
    def from_json(cls, value: JsonValue) -> CodeLine:
        """From its JSON form."""
        return cls(value.at("file").text(), value.at("line").whole(), _read_excerpt(value))


def _excerpt(excerpt: Excerpt | None) -> dict[str, Any]:
    return {} if excerpt is None else {"excerpt": excerpt.to_json()}


def _read_excerpt(value: JsonValue) -> Excerpt | None:
    excerpt = value.get("excerpt")
    return Excerpt.from_json(excerpt) if excerpt else None


def locate_definitions(root: Path, file: str, names: Sequence[str]) -> SourceLocation | None:
    """Where these names are defined in ``file`` below ``root``; None where nothing is named or there is no file."""
    if not names:
        return None
    text = read_source(root, file)
    if text is None:
        return None
    lines = defined(text)
    places = (CodeLocation(name, lines.get(name, lines.get(name.partition(".")[0]))) for name in names)
    return SourceLocation(file, tuple(places))


def defined(source: str) -> dict[str, int]:
    """The first line of each class, and of each of its methods as ``Class.method``, counted from 1."""
    found: dict[str, int] = {}
    inside = ""
    for number, line in enumerate(source_lines(source), start=1):
        head = _CLASS.match(line)
        if head is not None:
            inside = head.group(1)
            found.setdefault(inside, number)
        elif line[:1] not in ("", " ", "\t", "#", ")", "@", "\r"):
            inside = ""
            if (function := _FUNCTION.match(line)) is not None:
                found.setdefault(function.group(1), number)
        elif inside and (method := _METHOD.match(line)) is not None:
            found.setdefault(f"{inside}.{method.group(1)}", number)
    return found
