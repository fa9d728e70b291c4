"""Python in place of IPython's lines, if there is an equivalent."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass

MAX_COMMAND = 2_000
# Magics whose argument, or whose cell, is Python that leaves its names behind.
RUNS = frozenset({"time", "prun"})
RUNS_CELL = frozenset({"time", "timeit", "prun", "capture", "memit", "wandb"})
WRITES = frozenset({"writefile", "file"})
_NAME = re.compile(r"%{1,2}[ \t]*+(\w++)(?:\s++(.*+))?\Z", re.DOTALL)
_CELL = re.compile(r"%%(?!\w++\?)(\S++)(?:\s++(.*+))?\Z", re.DOTALL)
_SETTING = re.compile(r"(\w{1,200})(?:=|[ \t]++)([^\n${}]*+)\Z")
_UNSAFE = re.compile(r"[$`*?~;&|<>{}()\[\]\n\\]")
_CAPTURED = '{name} = __import__("types").SimpleNamespace(stdout="", stderr="", outputs=[], show=lambda: None)'


@dataclass(frozen=True)
class Replacement:
    """``code`` in the place of a line, ``""`` if there is none. ``note``: what was done in place of it."""

    code: str = ""
    note: str = "not run"


NOTHING = Replacement()


def of_line(command: str) -> Replacement:
    """What runs in the place of ``!command`` or ``%magic arguments``, without the indentation."""
    if command.startswith("!"):
        return _shell(command.lstrip("!").strip())
    found = _NAME.match(command) if command.startswith("%") and not command.startswith("%%") else None
    if found is None or command.rstrip().endswith("?"):
        return NOTHING
    name, argument = found.group(1), (found.group(2) or "").strip()
    if name in RUNS and argument and not argument.startswith("-"):
        return Replacement(argument, "its statement runs")
    if name in ("env", "set_env") and (setting := _SETTING.match(argument)):
        key, value = setting.group(1), setting.group(2).strip()
        return Replacement(f'__import__("os").environ[{key!r}] = {value!r}', "set without IPython")
    return NOTHING


def of_assigned(command: str) -> Replacement:
    """What a name is bound to in the place of what a command printed or a magic returned."""
    if command.startswith("!"):
        return Replacement("[]", "not run; an empty list in its place")
    found = of_line(command)
    return found if found.note == "its statement runs" else Replacement("None", "not run; None in its place")


def _shell(command: str) -> Replacement:
    """Folders are made without a shell, since code further on writes into them; nothing else is run."""
    if not command.startswith("mkdir") or len(command) > MAX_COMMAND or _UNSAFE.search(command):
        return NOTHING
    try:
        words = shlex.split(command)
    except ValueError:
        return NOTHING
    folders = tuple(word for word in words[1:] if not word.startswith("-"))
    if words[0] != "mkdir" or not folders:
        return NOTHING
    made = f'[__import__("os").makedirs(folder, exist_ok=True) for folder in {folders!r}]'
    return Replacement(made, "done without a shell")


@dataclass(frozen=True)
class CellMagic:
    """A cell's first line: ``name`` and ``argument`` of ``%%name argument``."""

    name: str
    argument: str


def cell_magic(line: str) -> CellMagic | None:
    """The magic that a cell's first line is, if it is one; a question about one (``%%time?``) is none."""
    found = _CELL.match(line.strip())
    return CellMagic(found.group(1), (found.group(2) or "").strip()) if found else None


def before_cell(magic: CellMagic) -> str:
    """Python in the place of the first line of a cell whose body runs."""
    names = [word for word in magic.argument.split() if word.isidentifier()]
    return _CAPTURED.format(name=names[-1]) if magic.name == "capture" and names else ""


def writing(magic: CellMagic, body: str) -> Replacement:
    """Python that writes a cell's body to the file that ``%%writefile`` names."""
    try:
        words = shlex.split(magic.argument[:MAX_COMMAND])
    except ValueError:
        return NOTHING
    files = [word for word in words if not word.startswith("-")]
    if len(files) != 1 or _UNSAFE.search(files[0]):
        return NOTHING
    mode = "a" if {"-a", "--append"} & set(words) else "w"
    code = f'with open({files[0]!r}, {mode!r}, encoding="utf-8") as _file: _file.write({body!r})'
    return Replacement(code, "written without IPython")
