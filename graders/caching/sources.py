"""The files that a module's results depend on: its source, what it imports, and the data that it names.

They are found in the sources, without importing anything, so a module that is moved or renamed is still followed. If it
is not certain whether a file is used, it counts as used: a key that changes too often costs time, one that changes too
seldom gives a wrong result. Imports inside of functions count, those under ``if TYPE_CHECKING:`` do not; a package's
``__init__`` counts with each module of it. A file counts as used if its name, or a path of several parts, is in quotes:
``Path(__file__).with_name("words.toml")``, ``folder.parents[1] / "guest" / "server.py"``.

Regular expressions find the imports: parsing all modules takes a third of a second, more than everything else that
happens before a cached result is used. ``tests/caching/test_sources.py`` compares them with :mod:`ast`.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from graders.core.paths import GRADERS, REPOSITORY

_FOR_TYPES = re.compile(
    r"^([ \t]*)if (?:typing\.)?TYPE_CHECKING:[^\n]*\n(?:(?:\1[ \t]+[^\n]*|[ \t]*)(?:\n|\Z))*", re.MULTILINE
)
_NAMES = r"\((?:[^)#]|#[^\n]*)*\)|[^\n;]*"
_IMPORT = re.compile(
    rf"(?:^|[;:])[ \t\f]*(?:from[ \t]*(\.*)[ \t]*([\w.]*)[ \t]*import\b[ \t]*({_NAMES})|import[ \t]+([^\n;]*))",
    re.MULTILINE,
)
_QUOTED_MODULE = re.compile(r"""["'](graders(?:\.\w+)+)["']""")
_QUOTED = re.compile(r"""["']([^"']+)["']""")
# The end of a file's name in quotes, and what may come before it: "folder" / "name.toml". Looking for ends is quicker.
_ENDING = re.compile(r"""\w\.\w+["']""")
_PATH = re.compile(r"""(?:["'][\w.-]+["']\s*/\s*)*["'](?:[\w.-]+/)*[\w-]+\.\w+["']\Z""")
_LONGEST_PATH = 300


@dataclass(frozen=True)
class Import:
    """One import: the number of leading dots, the module's dotted name, and the names that are taken from it."""

    level: int
    module: str
    names: tuple[str, ...] = ()


@dataclass(frozen=True)
class Source:
    """What is in a source file: its digest, its imports, and the quoted names and paths of files."""

    sha256: str
    imports: tuple[Import, ...]
    files: tuple[str, ...]


def scan(text: str) -> tuple[Import, ...]:
    """The imports in Python source; lines of a docstring that look like one may be among them."""
    text = _FOR_TYPES.sub("", text.replace("\\\n", " "))
    found: dict[Import, None] = {}
    for dots, module, names, plain in _IMPORT.findall(text):
        if plain:
            found |= {Import(0, each.split()[0]): None for each in plain.split("#")[0].split(",") if each.strip()}
        else:
            taken = re.findall(r"[\w*]+", re.sub(r"#[^\n]*", "", names))
            found[Import(len(dots), module, tuple(taken))] = None
    found |= {Import(0, module): None for module in _QUOTED_MODULE.findall(text)}
    return tuple(found)


def source_files(
    modules: Iterable[Path], packages: Mapping[str, Path] | None = None, without: Sequence[Path] = ()
) -> frozenset[Path]:
    """The files that results of these modules depend on, the modules themselves included.

    :param packages: folders of packages beside ``graders`` that are followed, by name; of any module for ``""``.
    :param without: folders and files that are not followed, since they do nothing before a result is there.
    :raises OSError: if one of the modules can't be read.
    """
    skipped = tuple(str(each.resolve()) for each in without)
    known = ((GRADERS.name, str(GRADERS)), *((name, str(folder)) for name, folder in (packages or {}).items()))
    found: set[str] = set()
    waiting = [str(path.resolve()) for path in modules]
    while waiting:
        path = waiting.pop()
        if path not in found and not any(path == each or path.startswith(each + "/") for each in skipped):
            found.add(path)
            waiting += _used_by(path, known)
    return frozenset(map(Path, found))


def forget() -> None:
    """Reads everything again from now on; this process has read each file and folder once."""
    for each in (_source, _used_by, _packages, _listing):
        each.cache_clear()


def sources_digest(files: Iterable[Path], roots: Sequence[Path] = ()) -> str:
    """The sha256 over names and bytes of files.

    :param roots: folders, wherever they are, below which names count, beside the repository.
    """
    tops = [str(each) + "/" for each in (REPOSITORY, *roots)]
    rows = []
    for path in map(str, files):
        top = next((each for each in tops if path.startswith(each)), _folder(path) + "/")
        rows.append((path.removeprefix(top), _source(path).sha256))
    return hashlib.sha256(repr(sorted(rows)).encode("utf-8", "surrogateescape")).hexdigest()


@cache
def _source(path: str) -> Source:
    data = _read(path)
    sha256 = hashlib.sha256(data).hexdigest()
    if not path.endswith(".py"):
        return Source(sha256, (), ())
    text = data.decode("utf-8-sig", "replace").replace("\r\n", "\n").replace("\r", "\n")
    return Source(sha256, scan(text), tuple(dict.fromkeys(_paths(text))))


def _read(path: str) -> bytes:
    with open(path, "rb") as file:
        return file.read()


def _paths(text: str) -> Iterator[str]:
    """The names and paths of files in quotes."""
    for ending in _ENDING.finditer(text):
        found = _PATH.search(text, max(0, ending.end() - _LONGEST_PATH), ending.end())
        if found:
            yield "/".join(_QUOTED.findall(found[0]))


@cache
def _used_by(path: str, packages: tuple[tuple[str, str], ...]) -> tuple[str, ...]:
    """What a module uses itself: modules, with the packages that they are in, and files."""
    source, folder = _source(path), _folder(path)
    found = dict.fromkeys(_packages(folder))
    for each in source.imports:
        for module in _modules(each, folder, packages):
            found |= dict.fromkeys((module, *_packages(_folder(module))))
    found |= {file: None for name in source.files for file in _named(name, folder)}
    return tuple(found)


def _modules(each: Import, folder: str, packages: Iterable[tuple[str, str]]) -> Iterator[str]:
    """The files of a module that is imported in this folder, and of what is taken from it if these are modules."""
    if each.level:
        starts = [(os.path.normpath(os.path.join(folder, *[os.pardir] * (each.level - 1))), each.module)]
    else:
        starts = [
            (start, each.module[len(name) :])
            for name, start in packages
            if not name or each.module == name or each.module.startswith(f"{name}.")
        ]
    for start, module in starts:
        place = "/".join((start, *filter(None, module.split("."))))
        yield from _module(place)
        for name in each.names:
            if name == "*":
                yield from (f"{place}/{file}" for file in _listing(place) if file.endswith(".py"))
            elif not _listing(place).isdisjoint((name, f"{name}.py")):
                yield from _module(f"{place}/{name}")


def _module(place: str) -> Iterator[str]:
    """A module's file, or its package's, if there is one."""
    folder, _, name = place.rpartition("/")
    if f"{name}.py" in _listing(folder):
        yield f"{place}.py"
    if "__init__.py" in _listing(place):
        yield f"{place}/__init__.py"


@cache
def _packages(folder: str) -> tuple[str, ...]:
    """The ``__init__`` of each package that a module in this folder is in."""
    if "__init__.py" not in _listing(folder):
        return ()
    return (f"{folder}/__init__.py", *_packages(_folder(folder)))


def _named(name: str, folder: str) -> Iterator[str]:
    """A file by what is in quotes: a name beside the module, or a path from any folder that the module lies below."""
    while True:
        place = os.path.join(folder, name)
        if _is_file(place):
            yield place
            return
        if "/" not in name or folder == str(REPOSITORY) or folder == _folder(folder):
            return
        folder = _folder(folder)


def _folder(path: str) -> str:
    # Strings and not paths, here and above: several times as quick for some thousand names.
    return path.rpartition("/")[0]


def _is_file(place: str) -> bool:
    return place.rpartition("/")[2] in _listing(_folder(place)) and Path(place).is_file()


@cache
def _listing(folder: str) -> frozenset[str]:
    try:
        return frozenset(os.listdir(folder))
    except OSError:
        return frozenset()
