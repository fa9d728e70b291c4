"""An absolute path of the student's machine: the data set, the model or the working folder that the run was given."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePosixPath

from graders.framework.repairs.literals import folders_below, moved, replace_literals, without_folder
from graders.framework.repairs.model import Edits, Failure, NewText, Repair, Surroundings
from graders.framework.repairs.paths import PathError, is_foreign, is_inside, path_error, writes
from graders.framework.repairs.source import called_name, statement_at

NAME = "path of another machine"
MODELS = (".h5", ".hdf5", ".keras")
LOADERS = frozenset({"load_model"})
FOLDER_CALLS = frozenset({"makedirs", "mkdir", "chdir"})
HERE = "write to the current folder, by a relative path"
DATASETS = frozenset({"PetDataset"})
OF_DATASET = ("annotations", "images")
Texts = tuple[NewText, ...]


def foreign_path(failure: Failure, around: Surroundings) -> Repair | None:
    """Replaces the path, where it is a literal in the code, by what the run was given in its place."""
    found = path_error(failure)
    if found is None or not (is_foreign(found.path) or is_foreign(f"{found.path}/folder")):
        return None
    for old, texts, instead in _replacements(found, failure, around):
        if texts:
            return Repair(
                name=NAME,
                place=failure.place,
                wrong=f'"{old}" is a path of your own machine',
                instead=instead,
                edits=Edits(texts=texts),
            )
    return None


def _replacements(found: PathError, failure: Failure, around: Surroundings) -> list[tuple[str, Texts, str]]:
    """Literals that the path may come from, each with the edits that replace it, and what to write instead."""
    text = around.read(failure.place.file)
    statement = None if text is None else statement_at(text, failure.place.line)
    if statement is None:
        return []
    called = {called_name(call) for call in statement.calls()}
    texts, path, given = around.texts(failure.place.file), found.path, around.given
    if called & LOADERS and path.endswith(MODELS):
        model = "use the path that the class is given (originalmodel, or modelpath in NativeModel)"
        return [(path, replace_literals(texts, path, given.model), model)] if given.model else []
    if called & FOLDER_CALLS:
        return _folders(path, texts, enters="chdir" in called)
    if found.created or writes(statement):
        return _results(path, texts)
    if called & DATASETS or _in_dataset(path):
        root = _dataset_root(path)
        dataset = "use the data set that the class is given"
        return [(root, replace_literals(texts, root, given.dataset), dataset)] if given.dataset else []
    return []


def _in_dataset(path: str) -> bool:
    return any(part in OF_DATASET for part in PurePosixPath(path).parts[1:])


def _dataset_root(path: str) -> str:
    """The folder above ``annotations`` or ``images``."""
    parts = PurePosixPath(path).parts
    places = [place for place, part in enumerate(parts) if place and part in OF_DATASET]
    return str(PurePosixPath(*parts[: places[0]])) if places else path


def _results(path: str, texts: Mapping[str, str]) -> list[tuple[str, Texts, str]]:
    """Files right in the folder of the path, by their own names, or the folders above it: whichever is in the code."""
    pure = PurePosixPath(path)
    if not is_inside(pure.name):
        return []
    found = [(path, without_folder(texts, str(pure.parent)), f'{HERE}: "{pure.name}"')]
    folders = [(f"{folder}{end}", f".{end}") for folder in list(pure.parents)[:-2] for end in ("", "/")]
    return [*found, *((old, replace_literals(texts, old, new), f'{HERE}: "."') for old, new in folders)]


def _folders(path: str, texts: Mapping[str, str], *, enters: bool) -> list[tuple[str, Texts, str]]:
    """A folder that a call makes or enters, with what is written to it; the message may name only one above it."""
    found = []
    for old in folders_below(texts, path):
        new = "." if enters else PurePosixPath(old).name
        if is_foreign(old) and is_inside(f"{new}/file"):
            found.append((old, moved(texts, old, new), f'{HERE}: "{new}"'))
    return found
