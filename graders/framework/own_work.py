"""What of a submission is a lab's: whether anything of it was done at all, and which files are its own."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graders.core.errors import RunError
from graders.core.verdicts import Verdict
from graders.framework.definition import Lab

if TYPE_CHECKING:
    from graders.framework.lab_plugin import LabPlugin

# Of all notebooks beside the lab's together, in bytes; and how many of them are looked at.
LARGEST_NOTEBOOK, MOST_BESIDE = 32 << 20, 200
_CODE_CELL = re.compile(r'"cell_type"\s*:\s*"code"')
SAME_LAB = 3
"""A notebook with so many of a lab's names in it is one of the lab."""


def require_started(root: Path, plugin: LabPlugin[Any], lab: Lab) -> None:
    """:raises RunError: if nothing of a lab was done: commits of its files are those of whoever made the template."""
    reason = plugin.unstarted(root, lab)
    if reason and not _has_summary(root, lab):
        raise RunError(Verdict.MISSING, reason)


def _has_summary(root: Path, lab: Lab) -> bool:
    from graders.framework.static_review import given_summary
    from graders.written.claims.summaries import read_summary

    if lab.summary is None:
        return False
    return not read_summary(root, lab.summary.folder, given_summary(lab)).missing


def own_paths(root: Path, lab: Lab) -> tuple[str, ...]:
    """The lab's files and folders, without the folder that its notebook shares with notebooks of other labs."""
    folder, _, name = lab.student_file.rpartition("/")
    if not lab.is_notebook or not folder:
        return lab.paths
    notebooks = [file for file in _files_in(root / folder) if file.suffix == ".ipynb" and file.name != name]
    beside: list[Path] = []
    copies: list[Path] = []
    left = LARGEST_NOTEBOOK
    for file in notebooks:
        text = _text(file, left)
        left -= len(text or "")
        # A notebook of text alone is a report, which none is that is too large to be read.
        if text is None or _CODE_CELL.search(text):
            beside.append(file)
            copies += [file] if text is not None and _has_names(text, lab) else []
    if len(copies) == len(beside):
        return lab.paths
    others = [path for path in lab.paths if path != folder]
    return (lab.student_file, *(f"{folder}/{file.name}" for file in copies), *others)


def _has_names(notebook: str, lab: Lab) -> bool:
    """Whether a notebook is of the lab as well: an earlier version, the one that was given."""
    names = lab.settings.get("notebook", {}).get("names", ())
    return sum(name in notebook for name in names) >= SAME_LAB


def _text(notebook: Path, most: int) -> str | None:
    """A notebook's JSON; empty if it can't be read, None if it is too large to be, those before it included."""
    try:
        if notebook.stat().st_size > most:
            return None
        return notebook.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def _files_in(folder: Path) -> list[Path]:
    """The regular files of a folder, in order of name; links are not followed."""
    try:
        return sorted(path for path in folder.iterdir() if path.is_file() and not path.is_symlink())[:MOST_BESIDE]
    except OSError:
        return []
