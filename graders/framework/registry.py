"""Every lab that there is, found by its folder."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

from graders.core.errors import GraderError, UsageError
from graders.core.paths import LABS
from graders.framework.definition import Lab
from graders.framework.lab_plugin import LabPlugin
from graders.framework.lab_toml import load

DEFINITION, MODULE = "lab.toml", "lab.py"


@cache
def available_labs() -> tuple[LabPlugin[Any], ...]:
    """Every lab: each folder below ``graders/labs`` that has a ``lab.toml``, in order of name."""
    return tuple(_load(path.parent) for path in sorted(LABS.glob(f"*/{DEFINITION}")))


def _load(folder: Path) -> LabPlugin[Any]:
    """The lab of a folder: what its ``lab.py`` exports as ``LAB``."""
    found = getattr(importlib.import_module(f"graders.labs.{folder.name}.lab"), "LAB", None)
    if not isinstance(found, LabPlugin):
        raise GraderError(f"{folder / MODULE}: exports no LAB of type LabPlugin")
    return found


def lab_in(folder: Path) -> Lab:
    """The definition of the lab in a folder."""
    return next((lab for lab in definitions() if lab.folder == folder), None) or load(folder)


def definitions() -> tuple[Lab, ...]:
    """The definitions of all labs."""
    return tuple(each.lab for each in available_labs())


def select_labs(names: Sequence[str]) -> list[LabPlugin[Any]]:
    """The labs of these ids, or of ids that begin so (``l02``); all of them for no names.

    :raises UsageError: for a name that fits no lab.
    """
    entries = list(available_labs())
    for name in names:
        if not any(entry.lab.id == name or entry.lab.id.startswith(f"{name}_") for entry in entries):
            known = ", ".join(entry.lab.id for entry in entries)
            raise UsageError(f"--lab {name}: no such lab; there are {known}")
    if not names:
        return entries
    return [entry for entry in entries if any(entry.lab.id == n or entry.lab.id.startswith(f"{n}_") for n in names)]
