"""A case's git history: a real repository in the submission, in the place of ``history.bundle``.

    [[changes]]
    kind = "worktree"               # optional, see KINDS
    commits = [
        { subject = "Template", at = 0, author = "staff", stub = true, files = ["dl_in_iot_course", "summaries"] },
        { subject = "Convert the model to float32", at = 60, files = [{ until = "class INT8Model" }] },
        { subject = "Quantise to int8", at = 1500, files = ["dl_in_iot_course/l02_quantization"] },
    ]

``at`` is the author's time in minutes from ``START``; ``committed`` the committer's, where a rebase made it another.
``author`` is ``"student"`` unless it is ``"staff"``. ``branch`` is the one that the commit is made on, ``main`` where
there is none; a branch begins at what main is then. ``merge`` names the branch that the commit merges into its own.

``files`` are paths, folders or patterns of the submission as the changes before have left it; with ``stub = true`` of
``student_template/``. A table is one file that differs from the submission's: ``content``, or ``size`` for random bytes
that begin as the file's ending says, or ``until`` for the lines of the submission's file before the one that begins so,
or ``delete = true``. Its ``path`` is the lab's student file where there is none. A path with a slash in front counts
from the repository's top, which is another folder than the submission's for ``kind = "subfolder"`` only.
"""

from __future__ import annotations

import os
import random
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from graders.core.paths import TEMPLATE
from graders.selftest.corpus.tables import CaseError, inside, items, no_others, shown, table, text, typed

BUNDLE = "history.bundle"
START = datetime.fromisoformat("2026-10-05T16:00:00+02:00")
PEOPLE = {"student": "Ada Student <ada@example.org>", "staff": "Course Staff <staff@example.org>"}
MAIN = "main"
KINDS = {
    "repository": "a .git in the submission's folder",
    "packed": "the same after git gc: objects in a pack, refs in packed-refs",
    "bundle": "a history.bundle of all branches, and no .git",
    "worktree": "a linked worktree of a repository beside the submission",
    "subfolder": "the submission is a folder of a larger repository",
    "shallow": "a clone of the newest commits only",
}
SUBFOLDER = "courses/deep-learning-in-iot"
DEPTH = 2
COMMIT_KEYS = {"subject", "at", "committed", "author", "branch", "merge", "stub", "files"}
FILE_KEYS = {"content", "size", "until", "delete"}
MAGIC = {".tflite": b"\x1c\0\0\0TFL3", ".h5": b"\x89HDF\r\n\x1a\n", ".zip": b"PK\x03\x04"}

Tree = dict[str, bytes]


@dataclass(frozen=True)
class Planned:
    """A file of a commit that differs from the submission's."""

    path: str
    content: str | None = None
    size: int | None = None
    until: str | None = None

    @property
    def deleted(self) -> bool:
        """Whether the commit deletes it."""
        return self.content is None and self.size is None and self.until is None


@dataclass(frozen=True, kw_only=True)
class Step:
    """A commit to make. ``author``: one of ``PEOPLE``, or a name and an address."""

    subject: str
    at: float
    committed: float
    author: str
    branch: str
    merge: str | None
    stub: bool
    files: tuple[str | Planned, ...]


@dataclass(frozen=True)
class Plan:
    """A repository to make: its kind, and its commits in their order."""

    kind: str
    steps: tuple[Step, ...]


def read_plan(change: Mapping[str, Any], student_file: str, where: str) -> Plan:
    """The plan that a change states. :raises CaseError: where something in it is missing, unknown or wrong."""
    no_others(change, {"kind", "commits"}, where)
    kind = text(change, "kind", where) if "kind" in change else "repository"
    if kind not in KINDS:
        raise CaseError(f"{where}: kind = {kind!r}: there are {', '.join(KINDS)}")
    steps: list[Step] = []
    branches = {MAIN}
    for number, item in items(change, "commits", where):
        step = _step(table(item, where), student_file, f"{where}: commit {number}")
        if step.merge is not None and step.merge not in branches:
            raise CaseError(f"{where}: commit {number}: there is no branch {step.merge!r} to merge yet")
        branches.add(step.branch)
        steps.append(step)
    return Plan(kind, tuple(steps))


