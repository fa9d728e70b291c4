"""A folder that is missing for writing, such as ``logs/``, which git does not keep while it is empty: it is made."""

from __future__ import annotations

from pathlib import PurePosixPath

from graders.framework.repairs.model import Edits, Failure, Repair, Surroundings
from graders.framework.repairs.paths import is_inside, path_error, writes
from graders.framework.repairs.source import statement_at

NAME = "missing folder"


def missing_folder(failure: Failure, around: Surroundings) -> Repair | None:
    """Makes the folder of a file that was to be written."""
    found = path_error(failure)
    if found is None or not is_inside(found.path):
        return None
    folder = PurePosixPath(found.path).parent.as_posix()
    if folder == "." or around.folder_exists(folder):
        return None
    if not found.created and not _written_at(failure, around):
        return None
    return Repair(
        name=NAME,
        place=failure.place,
        wrong=f"the folder {folder}/ is missing: git stores no empty folders",
        instead=f'create it before writing there: os.makedirs("{folder}", exist_ok=True)',
        edits=Edits(folders=(folder,)),
    )


def _written_at(failure: Failure, around: Surroundings) -> bool:
    text = around.read(failure.place.file)
    statement = None if text is None else statement_at(text, failure.place.line)
    return statement is not None and writes(statement)
