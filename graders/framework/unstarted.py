"""Whether a lab's student file is still as it was handed out: every function that has to be written is still a gap.

A gap is a function or method that is not there, one with nothing but a docstring, ``pass``, ``...`` or ``raise
NotImplementedError``, and one whose last line is a comment that asks for the rest. The file is parsed, never run; where
there is any doubt, the lab counts as started.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from graders.framework.definition import Lab

MAX_FILE = 1 << 20
_ASKS = ("todo", "implement", "your code", "fill in")
_Function = ast.FunctionDef | ast.AsyncFunctionDef


def unstarted_module(root: Path, lab: Lab) -> str:
    """Why the lab in ``root`` counts as not started, with the file and a gap in it; ``""`` if it may be started."""
    given = _module(lab.template / lab.student_file)
    own = _module(root / lab.student_file)
    if given is None or own is None:
        return ""
    complete = {name for name, method in _methods(given[0]) if not _is_gap(method, given[1])}
    wanted = {name.partition(".")[0] for name, method in _methods(given[0]) if _is_gap(method, given[1])}
    if not wanted <= _defined(own[0]) or _borrows(own[0], given[0]):
        return ""
    written = [name for name, method in _methods(own[0]) if not _is_gap(method, own[1])]
    if any(name not in complete and name.partition(".")[0] not in _kit(given[0]) for name in written):
        return ""
    gaps = [(name, method) for name, method in _methods(own[0]) if _is_gap(method, own[1])]
    if not gaps:
        return ""
    name, method = gaps[0]
    return f"{lab.student_file}, line {method.lineno}: {name} is not written yet, nor is any other part of the lab"


def _module(file: Path) -> tuple[ast.Module, list[str]] | None:
    """A file's syntax tree and its lines; None if it can't be parsed."""
    try:
        if file.is_symlink() or file.stat().st_size > MAX_FILE:
            return None
        text = file.read_text(encoding="utf-8")
        return ast.parse(text), text.splitlines()
    except (OSError, ValueError, SyntaxError, RecursionError, MemoryError):
        return None


def _classes(module: ast.Module) -> list[tuple[str, ast.ClassDef]]:
    return [(node.name, node) for node in module.body if isinstance(node, ast.ClassDef)]


def _defined(module: ast.Module) -> set[str]:
    """The names of a module's classes and functions."""
    return {node.name for node in module.body if isinstance(node, ast.ClassDef | _Function)}


def _methods(module: ast.Module) -> Iterator[tuple[str, _Function]]:
    """The functions of a module and the methods of its classes: ``FP32Model.run_inference``."""
    for node in module.body:
        if isinstance(node, _Function):
            yield node.name, node
        elif isinstance(node, ast.ClassDef):
            yield from ((f"{node.name}.{inner.name}", inner) for inner in node.body if isinstance(inner, _Function))


def _kit(given: ast.Module) -> set[str]:
    """Classes that the starter code imports: older editions have them in the student's file."""
    imports = (node for node in given.body if isinstance(node, ast.ImportFrom))
    return {name.asname or name.name for node in imports for name in node.names}


def _borrows(own: ast.Module, given: ast.Module) -> bool:
    """Whether a class is derived from one that the starter code does not name, such as one of another module."""
    known = {name for name, _ in (*_classes(given), *_classes(own))} | _kit(given) | {"object"}
    known |= {ast.unparse(base) for _, node in _classes(given) for base in node.bases}
    return any(ast.unparse(base) not in known for _, node in _classes(own) for base in node.bases)


def _is_gap(method: _Function, lines: list[str]) -> bool:
    work = [node for node in method.body if not _does_nothing(node)]
    return not work or _unfinished(method) or _asks_at_end(method, lines)


def _does_nothing(node: ast.stmt) -> bool:
    if isinstance(node, ast.Expr):
        return isinstance(node.value, ast.Constant)
    if isinstance(node, ast.Return):
        return node.value is None or (isinstance(node.value, ast.Constant) and node.value.value is None)
    return isinstance(node, ast.Pass) or raises_not_implemented(node)


def raises_not_implemented(node: ast.stmt) -> bool:
    """``raise NotImplementedError``, with a message or without."""
    if not isinstance(node, ast.Raise):
        return False
    raised = node.exc.func if isinstance(node.exc, ast.Call) else node.exc
    return isinstance(raised, ast.Name) and raised.id == "NotImplementedError"


def _unfinished(method: _Function) -> bool:
    return raises_not_implemented(method.body[-1])


def _asks_at_end(method: _Function, lines: list[str]) -> bool:
    """Whether a comment that asks for code follows the method's last statement, indented as the method's body is."""
    for line in lines[(method.end_lineno or method.lineno) :]:
        text = line.strip()
        if not text:
            continue
        indented = len(line) - len(line.lstrip()) > method.col_offset
        if not (text.startswith("#") and indented):
            return False
        if any(word in text.casefold() for word in _ASKS):
            return True
    return False