def _step(data: Mapping[str, Any], student_file: str, where: str) -> Step:
    no_others(data, COMMIT_KEYS, where)
    at = float(typed(data, "at", (int, float), where))
    author = text(data, "author", where) if "author" in data else "student"
    if author not in PEOPLE:
        raise CaseError(f"{where}: author = {author!r}: there are {', '.join(PEOPLE)}")
    merge = text(data, "merge", where) if "merge" in data else None
    entries = items(data, "files", where) if merge is None or "files" in data else []
    return Step(
        subject=text(data, "subject", where),
        at=at,
        committed=float(typed(data, "committed", (int, float), where)) if "committed" in data else at,
        author=author,
        branch=text(data, "branch", where) if "branch" in data else MAIN,
        merge=merge,
        stub="stub" in data and typed(data, "stub", bool, where),
        files=tuple(_file(item, student_file, where) for _, item in entries),
    )


def _file(item: Any, student_file: str, where: str) -> str | Planned:
    if isinstance(item, str):
        return inside(item, where, "files")
    data = table(item, where)
    no_others(data, FILE_KEYS | {"path"}, where)
    if len(data.keys() - {"path"}) != 1:
        raise CaseError(f"{where}: a file has one of {', '.join(sorted(FILE_KEYS))}, found {sorted(data)}")
    path = text(data, "path", where) if "path" in data else student_file
    inside(path.removeprefix("/"), where, "path")
    if "delete" in data and not typed(data, "delete", bool, where):
        raise CaseError(f"{where}: {path}: delete = false does nothing")
    return Planned(
        path,
        content=typed(data, "content", str, where) if "content" in data else None,
        size=typed(data, "size", int, where) if "size" in data else None,
        until=text(data, "until", where) if "until" in data else None,
    )


def make_repository(plan: Plan, folder: Path, where: str) -> Path:
    """Makes the repository for the submission in ``folder``; returns the submission's folder, which may have moved.

    :raises CaseError: where a file is not there, or a commit changes nothing.
    """
    (folder / BUNDLE).unlink(missing_ok=True)
    prefix = f"{SUBFOLDER}/" if plan.kind == "subfolder" else ""
    stream = b"".join(_stream(plan.steps, folder, prefix, where))
    beside = folder.with_name(f"{folder.name}-repository")
    if plan.kind in ("repository", "packed"):
        _import(folder, stream)
        if plan.kind == "packed":
            _git(folder, "gc", "--quiet")
        return folder
    if plan.kind == "subfolder":
        moved = folder / SUBFOLDER
        shutil.move(folder, beside)
        moved.parent.mkdir(parents=True)
        shutil.move(beside, moved)
        _import(folder, stream)
        return moved
    beside.mkdir()
    _import(beside, stream)
    if plan.kind == "bundle":
        _git(beside, "bundle", "create", "--quiet", str(folder / BUNDLE), "--all")
        return folder
    work = folder.with_name(f"{folder.name}-work")
    if plan.kind == "shallow":
        _git(beside, "clone", "--quiet", "--no-checkout", f"--depth={DEPTH}", beside.as_uri(), str(work))
        shutil.move(work / ".git", folder / ".git")
    else:
        _git(beside, "worktree", "add", "--quiet", "--no-checkout", "--detach", str(work), MAIN)
        shutil.move(work / ".git", folder / ".git")
        _git(beside, "worktree", "repair", str(folder))
    return folder


def _stream(steps: Sequence[Step], folder: Path, prefix: str, where: str) -> Iterator[bytes]:
    """The commits as ``git fast-import`` takes them; what each branch holds is kept in mind for merges."""
    trees: dict[str, Tree] = {MAIN: {}}
    begun: dict[str, Tree] = {MAIN: {}}
    heads: dict[str, int] = {}
    for mark, step in enumerate(steps, start=1):
        if step.branch not in trees:
            trees[step.branch] = begun[step.branch] = trees[MAIN]
            heads |= {step.branch: heads[MAIN]} if MAIN in heads else {}
        before = trees[step.branch]
        after = {**before, **_merged(step, trees, begun), **_added(step, folder, prefix, where)}
        for path in [file.path for file in step.files if isinstance(file, Planned) and file.deleted]:
            if after.pop(_at(path, prefix), None) is None:
                raise CaseError(f"{where}: commit {mark}: there is no {path} to delete")
        if after == before and step.merge is None:
            raise CaseError(f"{where}: commit {mark}, {shown(step.subject)}, changes nothing")
        parents = [heads[name] for name in (step.branch, step.merge) if name in heads]
        yield _commit(mark, step, parents, before, after)
        trees[step.branch] = after
        heads[step.branch] = mark
        if step.merge is not None:
            begun[step.merge] = trees[step.merge]
    yield b"done\n"


