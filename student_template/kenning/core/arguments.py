"""Checks the parameters of a scenario against what a class declares in ``arguments_structure``.

The keys of an argument: ``description``, ``type``, ``default``, ``required``, ``nullable``, ``enum``, and
``argparse_name``, whose words are the name that scenarios use (``--dataset-root`` is ``dataset_root``).
"""

from __future__ import annotations

import difflib
import inspect
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from kenning.core.exceptions import ScenarioError
from kenning.utils.resource_manager import PathOrURI, ResourceURI

PATHS = (Path, ResourceURI, PathOrURI)


def parsed_arguments(cls: type, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """A constructor's keyword arguments from a scenario's ``parameters``; what is absent gets its default.

    Raises:
        ScenarioError: an unknown key, a missing one, a value of another type or outside of ``enum``.
    """
    declared = structure(cls)
    names = {scenario_name(name, argument): name for name, argument in declared.items()}
    for key in parameters:
        if key not in names and key not in declared:
            near = difflib.get_close_matches(str(key), [*names, *declared], 1)
            hint = f"; did you mean '{near[0]}'?" if near else f"; it takes {', '.join(sorted(names))}"
            raise ScenarioError(f"{cls.__name__} has no parameter '{key}'{hint}")
    values: dict[str, Any] = {}
    for key, name in names.items():
        argument = declared[name]
        if key in parameters or name in parameters:
            values[name] = converted(cls, key, parameters.get(key, parameters.get(name)), argument)
        elif argument.get("required"):
            raise ScenarioError(f"{cls.__name__}: the parameter '{key}' is missing")
        elif "default" in argument:
            values[name] = argument["default"]
    accepted = inspect.signature(cls).parameters
    if any(each.kind is inspect.Parameter.VAR_KEYWORD for each in accepted.values()):
        return values
    return {name: value for name, value in values.items() if name in accepted}


def structure(cls: type) -> dict[str, Mapping[str, Any]]:
    """Every argument that a class and its bases declare; a subclass's own one wins."""
    declared: dict[str, Mapping[str, Any]] = {}
    for base in reversed(cls.__mro__):
        declared |= vars(base).get("arguments_structure", {})
    return declared


def scenario_name(name: str, argument: Mapping[str, Any]) -> str:
    """What a scenario calls an argument."""
    return str(argument.get("argparse_name", f"--{name}")).lstrip("-").replace("-", "_")


def converted(cls: type, key: str, value: Any, argument: Mapping[str, Any]) -> Any:
    """A value as the constructor wants it. Raises ScenarioError where it is of another type."""
    if value is None and argument.get("nullable"):
        return None
    wanted = argument.get("type", str)
    allowed = argument.get("enum")
    if allowed is not None and value not in allowed:
        raise ScenarioError(f"{cls.__name__}: '{key}' must be one of {', '.join(map(str, allowed))}, not {value!r}")
    if wanted in PATHS:
        if not isinstance(value, str | Path):
            raise ScenarioError(f"{cls.__name__}: '{key}' must be a path, not {value!r}")
        return ResourceURI(value)
    if wanted is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if not isinstance(value, wanted) or (isinstance(value, bool) and wanted is not bool):
        raise ScenarioError(f"{cls.__name__}: '{key}' must be {NAMES.get(wanted, wanted.__name__)}, not {value!r}")
    return value


NAMES = {int: "a whole number", float: "a number", str: "a text", bool: "true or false"}
