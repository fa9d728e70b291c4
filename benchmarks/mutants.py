"""Mutants: small changes to a module's functions, each of which some test should notice.

Only bodies of functions are changed, since a function's code can be exchanged in a process that has loaded everything;
constants of modules, defaults of arguments, annotations, decorators and text are left alone.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import CodeType

SKIPPED = {"annotation", "returns", "decorator_list", "args", "ctx", "type_params"}

COMPARISONS: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In,
}  # fmt: skip
ARITHMETIC: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult, ast.FloorDiv: ast.Div, ast.Mod: ast.Div,
    ast.Pow: ast.Mult, ast.LShift: ast.RShift, ast.RShift: ast.LShift, ast.BitAnd: ast.BitOr, ast.BitOr: ast.BitAnd,
    ast.BitXor: ast.BitAnd,
}  # fmt: skip
NAMES = {"min": "max", "max": "min", "any": "all", "all": "any"}
METHODS = {
    "lower": "upper", "upper": "lower", "lstrip": "rstrip", "rstrip": "lstrip", "find": "rfind", "rfind": "find",
    "startswith": "endswith", "endswith": "startswith", "partition": "rpartition", "rpartition": "partition",
    "removeprefix": "removesuffix", "removesuffix": "removeprefix", "min": "max", "max": "min", "any": "all",
    "all": "any", "append": "remove",
}  # fmt: skip


@dataclass(frozen=True)
class Mutant:
    """A changed place: the outermost function around it, and the statement's lines."""

    module: Path
    function: str
    first: int
    lines: tuple[int, int]
    operator: str
    before: str
    after: str
    code: Callable[[], CodeType]

    @property
    def name(self) -> str:
        """What the mutant is called in lists."""
        return f"{self.module}:{self.lines[0]} {self.function}: {self.before} => {self.after}"


Change = tuple[str, ast.AST]
"""The operator's name and the node that replaces the old one."""


def _compared(node: ast.Compare) -> Iterator[Change]:
    for at, operator in enumerate(node.ops):
        swapped = [*node.ops[:at], COMPARISONS[type(operator)](), *node.ops[at + 1 :]]
        yield "comparison", ast.Compare(node.left, swapped, node.comparators)


def _constant(node: ast.Constant) -> Iterator[Change]:
    if isinstance(node.value, bool):
        yield "constant", ast.Constant(not node.value)
    elif isinstance(node.value, int | float):
        yield "constant", ast.Constant(node.value + 1)


def _called(node: ast.Call) -> Iterator[Change]:
    name = node.func
    if isinstance(name, ast.Name) and name.id in NAMES:
        yield "call", ast.Call(ast.Name(NAMES[name.id], ast.Load()), node.args, node.keywords)
    if isinstance(name, ast.Attribute) and name.attr in METHODS:
        yield "call", ast.Call(ast.Attribute(name.value, METHODS[name.attr], ast.Load()), node.args, node.keywords)
    for at, keyword in enumerate(node.keywords):
        if keyword.arg:
            yield "argument", ast.Call(node.func, node.args, [*node.keywords[:at], *node.keywords[at + 1 :]])


def _unary(node: ast.UnaryOp) -> Iterator[Change]:
    if not isinstance(node.op, ast.UAdd):
        yield "unary", node.operand


def _augmented(node: ast.AugAssign) -> Iterator[Change]:
    yield "augmented", ast.AugAssign(node.target, ARITHMETIC[type(node.op)](), node.value)
    yield "augmented", ast.Assign([node.target], node.value)


def _returned(node: ast.Return) -> Iterator[Change]:
    if node.value is not None and not (isinstance(node.value, ast.Constant) and node.value.value is None):
        yield "return", ast.Return(ast.Constant(None))


def _dropped(node: ast.Expr) -> Iterator[Change]:
    if isinstance(node.value, ast.Call):
        yield "statement", ast.Pass()


def _negated(node: ast.If | ast.While | ast.IfExp) -> Iterator[Change]:
    fields = {name: getattr(node, name) for name in node._fields}
    yield "condition", type(node)(**{**fields, "test": ast.UnaryOp(ast.Not(), node.test)})


def _filtered(node: ast.comprehension) -> Iterator[Change]:
    for at in range(len(node.ifs)):
        yield "filter", ast.comprehension(node.target, node.iter, [*node.ifs[:at], *node.ifs[at + 1 :]], node.is_async)


