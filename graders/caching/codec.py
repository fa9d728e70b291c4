"""Evidence as JSON and back: frozen dataclasses of optgrade's own, arrays of plain numbers, errors, files by hash.

Nothing is unpickled. Only classes of this package that are dataclasses, enumerations or its own errors are constructed.
"""

from __future__ import annotations

import base64
import importlib
import io
import math
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from enum import Enum
from functools import cache
from pathlib import Path
from typing import Any, Protocol

from graders.core.errors import GraderError, OptgradeError, RunError, RunErrorKind, SourceLine
from graders.core.verdicts import Verdict

_packages = ["graders."]
"""Whose classes may be stored; see :func:`allow_package`."""
# What a busy machine can do to an honest submission: such a run is executed again each time.
TRANSIENT = frozenset({Verdict.TIMEOUT, Verdict.OUT_OF_MEMORY, Verdict.CRASHED, Verdict.UNSCORED})


def allow_package(name: str) -> None:
    """Allows the classes of a package, and of those below it, to be stored: evidence of a lab from outside."""
    if f"{name}." not in _packages:
        _packages.append(f"{name}.")


class Blobs(Protocol):
    """Where the files that belong to a value are stored, and where copies of them are put."""

    def put(self, path: Path) -> str:
        """Stores a file's bytes; their sha256."""

    def get(self, sha256: str, name: str) -> Path:
        """A copy of these bytes in a file of that name. :raises KeyError: if they are no longer stored."""


def cacheable(value: Any) -> bool:
    """Whether a value may be cached: no part of it is a fault of the grader's or of a busy machine."""
    if isinstance(value, GraderError):
        return False
    if isinstance(value, RunError):
        return value.verdict not in TRANSIENT
    if is_dataclass(value):
        return all(cacheable(getattr(value, field.name)) for field in fields(value))
    if isinstance(value, dict):
        return all(cacheable(item) for item in value.values())
    if isinstance(value, list | tuple | set | frozenset):
        return all(cacheable(item) for item in value)
    return True


def encode(value: Any, blobs: Blobs) -> Any:
    """A value as plain JSON data. :raises TypeError: for a type that this form does not have."""
    if value is None or type(value) in (bool, int, str):
        return value
    if type(value) is float:
        return value if math.isfinite(value) else {"float": repr(value)}
    if isinstance(value, Enum):
        return {"enum": _name(type(value)), "value": value.value}
    if is_dataclass(value) and not isinstance(value, type):
        encoded = {field.name: encode(getattr(value, field.name), blobs) for field in fields(value) if field.init}
        return {"class": _name(type(value)), "fields": encoded}
    if isinstance(value, BaseException):
        return _encode_error(value, blobs)
    for name, kind in COLLECTIONS.items():
        if type(value) is kind:
            return {name: [encode(item, blobs) for item in value]}
    if isinstance(value, dict):
        return {"dict": [[encode(key, blobs), encode(item, blobs)] for key, item in value.items()]}
    if isinstance(value, bytes):
        return {"bytes": base64.b64encode(value).decode()}
    if isinstance(value, Path):
        return {"file": blobs.put(value), "name": value.name}
    return _encode_array(value)


COLLECTIONS: dict[str, Callable[[list[Any]], Any]] = {
    "list": list,
    "tuple": tuple,
    "set": set,
    "frozenset": frozenset,
}


def _encode_error(error: BaseException, blobs: Blobs) -> dict[str, Any]:
    if not isinstance(error, OptgradeError):
        raise TypeError(f"{type(error).__name__} is not an error of optgrade's")
    parts: dict[str, Any] = {"message": str(error)}
    if isinstance(error, RunError):
        parts |= {"verdict": error.verdict.value, "kind": error.kind, "exception": error.exception}
        parts["places"] = encode(error.places, blobs)
        parts["advice"] = encode(error.advice, blobs)
    return {"error": _name(type(error)), "with": parts}


def _encode_array(value: Any) -> dict[str, Any]:
    """An array or a scalar of numpy's."""
    import numpy as np

    if not isinstance(value, np.ndarray | np.generic):
        raise TypeError(f"{type(value).__name__} can't be cached")
    stream = io.BytesIO()
    np.save(stream, np.asarray(value), allow_pickle=False)
    return {"array" if isinstance(value, np.ndarray) else "scalar": base64.b64encode(stream.getvalue()).decode()}


def decode(value: Any, blobs: Blobs) -> Any:
    """The value that :func:`encode` was given.

    :raises ValueError: for what it never makes. :raises KeyError: if a file is no longer stored.
    """
    if not isinstance(value, dict):
        return value
    if "class" in value:
        decoded = {name: decode(item, blobs) for name, item in value["fields"].items()}
        return _class(value["class"], "dataclass")(**decoded)
    for name, kind in COLLECTIONS.items():
        if name in value:
            return kind([decode(item, blobs) for item in value[name]])
    if "dict" in value:
        return {decode(key, blobs): decode(item, blobs) for key, item in value["dict"]}
    if "enum" in value:
        return _class(value["enum"], "enum")(value["value"])
    if "error" in value:
        return _decode_error(value, blobs)
    if "float" in value:
        return float(value["float"])
    if "bytes" in value:
        return base64.b64decode(value["bytes"])
    if "file" in value:
        return blobs.get(value["file"], value["name"])
    return _decode_array(value)


def _decode_error(value: dict[str, Any], blobs: Blobs) -> OptgradeError:
    kind, parts = _class(value["error"], "error"), value["with"]
    if issubclass(kind, RunError):
        places: tuple[SourceLine, ...] = decode(parts["places"], blobs)
        kind = None if parts["kind"] is None else RunErrorKind(parts["kind"])
        verdict, exception, advice = Verdict(parts["verdict"]), parts["exception"], decode(parts["advice"], blobs)
        return RunError(verdict, parts["message"], places, kind=kind, exception=exception, advice=advice)
    made: OptgradeError = kind(parts["message"])
    return made


def _decode_array(value: dict[str, Any]) -> Any:
    import numpy as np

    for name in ("array", "scalar"):
        if name in value:
            found = np.load(io.BytesIO(base64.b64decode(value[name])), allow_pickle=False)
            return found if name == "array" else found[()]
    raise ValueError(f"no cached value has the keys {', '.join(sorted(value))[:100]}")


def _name(kind: type) -> str:
    if not f"{kind.__module__}.".startswith(tuple(_packages)) or "." in kind.__qualname__:
        raise TypeError(f"{kind.__module__}.{kind.__qualname__} can't be cached")
    return f"{kind.__module__}:{kind.__qualname__}"


@cache
def _class(name: str, what: str) -> Any:
    module, _, qualified = name.partition(":")
    found = (
        getattr(importlib.import_module(module), qualified, None) if f"{module}.".startswith(tuple(_packages)) else None
    )
    if isinstance(found, type):
        bases = {"enum": Enum, "error": OptgradeError}
        if is_dataclass(found) if what == "dataclass" else issubclass(found, bases[what]):
            return found
    raise ValueError(f"{name} is not a {what} of optgrade's")
