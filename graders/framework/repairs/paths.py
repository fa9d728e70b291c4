"""Paths in messages about files: which one, and whether it was to be written."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from pathlib import PurePosixPath

from graders.framework.repairs.model import Failure
from graders.framework.repairs.source import StatementText, called_name, keyword, literal

MAX_PATH, MAX_PARTS, MAX_PART = 400, 10, 100
WORKDIR = "(workdir)/"
FILE_ERRORS = frozenset(
    {"FileNotFoundError", "PermissionError", "OSError", "NotFoundError", "ValueError", "BlockingIOError"}
)
_WHY = "No such file or directory|Permission denied|Read-only file system"
# How Python, h5py, TensorFlow, Keras and LiteRT name the path of a file or folder that is not there.
_FORMS = (
    re.compile(rf"\[Errno (?:2|13|30)\] (?:{_WHY}): (['\"])(?P<path>.+?)\1\Z"),
    re.compile(
        r"\[Errno (?:2|13|30)\] Unable to (?:synchronously )?(?P<how>create|open) file "
        r"\(unable to (?:open|create|truncate) file: name = '(?P<path>[^'\n]+)', errno = (?:2|13|30),.*"
    ),
    re.compile(rf"(?:\{{\{{[^{{}}]*\}}\}} )?(?P<path>[^;\n]+); (?:{_WHY})(?: \[Op:\w+\])?\Z"),
    re.compile(r"No file or directory found at (?P<path>\S.*)\Z"),
    re.compile(r"(?P<path>\S.*?) is missing: expected the data set's folder, "),
    re.compile(r"File not found: filepath=(?P<path>\S.*?)\. Please ensure the file is an accessible .*"),
    re.compile(r"Could not open '(?P<path>[^'\n]+)'\.\Z"),
)
# Where systems and services put what belongs to a person, a session or a drive.
_FOREIGN = re.compile(
    r"/(?:content|home|Users|root|kaggle|mnt|media|workspace|workspaces|gdrive|drive|tmp|data|opt|var|Volumes|notebooks)/.+"
    r"|[A-Za-z]:[\\/].+"
)
WRITERS = frozenset(
    {
        "write_text", "write_bytes", "mkdir", "touch", "savefig", "imsave", "save", "savez", "savez_compressed",
        "savetxt", "save_model", "save_weights", "to_csv", "to_json", "to_parquet", "FileHandler",
        "RotatingFileHandler", "basicConfig", "CSVLogger", "create_file_writer", "ZipFile", "plot_model", "copy",
        "copyfile", "move",
    }
)  # fmt: skip
_WRITING_MODE = re.compile(r"[rbt]*[wax+][wax+rbt]*")
MODE_PLACES = {"open": 1, "GFile": 1, "File": 1, "fdopen": 1}


@dataclass(frozen=True)
class PathError:
    """A file or folder that is not there; ``created``: the message says that it was to be created."""

    path: str
    created: bool


def path_error(failure: Failure) -> PathError | None:
    """Which path the failure is about, if it is one of a file that can't be opened."""
    if failure.exception not in FILE_ERRORS or len(failure.message) > MAX_PATH + 300:
        return None
    for form in _FORMS:
        found = form.match(failure.message)
        if found is not None:
            groups = found.groupdict()
            # Python shows a path as a literal, whose backslashes are doubled.
            path = groups["path"].replace("\\\\", "\\").removeprefix(WORKDIR)
            return PathError(path, groups.get("how") == "create") if len(path) <= MAX_PATH else None
    return None


def is_foreign(path: str) -> bool:
    """Whether a path is an absolute one of a student's machine."""
    return _FOREIGN.fullmatch(path) is not None


def is_inside(path: str) -> bool:
    """Whether a path stays below the folder that it starts from, and can be made as a folder."""
    pure = PurePosixPath(path)
    if pure.is_absolute() or not pure.parts or len(pure.parts) > MAX_PARTS or not path.isprintable():
        return False
    return all(part != ".." and "\\" not in part and len(part.encode()) <= MAX_PART for part in pure.parts)


def writes(statement: StatementText) -> bool:
    """Whether a statement opens something for writing, as far as its own text shows."""
    return any(_writes(call) for call in statement.calls())


def _writes(call: ast.Call) -> bool:
    name = called_name(call)
    if name in MODE_PLACES or (name == "ZipFile" and len(call.args) > 1):
        place = MODE_PLACES.get(name, 1)
        # Path("…").open("w") has its mode first.
        if name == "open" and isinstance(call.func, ast.Attribute) and len(call.args) == 1:
            place = 0
        given = keyword(call, "mode")
        mode = literal(given.value if given else call.args[place] if len(call.args) > place else None)
        return mode is not None and _WRITING_MODE.fullmatch(mode) is not None
    return name in WRITERS - {"ZipFile"}
