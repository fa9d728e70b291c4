"""Reading a case's TOML strictly: what is missing, unknown or of another type is reported with the file's name."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import PurePosixPath
from typing import Any

SHOWN = 60


class CaseError(ValueError):
    """A case file that is wrong, or a change that does not apply; the message names the file and the text."""


def table(item: Any, where: str) -> Mapping[str, Any]:
    """A table."""
    if not isinstance(item, dict):
        raise CaseError(f"{where}: expected a table, found {item!r}")
    return item


def items(data: Mapping[str, Any], key: str, where: str) -> list[tuple[int, Any]]:
    """The entries of a list, counted from 1; there must be one."""
    found: list[Any] = typed(data, key, list, where)
    if not found:
        raise CaseError(f"{where}: '{key}' is empty")
    return list(enumerate(found, start=1))


def no_others(data: Mapping[str, Any], known: Collection[str], where: str) -> None:
    """Nothing but known keys."""
    unknown = sorted(data.keys() - set(known))
    if unknown:
        raise CaseError(f"{where}: unknown key '{unknown[0]}'; there are {', '.join(sorted(known))}")


def text(data: Mapping[str, Any], key: str, where: str) -> str:
    """A text that is not empty."""
    found: str = typed(data, key, str, where)
    if not found.strip():
        raise CaseError(f"{where}: '{key}' is empty")
    return found


def wordings(data: Mapping[str, Any], key: str, where: str) -> tuple[str, ...]:
    """A list of texts, of at least one."""
    for _, item in items(data, key, where):
        if not isinstance(item, str) or not item.strip():
            raise CaseError(f"{where}: {key}: expected texts, found {item!r}")
    return tuple(data[key])


def inside(path: str, where: str, key: str) -> str:
    """A path that leads nowhere but below the submission."""
    if PurePosixPath(path).is_absolute() or ".." in PurePosixPath(path).parts:
        raise CaseError(f"{where}: {key} = {path!r}: expected a path below the submission")
    return path


def typed(data: Mapping[str, Any], key: str, kind: type[Any] | tuple[type[Any], ...], where: str) -> Any:
    """A value of a type, or of one of several; a bool is no number."""
    if key not in data:
        raise CaseError(f"{where}: no '{key}'")
    value = data[key]
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
        names = " or ".join(each.__name__ for each in (kind if isinstance(kind, tuple) else (kind,)))
        raise CaseError(f"{where}: {key} = {value!r}: expected {names}")
    return value


def shown(words: str) -> str:
    """A text in one line, cut off where it is long."""
    line = " ".join(words.split())
    return repr(line if len(line) <= SHOWN else line[:SHOWN] + "…")
