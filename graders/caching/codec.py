"""Evidence as JSON and back: frozen dataclasses of optgrade's own, arrays of plain numbers, errors, files by hash.

Nothing is unpickled. Only classes of this package that are dataclasses, enumerations or its own errors are made anew.
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
# What a busy machine can do to an honest submission: tried again each time.
PASSING = frozenset({Verdict.TIMEOUT, Verdict.OUT_OF_MEMORY, Verdict.CRASHED, Verdict.UNSCORED})


def allow_package(name: str) -> None:
    """Allows the classes of a package, and of those below it, to be stored: evidence of a lab from outside."""
    if f"{name}." not in _packages:
        _packages.append(f"{name}.")


class Blobs(Protocol):
    """Where files of evidence are kept, and where they are laid out again."""

    def keep(self, path: Path) -> str:
        """Keeps a file's bytes; their sha256."""

    def lay_out(self, sha256: str, name: str) -> Path:
        """A copy of these bytes in a file of that name. :raises KeyError: where they are not kept any more."""


def keepable(value: Any) -> bool:
    """Whether a value may be kept: nothing in it is a fault of ours or of a busy machine."""
    if isinstance(value, GraderError):
        return False
    if isinstance(value, RunError):
        return value.verdict not in PASSING
    if is_dataclass(value):
        return all(keepable(getattr(value, field.name)) for field in fields(value))
    if isinstance(value, dict):
        return all(keepable(item) for item in value.values())
    if isinstance(value, list | tuple | set | frozenset):
        return all(keepable(item) for item in value)
    return True


def encode(value: Any, blobs: Blobs) -> Any:
    """A value as JSON knows it. :raises TypeError: for what this form has no place for."""
    if value is None or type(value) in (bool, int, str):
        return value
    if type(value) is float:
        return value if math.isfinite(value) else {"float": repr(value)}
    if isinstance(value, Enum):
        return {"enum": _named(type(value)), "value": value.value}
    if is_dataclass(value) and not isinstance(value, type):
        held = {field.name: encode(getattr(value, field.name), blobs) for field in fields(value) if field.init}
        return {"class": _named(type(value)), "fields": held}
    if isinstance(value, BaseException):
        return _error(value, blobs)
    for name, kind in COLLECTIONS.items():
        if type(value) is kind:
            return {name: [encode(item, blobs) for item in value]}
    if isinstance(value, dict):
        return {"dict": [[encode(key, blobs), encode(item, blobs)] for key, item in value.items()]}
    if isinstance(value, bytes):
        return {"bytes": base64.b64encode(value).decode()}
    if isinstance(value, Path):
        return {"file": blobs.keep(value), "name": value.name}
    return _number(value)


COLLECTIONS: dict[str, Callable[[list[Any]], Any]] = {
    "list": list,
    "tuple": tuple,
    "set": set,
    "frozenset": frozenset,
}


def _error(error: BaseException, blobs: Blobs) -> dict[str, Any]:
    if not isinstance(error, OptgradeError):
        raise TypeError(f"{type(error).__name__} is no error of optgrade's")
    held: dict[str, Any] = {"message": str(error)}
    if isinstance(error, RunError):
        held |= {"verdict": error.verdict.value, "kind": error.kind, "exception": error.exception}
        held["places"] = encode(error.places, blobs)
    return {"error": _named(type(error)), "with": held}


def _number(value: Any) -> dict[str, Any]:
    """An array or a scalar of numpy's."""
    import numpy as np

    if not isinstance(value, np.ndarray | np.generic):
        raise TypeError(f"{type(value).__name__} can't be kept")
    stream = io.BytesIO()
    np.save(stream, np.asarray(value), allow_pickle=False)
    return {"array" if isinstance(value, np.ndarray) else "scalar": base64.b64encode(stream.getvalue()).decode()}


def decode(value: Any, blobs: Blobs) -> Any:
    """What :func:`encode` was given.

    :raises ValueError: where it is nothing that it makes. :raises KeyError: where a part is not kept any more.
    """
    if not isinstance(value, dict):
        return value
    if "class" in value:
        held = {name: decode(item, blobs) for name, item in value["fields"].items()}
        return _class(value["class"], "dataclass")(**held)
    for name, kind in COLLECTIONS.items():
        if name in value:
            return kind([decode(item, blobs) for item in value[name]])
    if "dict" in value:
        return {decode(key, blobs): decode(item, blobs) for key, item in value["dict"]}
    if "enum" in value:
        return _class(value["enum"], "enum")(value["value"])
    if "error" in value:
        return _raised(value, blobs)
    if "float" in value:
        return float(value["float"])
    if "bytes" in value:
        return base64.b64decode(value["bytes"])
    if "file" in value:
        return blobs.lay_out(value["file"], value["name"])
    return _numbers(value)


def _raised(value: dict[str, Any], blobs: Blobs) -> OptgradeError:
    kind, held = _class(value["error"], "error"), value["with"]
    if issubclass(kind, RunError):
        places: tuple[SourceLine, ...] = decode(held["places"], blobs)
        kind = None if held["kind"] is None else RunErrorKind(held["kind"])
        return RunError(Verdict(held["verdict"]), held["message"], places, kind=kind, exception=held["exception"])
    made: OptgradeError = kind(held["message"])
    return made


def _numbers(value: dict[str, Any]) -> Any:
    import numpy as np

    for name in ("array", "scalar"):
        if name in value:
            found = np.load(io.BytesIO(base64.b64decode(value[name])), allow_pickle=False)
            return found if name == "array" else found[()]
    raise ValueError(f"nothing that is kept has the keys {', '.join(sorted(value))[:100]}")


def _named(kind: type) -> str:
    if not f"{kind.__module__}.".startswith(tuple(_packages)) or "." in kind.__qualname__:
        raise TypeError(f"{kind.__module__}.{kind.__qualname__} can't be kept")
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
    raise ValueError(f"{name} is no {what} of optgrade's")
