"""An import of a module that is not installed: a stand-in takes its place, which raises where it is really used."""

from __future__ import annotations

import ast
import importlib.util
import re
import sys
from collections.abc import Iterator

from graders.framework.repairs.model import Edits, Failure, NewText, Repair, Surroundings
from graders.framework.repairs.source import StatementText, statement_at

NAME = "module not installed"
STAND_INS = "optgrade_absent"
"""The module that makes stand-ins; a run with one has it in its copy of the submission."""
_CODE = '''"""Stand-ins for modules that are not installed: each raises an error where it is used."""


class Absent:
    def __init__(self, module):
        self.__dict__["_module"] = module

    def _used(self):
        module = self.__dict__["_module"]
        return ModuleNotFoundError(f"{module} is not installed in the lab's environment, and this line uses it")

    def __getattr__(self, name):
        if name.startswith("__") and name.endswith("__") and name != "__version__":
            raise AttributeError(name)
        raise self._used()

    def _raise(self, *_, **__):
        raise self._used()

    __setattr__ = __call__ = __mro_entries__ = __getitem__ = __iter__ = __enter__ = __exit__ = _raise
    __bool__ = __len__ = _raise
'''
# Compiled under a name of no file, so that an error's innermost line is the one that uses the module.
SOURCE = f'exec(compile({_CODE!r}, "<{STAND_INS}>", "exec"))\n'
_MESSAGE = re.compile(r"No module named '(?P<name>\w{1,80}(?:\.\w{1,80}){0,8})'(?:; '[\w.]+' is not a package)?\Z")


def absent_module(failure: Failure, around: Surroundings) -> Repair | None:
    """Replaces the import that failed by names that raise where they are used."""
    found = _MESSAGE.fullmatch(failure.message) if failure.exception == "ModuleNotFoundError" else None
    text = around.read(failure.place.file)
    if found is None or text is None:
        return None
    name = found["name"]
    top = name.partition(".")[0]
    if around.submitted(top) or top in sys.stdlib_module_names or (name == top and is_installed(top)):
        return None
    statement = statement_at(text, failure.place.line)
    imported = None if statement is None else _import_of(statement, name)
    if statement is None or imported is None:
        return None
    new = statement.replaced(imported, _stand_ins(imported, name))
    return Repair(
        name=NAME,
        place=failure.place,
        wrong=f"the module {name} is not installed in the lab's environment",
        instead="remove the import, or import it only where it is used",
        edits=Edits(texts=(NewText(failure.place.file, statement.first, statement.last, new),), absent=True),
    )


def is_installed(top: str) -> bool:
    """Whether a top-level module can be imported in this environment, which runs share."""
    try:
        return importlib.util.find_spec(top) is not None
    except (ImportError, ValueError):
        return False


def _import_of(statement: StatementText, name: str) -> ast.Import | ast.ImportFrom | None:
    """The import of a logical line that needs the module."""
    nodes = [node for node in ast.walk(statement.tree) if isinstance(node, ast.Import | ast.ImportFrom)]
    return next((node for node in nodes if name in _modules(node)), None)


def _modules(node: ast.Import | ast.ImportFrom) -> set[str]:
    """Every module that an import needs: ``a``, ``a.b`` for ``import a.b``."""
    if isinstance(node, ast.ImportFrom):
        named = [node.module] if node.module and not node.level else []
    else:
        named = [alias.name for alias in node.names]
    return {above for name in named for above in _with_parents(name)}


def _with_parents(name: str) -> Iterator[str]:
    parts = name.split(".")
    return (".".join(parts[:count]) for count in range(1, len(parts) + 1))


def _stand_ins(node: ast.Import | ast.ImportFrom, absent: str) -> str:
    """Code on one line in place of the import; modules beside the one that is absent are imported as before."""
    made = f"import {STAND_INS}"
    if isinstance(node, ast.ImportFrom):
        names = [alias.asname or alias.name for alias in node.names if alias.name != "*"]
        return "; ".join([made, *(f"{name} = {STAND_INS}.Absent({absent!r})" for name in names)])
    parts = [made]
    for alias in node.names:
        if absent in _with_parents(alias.name):
            name = alias.asname or alias.name.partition(".")[0]
            parts.append(f"{name} = {STAND_INS}.Absent({absent!r})")
        else:
            parts.append(f"import {alias.name}" + (f" as {alias.asname}" if alias.asname else ""))
    return "; ".join(parts)
