"""Changes to a notebook, made to its parsed cells: their source, outputs and execution counts."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from graders.selftest.corpus.changes import Change
from graders.selftest.corpus.tables import CaseError, shown


def change_notebook(change: Change, path: Path, where: str) -> None:
    """Makes a change. :raises CaseError: if it does not apply to exactly one place."""
    notebook = json.loads(path.read_text(encoding="utf-8"))
    cells = notebook["cells"]
    if change.old is not None:
        cell = _one(((each, each["source"]) for each in cells), change.old, where)
        cell["source"] = "".join(cell["source"]).replace(change.old, str(change.new)).splitlines(keepends=True)
        if change.outputs is not None:
            _clear(cell)
    elif change.prepend is not None or change.append is not None:
        notebook["cells"] = [*_added(change.prepend), *cells, *_added(change.append)]
        if change.outputs is not None:
            _show(notebook["cells"], json.loads(change.outputs))
    elif change.printed is not None:
        output = _one(((each, each["text"]) for each in _streams(cells)), change.printed, where)
        output["text"] = "".join(output["text"]).replace(change.printed, str(change.new)).splitlines(keepends=True)
    elif change.cell is not None:
        _one(((each, each["source"]) for each in cells), change.cell, where)["execution_count"] = change.count
    else:
        _change_everywhere(change, notebook)
    # Outputs may contain what UTF-8 can't encode.
    text = json.dumps(notebook, indent=1, ensure_ascii=change.append is not None)
    path.write_text(text, encoding="utf-8")


def _change_everywhere(change: Change, notebook: dict[str, Any]) -> None:
    """Makes a change that is about no single cell."""
    if change.notebook is not None:
        notebook.update(json.loads(change.notebook))
    for cell in notebook["cells"]:
        if change.cells is not None:
            cell.update(json.loads(change.cells))
        elif change.counts is not None and cell["cell_type"] == "code":
            cell["execution_count"] = None
        elif change.outputs is not None:
            _clear(cell)


def _one(parts: Iterator[tuple[dict[str, Any], list[str]]], text: str, where: str) -> dict[str, Any]:
    """The one part that has this text, once."""
    found = [(part, "".join(lines).count(text)) for part, lines in parts if text in "".join(lines)]
    if len(found) != 1 or found[0][1] != 1:
        raise CaseError(f"{where}: {sum(count for _, count in found)} places, not 1, read {shown(text)}")
    return found[0][0]


def _streams(cells: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    return (output for cell in cells for output in cell.get("outputs", ()) if "text" in output)


def _added(code: str | None) -> list[dict[str, Any]]:
    """A cell of this code that was never executed; none if there is no code."""
    if code is None:
        return []
    lines = code.strip("\n").splitlines(keepends=True)
    return [{"cell_type": "code", "execution_count": None, "metadata": {}, "outputs": [], "source": lines}]


def _show(cells: list[dict[str, Any]], outputs: list[Any]) -> None:
    """Marks the last cell as executed after all others, with these outputs."""
    last = max((cell.get("execution_count") or 0 for cell in cells), default=0)
    cells[-1].update(execution_count=last + 1, outputs=outputs)


def _clear(cell: dict[str, Any]) -> None:
    if cell["cell_type"] == "code":
        cell["execution_count"], cell["outputs"] = None, []
