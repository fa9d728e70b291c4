"""Changes to a notebook, made to its cells as they are parsed: what they say and printed, when they were executed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graders.cohort.corpus.tables import CaseError, shown

if TYPE_CHECKING:
    from graders.cohort.corpus.cases import Change


def change_notebook(change: Change, path: Path, where: str) -> None:
    """Carries out a change. :raises CaseError: where it does not apply to just one place."""
    notebook = json.loads(path.read_text(encoding="utf-8"))
    cells = notebook["cells"]
    if change.old is not None:
        cell = _one(((each, each["source"]) for each in cells), change.old, where)
        cell["source"] = "".join(cell["source"]).replace(change.old, str(change.new)).splitlines(keepends=True)
        if change.outputs is not None:
            _clear(cell)
    elif change.printed is not None:
        output = _one(((each, each["text"]) for each in _streams(cells)), change.printed, where)
        output["text"] = "".join(output["text"]).replace(change.printed, str(change.new)).splitlines(keepends=True)
    elif change.cell is not None:
        _one(((each, each["source"]) for each in cells), change.cell, where)["execution_count"] = change.count
    else:
        for cell in cells:
            _clear(cell)
    path.write_text(json.dumps(notebook, indent=1, ensure_ascii=False), encoding="utf-8")


def _one(parts: Iterator[tuple[dict[str, Any], list[str]]], text: str, where: str) -> dict[str, Any]:
    """The one part that has this text, once."""
    found = [(part, "".join(lines).count(text)) for part, lines in parts if text in "".join(lines)]
    if len(found) != 1 or found[0][1] != 1:
        raise CaseError(f"{where}: {sum(count for _, count in found)} places, not 1, read {shown(text)}")
    return found[0][0]


def _streams(cells: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    return (output for cell in cells for output in cell.get("outputs", ()) if "text" in output)


def _clear(cell: dict[str, Any]) -> None:
    if cell["cell_type"] == "code":
        cell["execution_count"], cell["outputs"] = None, []