OPERATORS: dict[type[ast.AST], Callable[..., Iterator[Change]]] = {
    ast.Compare: _compared, ast.Constant: _constant, ast.Call: _called, ast.UnaryOp: _unary, ast.AugAssign: _augmented,
    ast.Return: _returned, ast.Expr: _dropped, ast.If: _negated, ast.While: _negated, ast.IfExp: _negated,
    ast.comprehension: _filtered,
    ast.BinOp: lambda node: iter([("arithmetic", ast.BinOp(node.left, ARITHMETIC[type(node.op)](), node.right))]),
    ast.BoolOp: lambda node: iter([("boolean", ast.BoolOp(_other(node.op), node.values))]),
    ast.Raise: lambda _: iter([("statement", ast.Pass())]),
    ast.Break: lambda _: iter([("jump", ast.Continue())]),
    ast.Continue: lambda _: iter([("jump", ast.Break())]),
}  # fmt: skip


def _other(operator: ast.boolop) -> ast.boolop:
    return ast.Or() if isinstance(operator, ast.And) else ast.And()


def mutants(path: Path) -> Iterator[Mutant]:
    """Every mutant of a file."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for name, function in _outermost(tree, ""):
        first = min([function.lineno, *(each.lineno for each in getattr(function, "decorator_list", ()))])
        for part in function.body if isinstance(function.body, list) else [function.body]:
            for holder, field, at, node, lines in _places(function, "body", part, (part.lineno, part.end_lineno or 0)):
                for operator, instead in OPERATORS.get(type(node), lambda _: ())(node):
                    ast.copy_location(instead, node)
                    ast.fix_missing_locations(instead)
                    make = _maker(path, tree, (holder, field, at), (node, instead))
                    yield Mutant(path, name, first, lines, operator, _text(node), _text(instead), make)


def _outermost(node: ast.Module | ast.ClassDef, prefix: str) -> Iterator[tuple[str, ast.FunctionDef | ast.Lambda]]:
    """Functions, methods, and lambdas in tables of a module, each with its qualified name."""
    for child in node.body:
        if isinstance(child, ast.FunctionDef):
            yield prefix + child.name, child
        elif isinstance(child, ast.ClassDef):
            yield from _outermost(child, f"{prefix}{child.name}.")
        elif isinstance(child, ast.Assign | ast.AnnAssign):
            yield from ((f"{prefix}<lambda>", each) for each in ast.walk(child) if isinstance(each, ast.Lambda))


Place = tuple[ast.AST, str, int | None, ast.AST, tuple[int, int]]


def _places(holder: ast.AST, field: str, node: ast.AST, lines: tuple[int, int]) -> Iterator[Place]:
    """Every node below one, with where it hangs and the lines of its statement (of a compound one, of its head)."""
    if isinstance(node, ast.stmt):
        body = getattr(node, "body", None)
        lines = (node.lineno, max(node.lineno, body[0].lineno - 1) if body else node.end_lineno or node.lineno)
    value = getattr(holder, field)
    yield holder, field, value.index(node) if isinstance(value, list) else None, node, lines
    for name in node._fields:
        if name in SKIPPED and not (name == "args" and isinstance(node, ast.Call)):
            continue
        inner = getattr(node, name, None)
        for child in inner if isinstance(inner, list) else [inner]:
            if isinstance(child, ast.AST):
                yield from _places(node, name, child, lines)


def _maker(
    path: Path, tree: ast.Module, place: tuple[ast.AST, str, int | None], nodes: tuple[ast.AST, ast.AST]
) -> Callable[[], CodeType]:
    """Compiles the file with one node in place of another, and restores the old one."""
    holder, field, at = place

    def put(node: ast.AST) -> None:
        if at is None:
            setattr(holder, field, node)
        else:
            getattr(holder, field)[at] = node

    def make() -> CodeType:
        put(nodes[1])
        try:
            return compile(tree, str(path), "exec", dont_inherit=True)
        finally:
            put(nodes[0])

    return make


def _text(node: ast.AST) -> str:
    """A node on one line, shortened."""
    if isinstance(node, ast.comprehension):
        text = " ".join(f"if {ast.unparse(each)}" for each in node.ifs) or "(no if)"
    elif isinstance(node, ast.If | ast.While):
        text = f"{type(node).__name__.lower()} {ast.unparse(node.test)}"
    else:
        text = " ".join(ast.unparse(node).split())
    return text if len(text) <= 110 else text[:107] + "…"
