"""A change to a copy of the reference, as a case's TOML states it.

A change is to the lab's student file unless it has a ``file``. What else it has says what kind it is:

    old, new                    a text, found exactly once, and what replaces it
    content                     the whole file, new or replaced; ``times`` beside it: this text so many times;
                                ``copies``: so many files, whose number is where ``file`` has a ``#``
    delete = true               the file is deleted
    to                          the file or folder is moved there
    template                    the file of ``student_template/`` that replaces ``file``
    embedded                    the file of the embedded model's folder that replaces ``file``
    windows = true              the file gets a byte order mark and CRLF line ends
    prepend, append             code before all other code, or after it
    compiled                    code whose bytecode the file holds
    commits                     a git history, which ``repositories.py`` describes

In a notebook, ``old`` and ``new`` are about the source of its cells, whose outputs stay as they are unless there is
``outputs = "cleared"`` beside them; alone, that clears all outputs. ``printed`` and ``new`` are about a text in the
outputs; ``cell`` and ``count`` about the execution count of the one cell that has that text. ``prepend`` and ``append``
are the code of a new first or last cell, which was never executed; with ``outputs`` beside ``append``, a list of
outputs as JSON, it was executed and has those. ``counts = "removed"`` takes away all execution counts of cells, and
leaves the outputs. ``notebook`` and ``cells`` are JSON objects whose keys are set in the notebook, or in each cell.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from graders.core.paths import TEMPLATE
from graders.framework.definition import Lab
from graders.profiles import choose
from graders.selftest.corpus.repositories import Plan, read_plan
from graders.selftest.corpus.tables import CaseError, inside, shown, table, text, typed

CHANGE_KEYS = (
    {"old", "new"}, {"content"}, {"content", "times"}, {"content", "copies"}, {"delete"}, {"to"}, {"template"},
    {"embedded"}, {"windows"}, {"prepend"}, {"append"},
    {"compiled"}, {"printed", "new"}, {"outputs"}, {"cell", "count"}, {"old", "new", "outputs"},
    {"append", "outputs"}, {"counts"}, {"notebook"}, {"cells"},
)  # fmt: skip
EMBEDDED = choose("embedded", None, None).model_path.parent
"""The folder of the embedded model and of the files made from it."""


@dataclass(frozen=True)
class Change:
    """One change to a copy of the reference. Which fields are set says what kind it is."""

    file: str
    old: str | None = None
    new: str | None = None
    content: str | None = None
    times: int = 1
    copies: int = 1
    delete: bool = False
    to: str | None = None
    template: str | None = None
    embedded: str | None = None
    windows: bool = False
    prepend: str | None = None
    append: str | None = None
    compiled: str | None = None
    printed: str | None = None
    outputs: str | None = None
    cell: str | None = None
    count: int | None = None
    counts: str | None = None
    notebook: str | None = None
    cells: str | None = None
    history: Plan | None = None


def read_change(item: Any, lab: Lab, where: str) -> Change:
    """A change from its table. :raises CaseError: if something in it is missing, unknown or of another type."""
    data = table(item, where)
    if "commits" in data:
        return Change("", history=read_plan(data, lab.student_file, where))
    kinds = data.keys() - {"file"}
    if kinds not in CHANGE_KEYS:
        expected = "; or ".join(" and ".join(f"'{key}'" for key in sorted(keys, reverse=True)) for keys in CHANGE_KEYS)
        raise CaseError(f"{where} has {sorted(kinds)}; expected {expected}; or 'commits'")
    file = inside(text(data, "file", where) if "file" in data else lab.student_file, where, "file")
    change = Change(
        file,
        old=text(data, "old", where) if "old" in data else None,
        new=typed(data, "new", str, where) if "new" in data else None,
        content=typed(data, "content", str, where) if "content" in data else None,
        times=typed(data, "times", int, where) if "times" in data else 1,
        copies=typed(data, "copies", int, where) if "copies" in data else 1,
        delete="delete" in data and typed(data, "delete", bool, where),
        to=inside(text(data, "to", where), where, "to") if "to" in data else None,
        template=inside(text(data, "template", where), where, "template") if "template" in data else None,
        embedded=inside(text(data, "embedded", where), where, "embedded") if "embedded" in data else None,
        windows="windows" in data and typed(data, "windows", bool, where),
        prepend=text(data, "prepend", where) if "prepend" in data else None,
        append=text(data, "append", where) if "append" in data else None,
        compiled=text(data, "compiled", where) if "compiled" in data else None,
        printed=text(data, "printed", where) if "printed" in data else None,
        outputs=text(data, "outputs", where) if "outputs" in data else None,
        cell=text(data, "cell", where) if "cell" in data else None,
        count=typed(data, "count", int, where) if "count" in data else None,
        counts=text(data, "counts", where) if "counts" in data else None,
        notebook=text(data, "notebook", where) if "notebook" in data else None,
        cells=text(data, "cells", where) if "cells" in data else None,
    )
    if change.old is not None and change.old == change.new:
        raise CaseError(f"{where} replaces {shown(change.old)} with itself")
    if change.copies > 1 and "#" not in file:
        raise CaseError(f"{where} has copies; expected a '#' in the file's name for their numbers")
    if kinds in ({"delete"}, {"windows"}) and not (change.delete or change.windows):
        raise CaseError(f"{where} changes nothing")
    for folder, name in ((EMBEDDED, change.embedded), (TEMPLATE, change.template)):
        if name is not None and not (folder / name).is_file():
            raise CaseError(f"{where}: there is no {name} in {folder.name}/")
    return change
