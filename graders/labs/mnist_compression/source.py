"""The notebook's code as statements: what each defines and uses, and which of them a file or a function depends on."""

from __future__ import annotations

import ast
import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import PurePosixPath

from graders.submission.notebooks import CellCode, Gap, code_gaps
from graders.submission.notebooks.code_gaps import parsed

CONSTANT = re.compile(r"FILE\w*")
MOST_STATEMENTS, MOST_STEPS = 5_000, 200_000
IMPORTS = (ast.Import, ast.ImportFrom)
DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


@dataclass(frozen=True)
class Statement:
    """A statement at the top of a cell, or a gap at which there is none.

    ``assigns``: the names that have nothing of their earlier value afterwards; ``changes``: those that are set in part,
    or whose methods are called. ``gaps``: those in it.
    """

    cell: int
    lines: tuple[int, int]
    text: str
    assigns: frozenset[str]
    changes: frozenset[str]
    uses: frozenset[str]
    gaps: tuple[Gap, ...]

    def contains(self, cell: int, lines: tuple[int, int]) -> bool:
        """Whether these lines of a cell are its own."""
        return self.cell == cell and self.lines[0] <= lines[1] and lines[0] <= self.lines[1]


class Source:
    """The statements of a notebook, in the order of its cells."""

    def __init__(self, cells: Sequence[CellCode]) -> None:
        """Parses the cells; one that is no Python has no statements."""
        self._cells = cells

    @cached_property
    def statements(self) -> tuple[Statement, ...]:
        """All of them."""
        found: list[Statement] = []
        for cell in self._cells:
            before = frozenset(name for each in found if each.cell == _last_cell(found) for name in each.assigns)
            found += _statements(cell, before)
        return tuple(found[:MOST_STATEMENTS])

    @property
    def gaps(self) -> tuple[Gap, ...]:
        """What is still to be written."""
        return tuple(gap for each in self.statements for gap in each.gaps)

    def behind_file(self, constant: str, file: str) -> tuple[Statement, ...]:
        """The statements that a file depends on, in their order: those behind the first that mentions it."""
        literal = re.compile(rf"[\"'/]{re.escape(PurePosixPath(file).name)}[\"']")
        for place, each in enumerate(self.statements):
            if constant not in each.assigns and (_mentions(each.text, constant) or literal.search(each.text)):
                return self._behind(place)
        return ()

    def behind_function(self, name: str) -> tuple[Statement, ...]:
        """The statements that a function depends on, in their order."""
        places = [place for place, each in enumerate(self.statements) if name in each.assigns]
        return self._behind(places[-1]) if places else ()

    def _behind(self, place: int) -> tuple[Statement, ...]:
        chosen, left, steps = {place}, [place], MOST_STEPS
        while left and steps > 0:
            user = left.pop()
            for name in self.statements[user].uses:
                for one in self._makers(name, user):
                    steps -= 1
                    if one not in chosen:
                        chosen.add(one)
                        left.append(one)
        return tuple(self.statements[one] for one in sorted(chosen))

    @cached_property
    def _places(self) -> Mapping[str, list[int]]:
        """By name the statements that may give it its value; where a file is mentioned, it may be written."""
        found: dict[str, list[int]] = {}
        for place, each in enumerate(self.statements):
            for name in each.assigns | each.changes | frozenset(filter(CONSTANT.fullmatch, each.uses)):
                found.setdefault(name, []).append(place)
        return found

    def _makers(self, name: str, before: int) -> Iterator[int]:
        """Where a name gets the value that it has at a statement."""
        places = self._places.get(name, [])
        for place in reversed(places[: bisect_left(places, before)]):
            each = self.statements[place]
            yield place
            if name in each.assigns and name not in each.uses:
                return


def _last_cell(found: Sequence[Statement]) -> int:
    return found[-1].cell if found else -1


def _mentions(text: str, name: str) -> bool:
    return re.search(rf"(?<!\w){re.escape(name)}(?!\w)", text) is not None


def _statements(cell: CellCode, before: frozenset[str]) -> Iterator[Statement]:
    """A cell's statements; what is missing at its end goes on with what the cell before it has defined."""
    body = parsed(cell.code)
    if body is None:
        return
    gaps = code_gaps(cell)
    number, lines = cell.index + 1, cell.code.split("\n")
    end = 0
    for node in body:
        # The comments above a statement belong to it.
        span = end + 1, node.end_lineno or node.lineno
        own = tuple(gap for gap in gaps if span[0] <= gap.line <= span[1])
        end = span[1]
        text = "\n".join(lines[span[0] - 1 : span[1]]) if own else "\n".join(lines[node.lineno - 1 : span[1]])
        assigns, changes = _assigned(node), _changed(node)
        yield Statement(number, span, text, assigns, changes - assigns, _used(node), own)
    for gap in gaps:
        if gap.line > end:
            named = frozenset(re.findall(r"[A-Za-z_]\w*", gap.text))
            yield Statement(number, (gap.line, len(lines)), gap.text, frozenset(), before | named, before, (gap,))


def _assigned(node: ast.stmt) -> frozenset[str]:
    if isinstance(node, IMPORTS):
        return frozenset(alias.asname or alias.name.partition(".")[0] for alias in node.names)
    if isinstance(node, DEFINITIONS):
        return frozenset({node.name})
    return frozenset(
        each.id for each in ast.walk(node) if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Store)
    )


def _changed(node: ast.stmt) -> frozenset[str]:
    """Names of which an item or an attribute is set, or a method is called for its effect."""
    if isinstance(node, DEFINITIONS):
        return frozenset()
    parts: Iterable[ast.expr] = (
        each.func if isinstance(each, ast.Call) else each
        for each in ast.walk(node)
        if isinstance(each, ast.Call)
        or (isinstance(each, ast.Attribute | ast.Subscript) and isinstance(each.ctx, ast.Store))
    )
    return frozenset(name for part in parts if (name := _base(part)))


def _base(part: ast.expr) -> str:
    """The variable that an attribute or an item belongs to; ``""`` for none."""
    own = part
    while isinstance(own, ast.Attribute | ast.Subscript):
        own = own.value
    return own.id if isinstance(own, ast.Name) and own is not part else ""


def _used(node: ast.stmt) -> frozenset[str]:
    """The names that a statement reads; of a function not its own ones."""
    names = [each for each in ast.walk(node) if isinstance(each, ast.Name)]
    own = frozenset[str]()
    if isinstance(node, DEFINITIONS):
        own = frozenset(each.id for each in names if isinstance(each.ctx, ast.Store))
        own |= frozenset(each.arg for each in ast.walk(node) if isinstance(each, ast.arg))
    return frozenset(each.id for each in names if not isinstance(each.ctx, ast.Store)) - own | _changed(node)
