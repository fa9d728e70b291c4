"""A model's facts as plain JSON and back, to cross from the process that reads a file to the grader's."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from functools import cache
from types import NoneType, UnionType
from typing import Any, TypeVar, cast, get_args, get_origin, get_type_hints

from graders.measure.tflite.model import Model

SCHEMA = "optgrade/tflite/v1"
T = TypeVar("T")


def facts(model: Model) -> dict[str, Any]:
    """Everything that ``Model`` says, in dicts, lists, numbers and strings; ``schema`` names the form.

    Constants are there by size and hash, not by value.
    """
    return {"schema": SCHEMA, **plain(model)}


def from_facts(crossed: object) -> Model:
    """The model that ``facts`` was made from.

    :raises ValueError: a key is missing, unknown or of another type; the message names its place
    """
    if not isinstance(crossed, dict) or crossed.get("schema") != SCHEMA:
        raise ValueError(f"expected a dict of schema {SCHEMA}")
    rest = {key: value for key, value in crossed.items() if key != "schema"}
    return typed(Model, rest, "model")


def plain(value: object) -> Any:
    """A frozen dataclass of plain data as dicts, lists, numbers and strings."""
    if is_dataclass(value):
        return {field.name: plain(getattr(value, field.name)) for field in fields(value)}
    return [plain(item) for item in value] if isinstance(value, tuple) else value


def typed(kind: type[T], value: object, place: str) -> T:
    """``value``, as :func:`plain` gives it, as ``kind``: a dataclass, or one of the annotations that these use.

    :raises ValueError: a key is missing, unknown or of another type; it names ``place``
    """
    return cast("T", _typed(kind, value, place))


def _typed(kind: Any, value: object, place: str) -> object:
    if get_origin(kind) is UnionType:
        if value is None:
            return None
        (kind,) = (option for option in get_args(kind) if option is not NoneType)
    if get_origin(kind) is tuple:
        return _tuple(get_args(kind), value, place)
    if is_dataclass(kind):
        return _dataclass(kind, value, place)
    if kind is float and type(value) is int:
        return float(value)
    if type(value) is not kind:
        raise ValueError(f"{place}: expected {kind.__name__}, got {type(value).__name__}")
    return value


def _tuple(kinds: tuple[Any, ...], value: object, place: str) -> tuple[object, ...]:
    if not isinstance(value, list):
        raise ValueError(f"{place}: expected a list, got {type(value).__name__}")  # noqa: TRY004 - as every fault
    if kinds[-1] is not Ellipsis and len(kinds) != len(value):
        raise ValueError(f"{place}: expected {len(kinds)} entries, got {len(value)}")
    if kinds[-1] is Ellipsis:
        kinds = (kinds[0],) * len(value)
    return tuple(_typed(kind, item, f"{place}[{at}]") for at, (kind, item) in enumerate(zip(kinds, value, strict=True)))


def _dataclass(kind: Any, value: object, place: str) -> object:
    hints = _hints(kind)
    if not isinstance(value, dict) or value.keys() != hints.keys():
        raise ValueError(f"{place}: expected a dict with the keys {', '.join(hints)}")
    return kind(**{name: _typed(hint, value[name], f"{place}.{name}") for name, hint in hints.items()})


@cache
def _hints(kind: Any) -> dict[str, Any]:
    hints = get_type_hints(kind)
    return {field.name: hints[field.name] for field in fields(kind)}
