"""Reading JSON of a known form: every access knows its place, so that a wrong document is refused in one line."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

NOT_FINITE = ("nan", "inf", "-inf")
"""How scorecards write numbers that JSON has no form for."""
LARGEST_WHOLE = 10**30
"""More than anything counted or drawn; calculations with whole numbers of this size still fit a float."""

MOST_NAME = 80
MOST_DEPTH = 100
"""Levels of lists and objects; a scorecard has a tenth of that."""


class FormError(ValueError):
    """A value is missing or of the wrong kind; the message names its place."""


def is_deep(document: Any, most: int = MOST_DEPTH) -> bool:
    """Whether a document has lists and objects in each other beyond ``most`` levels, too many for recursion."""
    level = [document]
    for _ in range(most):
        level = [inner for each in level for inner in _inside(each)]
        if not level:
            return False
    return True


def _inside(value: Any) -> Iterable[Any]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()


def _shown(name: str) -> str:
    """A name as it may stand in a message of one line."""
    return name if name.isprintable() and len(name) <= MOST_NAME else ascii(name)[:MOST_NAME]


@dataclass(frozen=True)
class JsonValue:
    """A value of a JSON document and its place in it, such as ``labs[0].criteria[3].earned``."""

    raw: Any
    place: str = ""

    def at(self, name: str) -> JsonValue:
        """The value under a name. :raises FormError: this is no object, or has no such name."""
        if not isinstance(self.raw, dict):
            raise self._error("an object")
        if name not in self.raw:
            raise FormError(f"{self.place + ': ' if self.place else ''}{name!r} is missing")
        return JsonValue(self.raw[name], f"{self.place}.{name}" if self.place else name)

    def get(self, name: str) -> JsonValue | None:
        """The value under a name; None if it is missing or null."""
        if isinstance(self.raw, dict) and self.raw.get(name) is None:
            return None
        return self.at(name)

    def items(self) -> Iterator[JsonValue]:
        """The values of a list. :raises FormError: this is none."""
        if not isinstance(self.raw, list):
            raise self._error("a list")
        for index, item in enumerate(self.raw):
            yield JsonValue(item, f"{self.place}[{index}]")

    def entries(self) -> Iterator[tuple[str, JsonValue]]:
        """The names and values of an object. :raises FormError: this is none."""
        if not isinstance(self.raw, dict):
            raise self._error("an object")
        for name, value in self.raw.items():
            yield str(name), JsonValue(value, f"{self.place}.{_shown(str(name))}")

    def mapping(self) -> dict[str, Any]:
        """An object of free form, as it is. :raises FormError: this is none."""
        return {name: value.raw for name, value in self.entries()}

    def text(self) -> str:
        """A text. :raises FormError: this is none."""
        if not isinstance(self.raw, str):
            raise self._error("a text")
        return self.raw

    def texts(self) -> tuple[str, ...]:
        """A list of texts. :raises FormError: this is none."""
        return tuple(item.text() for item in self.items())

    def number(self) -> float:
        """A number, which may be the text of one that is not finite. :raises FormError: this is none."""
        if isinstance(self.raw, str) and self.raw in NOT_FINITE:
            return float(self.raw)
        return self.raw if isinstance(self.raw, float) else self._bounded("a number")

    def numbers(self) -> tuple[float, ...]:
        """A list of numbers. :raises FormError: this is none."""
        return tuple(item.number() for item in self.items())

    def whole(self) -> int:
        """A whole number. :raises FormError: this is none."""
        return self._bounded("a whole number")

    def wholes(self) -> tuple[int, ...]:
        """A list of whole numbers. :raises FormError: this is none."""
        return tuple(item.whole() for item in self.items())

    def flag(self) -> bool:
        """A truth value. :raises FormError: this is none."""
        if not isinstance(self.raw, bool):
            raise self._error("true or false")
        return self.raw

    def _bounded(self, expected: str) -> int:
        if isinstance(self.raw, bool) or not isinstance(self.raw, int) or abs(self.raw) > LARGEST_WHOLE:
            raise self._error(expected)
        return self.raw

    def _error(self, expected: str) -> FormError:
        found = repr(self.raw)
        return FormError(f"{self.place or 'the document'}: expected {expected}, not {found[:40]}")
