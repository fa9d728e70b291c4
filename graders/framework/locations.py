"""Where in a student's file the classes and methods are that criteria are about: lines, found without running it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

# More than any student writes; what a longer file holds behind that is not looked for.
MOST_BYTES = 1 << 20
_CLASS = re.compile(r"class[ \t]+(\w+)")
_METHOD = re.compile(r"[ \t]+(?:async[ \t]+)?def[ \t]+(\w+)")


@dataclass(frozen=True)
class CodeLocation:
    """A class or method by its name, ``INT8Model.preprocess_input``, and the line of its definition.

    A method that a class inherits has the class's line; what is not there at all has none.
    """

    name: str
    line: int | None


@dataclass(frozen=True)
class SourceLocation:
    """The places of a criterion in the student's file, which is named from the submission's folder."""

    file: str
    places: tuple[CodeLocation, ...]

    def as_json(self) -> dict[str, Any]:
        """As the scorecard holds it."""
        return {"file": self.file, "places": [{"name": each.name, "line": each.line} for each in self.places]}


def locate_definitions(root: Path, file: str, names: Sequence[str]) -> SourceLocation | None:
    """Where these names are defined in ``file`` below ``root``; None where nothing is named or there is no file."""
    if not names:
        return None
    try:
        with (root / file).open("rb") as opened:
            text = opened.read(MOST_BYTES).decode("utf-8-sig", "replace")
    except OSError:
        return None
    lines = defined(text)
    places = (CodeLocation(name, lines.get(name, lines.get(name.partition(".")[0]))) for name in names)
    return SourceLocation(file, tuple(places))


def defined(source: str) -> dict[str, int]:
    """The first line of each class, and of each of its methods as ``Class.method``, counted from 1."""
    found: dict[str, int] = {}
    inside = ""
    for number, line in enumerate(source.splitlines(), start=1):
        head = _CLASS.match(line)
        if head is not None:
            inside = head.group(1)
            found.setdefault(inside, number)
        elif line[:1] not in ("", " ", "\t", "#", ")", "@", "\r"):
            inside = ""
        elif inside and (method := _METHOD.match(line)) is not None:
            found.setdefault(f"{inside}.{method.group(1)}", number)
    return found