def _merged(step: Step, trees: Mapping[str, Tree], begun: Mapping[str, Tree]) -> Tree:
    """What the branch that is merged has changed since it began."""
    if step.merge is None:
        return {}
    base = begun[step.merge]
    return {path: data for path, data in trees[step.merge].items() if base.get(path) != data}


def _added(step: Step, folder: Path, prefix: str, where: str) -> Tree:
    root = TEMPLATE if step.stub else folder
    found: Tree = {}
    for file in step.files:
        if isinstance(file, str):
            found |= {f"{prefix}{path}": data for path, data in _below(root, file, where).items()}
        elif file.content is not None:
            found[_at(file.path, prefix)] = file.content.encode()
        elif file.size is not None:
            magic = MAGIC.get(Path(file.path).suffix, b"")
            found[_at(file.path, prefix)] = magic + random.Random(file.path).randbytes(file.size - len(magic))
        elif file.until is not None:
            found[_at(file.path, prefix)] = _until(root / file.path, file.until, where).encode()
    return found


def _at(path: str, prefix: str) -> str:
    return path.removeprefix("/") if path.startswith("/") else f"{prefix}{path}"


def _below(root: Path, pattern: str, where: str) -> Tree:
    """The files of a path, a folder or a pattern."""
    places = [root / pattern] if (root / pattern).exists() else sorted(root.glob(pattern))
    files = [file for place in places for file in ([place] if place.is_file() else sorted(place.rglob("*")))]
    found = {
        file.relative_to(root).as_posix(): file.read_bytes()
        for file in files
        if file.is_file() and not {"__pycache__", ".git"} & set(file.parts)
    }
    if not found:
        raise CaseError(f"{where}: there is no {pattern} to commit")
    return found


def _until(file: Path, begins: str, where: str) -> str:
    if not file.is_file():
        raise CaseError(f"{where}: there is no {file.name} to commit a part of")
    lines = file.read_text(encoding="utf-8").splitlines(keepends=True)
    at = [number for number, line in enumerate(lines) if line.startswith(begins)]
    if len(at) != 1:
        raise CaseError(f"{where}: {file.name} has {len(at)} lines, not 1, that begin with {shown(begins)}")
    return "".join(lines[: at[0]]).rstrip() + "\n"


def _commit(mark: int, step: Step, parents: Sequence[int], before: Tree, after: Tree) -> bytes:
    message = step.subject.encode()
    who = PEOPLE.get(step.author, step.author)
    lines = [
        f"commit refs/heads/{step.branch}".encode(),
        f"mark :{mark}".encode(),
        f"author {who} {_time(step.at)}".encode(),
        f"committer {who} {_time(step.committed)}".encode(),
        b"data %d\n%b" % (len(message), message),
        *(f"{'merge' if place else 'from'} :{parent}".encode() for place, parent in enumerate(parents)),
        *(f"D {path}".encode() for path in before if path not in after),
    ]
    for path, data in after.items():
        if before.get(path) != data:
            lines += [f"M 100644 inline {path}".encode(), b"data %d\n%b" % (len(data), data)]
    return b"\n".join(lines) + b"\n"


def _time(minutes: float) -> str:
    return f"{START.timestamp() + 60 * minutes:.0f} {START:%z}"


def _import(folder: Path, stream: bytes) -> None:
    _git(folder, "init", "--quiet", "--template=", f"--initial-branch={MAIN}")
    _git(folder, "fast-import", "--quiet", "--done", stream=stream)
    _git(folder, "reset", "--quiet")


def _git(folder: Path, *arguments: str, stream: bytes = b"") -> None:
    """One git command, with nothing of this machine's or its user's configuration."""
    environment = {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": str(folder),
        "LC_ALL": "C",
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CEILING_DIRECTORIES": str(folder.parent),
    }
    done = subprocess.run(
        ["git", *arguments], cwd=folder, env=environment, input=stream, capture_output=True, check=False
    )
    if done.returncode:
        raise RuntimeError(f"git {arguments[0]}: {done.stderr.decode('utf-8', 'replace').strip()}")
