"""Lay free plain data out for reading: nested lists of facts and small tables, bounded in depth and number."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from graders.core.text import html_text

from . import _formatting

_DEEPEST = 5
_MOST_VALUES = 400
_MOST_IN_LINE = 60
_MOST_ROWS = 60
_MOST_COLUMNS = 12


@dataclass(frozen=True, kw_only=True)
class Value:
    """One of: a text, named facts below it, or a table. `left_out` says what was too much to show."""

    text: str = ""
    facts: tuple[Fact, ...] = ()
    columns: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    left_out: str = ""


@dataclass(frozen=True, kw_only=True)
class Fact:
    """A named value."""

    label: str
    value: Value


@dataclass
class _Budget:
    left: int = field(default=_MOST_VALUES)

    def take(self) -> bool:
        self.left -= 1
        return self.left >= 0


def arrange(evidence: Mapping[str, Any]) -> tuple[Fact, ...]:
    """Return the facts of one criterion in their order; at most some hundred values, the rest is counted, not shown."""
    value = _arrange(evidence, 0, _Budget())
    if value.left_out:
        return (*value.facts, Fact(label="…", value=Value(text=value.left_out)))
    return value.facts


def _arrange(value: Any, depth: int, budget: _Budget) -> Value:
    if isinstance(value, Mapping):
        return _facts([(str(name), item) for name, item in value.items()], depth, budget)
    if isinstance(value, Sequence) and not isinstance(value, str):
        return _list(value, depth, budget)
    return Value(text=scalar(value))


def _facts(items: Sequence[tuple[str, Any]], depth: int, budget: _Budget) -> Value:
    if not items:
        return Value(text="none")
    if depth >= _DEEPEST:
        return Value(text=f"{_formatting.counted(len(items), 'value')}, nested too deep to show")
    shown: list[Fact] = []
    for name, item in items:
        if not budget.take():
            break
        shown.append(Fact(label=html_text(name, 80), value=_arrange(item, depth + 1, budget)))
    return Value(facts=tuple(shown), left_out=_more(len(items) - len(shown)))


def _list(items: Sequence[Any], depth: int, budget: _Budget) -> Value:
    if not items:
        return Value(text="none")
    if all(_is_scalar(item) for item in items):
        shown = ", ".join(scalar(item) for item in items[:_MOST_IN_LINE])
        return Value(text=shown, left_out=_more(len(items) - _MOST_IN_LINE))
    columns = _common_columns(items)
    if columns:
        return _table(items, columns, budget)
    return _facts([(str(index), item) for index, item in enumerate(items)], depth, budget)


def _common_columns(items: Sequence[Any]) -> tuple[str, ...]:
    first = items[0]
    if not isinstance(first, Mapping) or not 0 < len(first) <= _MOST_COLUMNS:
        return ()
    same = all(
        isinstance(item, Mapping) and item.keys() == first.keys() and all(_is_scalar(cell) for cell in item.values())
        for item in items
    )
    return tuple(first) if same else ()


def _table(items: Sequence[Mapping[str, Any]], columns: tuple[str, ...], budget: _Budget) -> Value:
    rows: list[tuple[str, ...]] = []
    for item in items[:_MOST_ROWS]:
        if not budget.take():
            break
        rows.append(tuple(scalar(item[column]) for column in columns))
    names = tuple(html_text(column, 80) for column in columns)
    return Value(columns=names, rows=tuple(rows), left_out=_more(len(items) - len(rows)))


def _is_scalar(value: Any) -> bool:
    return value is None or isinstance(value, str | int | float)


def scalar(value: Any) -> str:
    """Return a plain value as text: numbers with six digits, `yes`/`no`, a dash for nothing."""
    if value is None:
        return _formatting.MISSING
    if isinstance(value, int | float):
        return _formatting.number(value)
    return html_text(value, 600)


def _more(count: int) -> str:
    return f"… and {count:,} more" if count > 0 else ""
