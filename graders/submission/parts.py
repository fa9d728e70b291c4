"""The part of a submission that one lab's runs see: all of it but for what they can't use.

A change to another lab, or to a summary, then changes neither this lab's runs nor what is drawn for it. What is left
out is not in the folder that the runs get, so that a result can't depend on it.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from graders.submission import limits
from graders.submission.overlay import CODE_ENDINGS, LIBRARY_ENDINGS, Overlay

# Code that has one of these words may open files that it does not name.
ROVING = re.compile(
    rb"__file__|__path__|__loader__|importlib|import_module|__import__|runpy|pkgutil|inspect|glob|iterdir|scandir|listdir"
    rb"|\bwalk\b|\bexec\b|\beval\b|subprocess|os\.system|popen|zipimport|chdir|getcwd|\bcwd\b"
)
TEXT_ENDINGS = (".md", ".bundle", ".pdf")
TEXT_FOLDERS = (".github",)


@dataclass(frozen=True)
class Part:
    """``root``: the folder that runs import from. ``digest``: sha256 over the names and bytes of what is in it of the
    student's. ``left_out``: how many files are not in it.
    """

    root: Path
    digest: str
    left_out: int


def part_for(view: Overlay, others: Mapping[str, str], destination: Path, own: str = "") -> Part:
    """The part of a view for one lab's runs.

    :param others: files and folders that are not this lab's code (other labs' folders, summaries), each with the word
        that code has to contain in order to use it.
    :param own: the lab's own file, which is never left out.
    :param destination: where the part is laid out, if it is not the whole; it must not exist yet.
    """
    groups = _groups([file for file in view.files if file != own], others)
    needed = _needed(view, groups)
    absent = {file for token, files in groups.items() if token not in needed for file in files}
    digest = hashlib.sha256()
    for file, found in sorted(view.files.items()):
        if file not in absent:
            digest.update(file.encode("utf-8", "surrogateescape") + b"\0" + bytes.fromhex(found))
    for folder in view.empty_folders:
        digest.update(folder.encode("utf-8", "surrogateescape") + b"/\0")
    root = _linked(view.root, absent, destination) if absent else view.root
    return Part(root, digest.hexdigest(), len(absent))


def _groups(files: Iterable[str], others: Mapping[str, str]) -> dict[str, set[str]]:
    """What may be left out, by the word that code has to contain in order to use it."""
    groups: dict[str, set[str]] = {}
    for file in files:
        path = PurePosixPath(file)
        other = next((each for each in others if file == each or file.startswith(f"{each}/")), None)
        if other is not None:
            groups.setdefault(others[other], set()).add(file)
        elif path.suffix.lower() in TEXT_ENDINGS:
            groups.setdefault(path.name, set()).add(file)
        elif path.parts[0] in TEXT_FOLDERS:
            groups.setdefault(path.parts[0], set()).add(file)
    return groups


def _needed(view: Overlay, groups: Mapping[str, set[str]]) -> set[str]:
    """The words of those groups that the rest of the code names, in turn with what these name themselves.

    Where there is more code, or are more words, than can be searched in no time, all of them: the lab's runs then see
    everything.
    """
    optional = {file: token for token, files in groups.items() for file in files}
    if not optional:
        return set()
    code = [file for file in view.files if file.endswith(CODE_ENDINGS)]
    size = sum((view.root / file).stat().st_size for file in code)
    searched = max(1, len(groups)) * size
    libraries = any(file.endswith((*LIBRARY_ENDINGS, ".pth")) for file in view.files if file not in optional)
    if libraries or size > limits.MAX_SEARCHED or searched > limits.MAX_COMPARED:
        return set(groups)
    needed: set[str] = set()
    waiting = [file for file in code if file not in optional]
    while waiting:
        text = b"\0".join((view.root / file).read_bytes() for file in waiting)
        if ROVING.search(text):
            return set(groups)
        # Stems are what imports name.
        named = {
            token
            for token in groups.keys() - needed
            if token.removesuffix(".py").encode("utf-8", "surrogateescape") in text
        }
        needed |= named
        found = [file for token in sorted(named) for file in sorted(groups[token])]
        if any(file.endswith((*LIBRARY_ENDINGS, ".pth")) for file in found):
            return set(groups)
        waiting = [file for file in found if file.endswith(CODE_ENDINGS)]
    return needed


def _linked(root: Path, absent: set[str], destination: Path) -> Path:
    """The view's files but for the absent ones, as links to the same bytes: runs get copies of them."""
    for folder, names, files in os.walk(root):
        target = destination / Path(folder).relative_to(root)
        target.mkdir(parents=True)
        names.sort()
        for name in files:
            if (Path(folder) / name).relative_to(root).as_posix() not in absent:
                os.link(Path(folder) / name, target / name)
    return destination
