"""Files with equal bytes in submissions whose code is not alike: submitted, or made while grading."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from graders.cohort.engine.parcel import Content
from graders.scoring import Scorecard
from graders.submission.discovery import SKIPPED

Origin = Literal["submitted", "made while grading"]
# What nobody writes by hand, and what differs as soon as anything was trained, drawn or measured again.
MODELS = (".tflite", ".h5", ".hdf5", ".keras", ".pb", ".onnx", ".weights")
SUFFIXES = frozenset({*MODELS, ".npy", ".npz", ".pkl", ".png", ".jpg", ".jpeg", ".pdf", ".csv"})
LEAST_BYTES, MAX_BYTES, MAX_FILES = 512, 64 << 20, 400
# Of files that were made while grading: equal work and equal mistakes make equal files, so one alone says nothing.
LEAST_MADE, MOST_OWNERS_OF_MADE = 2, 3


@dataclass(frozen=True)
class EqualFiles:
    """Submissions that have the same files, and what they are called in each."""

    origin: Origin
    submissions: tuple[str, ...]
    files: tuple[str, ...]


def handed_in(content: Content) -> dict[str, str]:
    """The sha256 of each file in a folder that nobody writes by hand, with its path."""
    found: dict[str, str] = {}
    for name, path in content.entries():
        if path.suffix.lower() not in SUFFIXES or SKIPPED.intersection(Path(name).parts) or len(found) >= MAX_FILES:
            continue
        digest = _digest(path)
        if digest:
            found.setdefault(digest, name)
    return found


def made(scorecard: Scorecard) -> dict[str, str]:
    """The sha256 of each file that was made while grading, with the run's title."""
    found = {}
    for lab in scorecard.labs:
        for run in lab.runs:
            digest = run.evidence.get("sha256") if run.evidence else None
            if isinstance(digest, str) and digest:
                found[digest] = f"{lab.title}: {run.title}"
    return found


def equal_files(
    origin: Origin, owned: Mapping[str, Mapping[str, str]], most: int, alike: Sequence[frozenset[str]]
) -> list[EqualFiles]:
    """Who has the same files, unless their code is alike as well.

    :param owned: by submission, the name of each file by its sha256.
    :param most: how many may have what is not common.
    :param alike: submissions with alike code.
    """
    holders: dict[str, list[str]] = defaultdict(list)
    for submission, files in owned.items():
        for digest in files:
            holders[digest].append(submission)
    groups: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for digest, names in holders.items():
        if 2 <= len(names) <= _most(origin, most) and not _explained(names, alike):
            groups[tuple(names)].append(" = ".join(dict.fromkeys(owned[name][digest] for name in names)))
    least = LEAST_MADE if origin == "made while grading" else 1
    every = [EqualFiles(origin, names, tuple(files)) for names, files in groups.items() if len(files) >= least]
    return sorted(every, key=lambda each: (-len(each.files), each.submissions))


def _most(origin: Origin, most: int) -> int:
    return min(most, MOST_OWNERS_OF_MADE) if origin == "made while grading" else most


def _explained(names: Sequence[str], alike: Sequence[frozenset[str]]) -> bool:
    """Whether each of these has code that is alike to that of another one of them."""
    return all(any(name in pair and pair <= set(names) for pair in alike) for name in names)


def _digest(path: Path) -> str:
    """The sha256 of a file's content; empty for what is no regular file, very small or very large."""
    try:
        if path.is_symlink() or not path.is_file() or not LEAST_BYTES <= path.stat().st_size <= MAX_BYTES:
            return ""
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return ""
