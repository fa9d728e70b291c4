"""An absolute path of the student's machine: the data set, the model or the working folder that the run was given."""

from __future__ import annotations

from pathlib import PurePosixPath, PureWindowsPath

from graders.framework.repairs.literals import replace_literals
from graders.framework.repairs.model import Edits, Failure, Repair, Surroundings
from graders.framework.repairs.paths import PathError, is_foreign, is_inside, path_error, writes
from graders.framework.repairs.source import called_name, statement_at

NAME = "path of another machine"
MODELS = (".h5", ".hdf5", ".keras")
LOADERS = frozenset({"load_model"})
DATASETS = frozenset({"PetDataset"})
OF_DATASET = ("annotations", "images")


def foreign_path(failure: Failure, around: Surroundings) -> Repair | None:
    """Replaces the path, where it is a literal in the code, by what the run was given in its place."""
    found = path_error(failure)
    if found is None or not is_foreign(found.path):
        return None
    for old, new, instead in _replacements(found, failure, around):
        texts = replace_literals(around.texts(failure.place.file), old, new)
        if texts:
            return Repair(
                name=NAME,
                place=failure.place,
                wrong=f'"{old}" is a path of your own machine',
                instead=instead,
                edits=Edits(texts=texts),
            )
    return None


def _replacements(found: PathError, failure: Failure, around: Surroundings) -> list[tuple[str, str, str]]:
    """Literals that the path may come from, each with its replacement and what to write instead."""
    text = around.read(failure.place.file)
    statement = None if text is None else statement_at(text, failure.place.line)
    if statement is None:
        return []
    called = {called_name(call) for call in statement.calls()}
    path, given = found.path, around.given
    if called & LOADERS and path.endswith(MODELS):
        model = "use the path that the class is given (originalmodel, or modelpath in NativeModel)"
        return [(path, given.model, model)] if given.model else []
    if called & DATASETS or _in_dataset(path):
        root = _dataset_root(path)
        return [(root, given.dataset, "use the data set that the class is given")] if given.dataset else []
    if found.created or writes(statement):
        return _results(path)
    return []


def _in_dataset(path: str) -> bool:
    return any(part in OF_DATASET for part in PurePosixPath(path).parts[1:])


def _dataset_root(path: str) -> str:
    """The folder above ``annotations`` or ``images``."""
    parts = PurePosixPath(path).parts
    places = [place for place, part in enumerate(parts) if place and part in OF_DATASET]
    return str(PurePosixPath(*parts[: places[0]])) if places else path


def _results(path: str) -> list[tuple[str, str, str]]:
    """The file itself, by its own name, and each folder above it: whichever is written in the code."""
    windows = "\\" in path or path[1:2] == ":"
    pure = PureWindowsPath(path) if windows else PurePosixPath(path)
    if not is_inside(pure.name):
        return []
    found = [(path, pure.name, f'write to the current folder: "{pure.name}"')]
    if not windows:
        here = 'write to the current folder: "."'
        folders = [str(folder) for folder in list(pure.parents)[:-2]]
        found += [(f"{folder}{end}", f".{end}", here) for folder in folders for end in ("", "/")]
    return found
