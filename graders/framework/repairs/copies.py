"""Edits made in what a run is given: in its own copy of the code, and in its working folder."""

from __future__ import annotations

from pathlib import Path

from graders.framework.repairs.absent_modules import SOURCE, STAND_INS
from graders.framework.repairs.model import Edits
from graders.framework.source_files import read_source, source_lines
from graders.sandbox import Edit, MakeFolder, WriteFile


def code_edits(code: Path, edits: Edits) -> tuple[Edit, ...]:
    """The edits of the files and folders in a run's copy of ``code``; a notebook's cells are no files."""
    found: list[Edit] = [MakeFolder(folder) for folder in edits.folders if not _is_taken(code, folder)]
    for file in dict.fromkeys(each.file for each in edits.texts):
        text = student_text(code, file)
        if text is not None:
            found.append(WriteFile(file, edits.apply(file, text).encode()))
    if edits.absent:
        found.append(WriteFile(f"{STAND_INS}.py", SOURCE.encode()))
    return tuple(found)


def _is_taken(code: Path, folder: str) -> bool:
    """Whether a file has the name of the folder, or of one above it."""
    parts = Path(folder).parts
    return any((code / Path(*parts[:count])).is_file() for count in range(1, len(parts) + 1))


def make_folders(workdir: Path, edits: Edits) -> None:
    """Makes the edits' folders in an empty working folder, for whichever user the run has."""
    for folder in edits.folders:
        path = workdir
        for part in Path(folder).parts:
            path = path / part
            if not path.exists():
                path.mkdir()
                path.chmod(0o777)


def student_text(root: Path, file: str) -> str | None:
    """A file's text with plain line ends; None if there is none, or if it is not UTF-8."""
    text = read_source(root, file)
    return None if text is None or "\N{REPLACEMENT CHARACTER}" in text else "\n".join(source_lines(text))
