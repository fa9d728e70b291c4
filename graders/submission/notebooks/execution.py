"""What a notebook shows of its execution: which cells were executed, and in which order.

A count is that of a kernel's session: it begins at 1 again after each restart, and a cell that is executed again gets a
new one. So gaps show nothing, and of a fall only what neither a restart nor a cell of imports explains.
"""

from __future__ import annotations

import ast
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum

from graders.submission.notebooks.model import Cell, Notebook
from graders.submission.notebooks.plain_python import plain_python

MAX_SETUP = 20_000
_SETTINGS = frozenset({
    "seed", "set_seed", "set_random_seed", "manual_seed", "filterwarnings", "simplefilter", "set_verbosity", "setlevel",
    "basicconfig", "enable_op_determinism", "set_memory_growth", "list_physical_devices", "use", "print", "display",
    "check_call", "run", "system", "append", "insert", "mount", "update",
})  # fmt: skip
"""What a cell of imports calls besides: functions by the last part of their name, in lower case."""
_PLAIN = (ast.Import, ast.ImportFrom, ast.Pass)


class Order(StrEnum):
    """How the execution counts run. Cells that only import or install do not count for it.

    ``RUN_ALL``: 1, 2, 3 …; ``RISING``: rising from elsewhere or with gaps; ``RESTARTED``: of several sessions;
    ``BROKEN``: falling within a session; ``NONE``: nothing was executed; ``UNKNOWN``: there are no counts.
    """

    RUN_ALL = "restarted and run all"
    RISING = "in order"
    RESTARTED = "in several sessions"
    BROKEN = "out of order"
    NONE = "nothing executed"
    UNKNOWN = "in an order that is not known"


@dataclass(frozen=True)
class Execution:
    """``unexecuted``: cells of those asked for of which nothing shows that they were executed. ``order_cells``: cells
    that were executed before one above them.
    """

    unexecuted: tuple[int, ...]
    order: Order
    order_cells: tuple[int, ...]


def execution(notebook: Notebook, filled: Sequence[Cell]) -> Execution:
    """How a notebook was executed. :param filled: its cells that have code in them."""
    if notebook.form != "ipynb":
        return Execution((), Order.UNKNOWN, ())
    shown = {cell.index for cell in filled if cell.shows_execution}
    if not shown:
        return Execution(tuple(cell.index for cell in filled), Order.NONE, ())
    # Without any count, a cell that has nothing to show is no different from one that was not executed.
    unexecuted = tuple(cell.index for cell in filled if notebook.counted and cell.index not in shown)
    return Execution(unexecuted, *_order(notebook.code, {cell.index for cell in filled}))


def _order(cells: Sequence[Cell], filled: Collection[int]) -> tuple[Order, tuple[int, ...]]:
    """How the counts run, of cells without code too: Jupyter counts those that hold a comment."""
    counted = [(cell, cell.execution_count) for cell in cells if cell.execution_count is not None]
    if not counted:
        return Order.UNKNOWN, ()
    counts = [count for _, count in counted]
    if counts == list(range(1, len(counts) + 1)):
        return Order.RUN_ALL, ()
    falling = _falling([(cell, count) for cell, count in counted if cell.index in filled and not is_setup(cell)])
    if not falling:
        return Order.RISING, ()
    # Within a session no count is given twice, and 1 is its first.
    fresh = len(set(counts)) < len(counts) or any(counted_as == 1 for _, counted_as in falling)
    return (Order.RESTARTED, ()) if fresh else (Order.BROKEN, tuple(cell.index for cell, _ in falling))


def _falling(counted: Sequence[tuple[Cell, int]]) -> list[tuple[Cell, int]]:
    """The cells with a lower count than the one above them."""
    before = [0, *(count for _, count in counted[:-1])]
    return [each for each, last in zip(counted, before, strict=True) if each[1] < last]


def is_setup(cell: Cell) -> bool:
    """Whether a cell only imports, installs and sets up: executing it again changes nothing."""
    skipped: list[str] = []
    code = plain_python(cell.source[:MAX_SETUP], skipped)
    try:
        body = ast.parse(code).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    imports = any(isinstance(node, ast.Import | ast.ImportFrom) for each in body for node in ast.walk(each))
    return (imports or bool(skipped)) and all(map(_sets_up, body))


def _sets_up(node: ast.stmt) -> bool:
    if isinstance(node, ast.If | ast.Try | ast.For | ast.With):
        blocks = [node.body, getattr(node, "orelse", []), getattr(node, "finalbody", [])]
        blocks += [handler.body for handler in getattr(node, "handlers", [])]
        return all(_sets_up(each) for block in blocks for each in block)
    if isinstance(node, ast.Assign | ast.AnnAssign | ast.Expr | ast.AugAssign):
        return all(_last_name(each.func).lower() in _SETTINGS for each in ast.walk(node) if isinstance(each, ast.Call))
    return isinstance(node, _PLAIN)


def _last_name(function: ast.expr) -> str:
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
