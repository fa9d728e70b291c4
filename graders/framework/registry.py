"""Every lab that there is: of this repository, of installed packages, and of folders that the command line names."""

from __future__ import annotations

import importlib
import importlib.metadata
import importlib.util
import sys
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

from graders.caching.codec import allow_package
from graders.core.errors import GraderError, UsageError
from graders.core.paths import LABS
from graders.framework.definition import OUTSIDE, Lab
from graders.framework.lab_plugin import LabPlugin
from graders.framework.lab_toml import load

DEFINITION, MODULE = "lab.toml", "lab.py"
ENTRY_POINTS = "optgrade.labs"
"""The group in which an installed package names its labs: each entry point is a ``LAB``."""


def available_labs(folders: Sequence[Path] = ()) -> tuple[LabPlugin[Any], ...]:
    """Every lab, those of this repository first, each group in order of name.

    :param folders: labs' folders, or folders of labs' folders.
    :raises UsageError: for a lab outside of this repository that can't be used; one line.
    """
    found = [*_own_labs(), *_installed_labs(), *_labs_in(folders)]
    seen: dict[str, LabPlugin[Any]] = {}
    for plugin in found:
        other = seen.setdefault(plugin.lab.id, plugin)
        if other.lab.folder != plugin.lab.folder:
            raise UsageError(f"two labs are called {plugin.lab.id}: {other.lab.folder} and {plugin.lab.folder}")
    return tuple(seen.values())


@cache
def _own_labs() -> tuple[LabPlugin[Any], ...]:
    """Each folder below ``graders/labs`` that has a ``lab.toml``."""
    folders = [path.parent for path in sorted(LABS.glob(f"*/{DEFINITION}"))]
    return tuple(_exported(importlib.import_module(f"graders.labs.{each.name}.lab"), each) for each in folders)


@cache
def _installed_labs() -> tuple[LabPlugin[Any], ...]:
    points = sorted(importlib.metadata.entry_points(group=ENTRY_POINTS), key=lambda point: point.name)
    return tuple(_installed(point) for point in points)


def _installed(point: importlib.metadata.EntryPoint) -> LabPlugin[Any]:
    try:
        found = point.load()
    except Exception as error:
        raise UsageError(f"entry point {point.name} of {ENTRY_POINTS}: {_text(error)}") from error
    if not isinstance(found, LabPlugin):
        raise UsageError(f"entry point {point.name} of {ENTRY_POINTS}: {point.value} is not a LabPlugin")
    allow_package(point.module.rpartition(".")[0] or point.module)
    return found


def _labs_in(folders: Iterable[Path]) -> Iterator[LabPlugin[Any]]:
    for folder in folders:
        found = (
            [folder] if (folder / DEFINITION).is_file() else [path.parent for path in folder.glob(f"*/{DEFINITION}")]
        )
        if not found:
            raise UsageError(f"--labs {folder}: no {DEFINITION}, neither in this folder nor in one below it")
        yield from (_outside(each.resolve()) for each in sorted(found))


@cache
def _outside(folder: Path) -> LabPlugin[Any]:
    """The lab of a folder outside of this repository, imported as ``optgrade_labs.<folder>``."""
    try:
        definition = load(folder)
        if definition.id != folder.name:
            raise UsageError(f"{folder / DEFINITION}: the lab's id is '{definition.id}'; call its folder so, too")
        if not (folder / MODULE).is_file():
            raise UsageError(f"{folder}: no {MODULE}, which exports the lab as LAB")
        _make_importable(folder)
        allow_package(f"{OUTSIDE}.{folder.name}")
        return _exported(importlib.import_module(f"{OUTSIDE}.{folder.name}.lab"), folder)
    except GraderError as error:
        raise UsageError(str(error)) from None
    except UsageError:
        raise
    except Exception as error:
        raise UsageError(f"{folder / MODULE}: {_text(error)}") from error


def _make_importable(folder: Path) -> None:
    """Makes a folder a package, so that its modules can import each other; that of a lab that was there before goes."""
    for name, paths in ((OUTSIDE, []), (f"{OUTSIDE}.{folder.name}", [str(folder)])):
        if name in sys.modules and (name == OUTSIDE or list(sys.modules[name].__path__) == paths):
            continue
        for stale in [each for each in sys.modules if each == name or each.startswith(f"{name}.")]:
            del sys.modules[stale]
        module = ModuleType(name)
        module.__path__ = paths
        sys.modules[name] = module


def _exported(module: ModuleType, folder: Path) -> LabPlugin[Any]:
    """What a ``lab.py`` exports as ``LAB``."""
    found = getattr(module, "LAB", None)
    if not isinstance(found, LabPlugin):
        raise GraderError(f"{folder / MODULE}: exports no LAB that is a LabPlugin")
    return found


def _text(error: Exception) -> str:
    return " ".join(f"{type(error).__name__}: {error}".split())


def definitions() -> tuple[Lab, ...]:
    """The definitions of the labs of this repository and of installed packages."""
    return tuple(each.lab for each in available_labs())


def lab_in(folder: Path) -> Lab:
    """The definition of the lab in a folder."""
    return next((lab for lab in definitions() if lab.folder == folder), None) or load(folder)


def select_labs(names: Sequence[str], folders: Sequence[Path] = ()) -> list[LabPlugin[Any]]:
    """The labs of these ids, or of ids that begin so (``l02``); all of them for no names.

    :param folders: as for :func:`available_labs`.
    :raises UsageError: for a name that fits no lab.
    """
    plugins = list(available_labs(folders))
    for name in names:
        if not any(_is_called(plugin.lab, name) for plugin in plugins):
            known = ", ".join(plugin.lab.id for plugin in plugins)
            raise UsageError(f"--lab {name}: no such lab; there are {known}")
    return [plugin for plugin in plugins if not names or any(_is_called(plugin.lab, name) for name in names)]


def _is_called(lab: Lab, name: str) -> bool:
    return lab.id == name or lab.id.startswith(f"{name}_")
