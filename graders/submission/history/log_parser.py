"""From a folder to its history: two walks of git's and one look at sizes."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from graders.core.text import plain_line
from graders.submission.history.bundle import has_bundle, mirror_bundle
from graders.submission.history.contents import kind_of
from graders.submission.history.git import GitFailed, run_git
from graders.submission.history.ownership import Signed, divide
from graders.submission.history.records import Commit, FileChange, History, NoHistory
from graders.submission.history.repository import Mirror, NoRepository, find_repository, make_mirror

MAX_COMMITS = 5000
MAX_CHANGES = 100_000
MAX_LOOKED_AT = 200
MAX_LOOKED_AT_BYTES = 1 << 20
LOOKED_AT_FROM = 100
_FIELDS = ("%H", "%P", "%an", "%ae", "%at", "%s")
_CI_MERGE = ("Merge ", " into ")


@dataclass(frozen=True)
class _Change:
    """One line of git's raw format: blobs, not yet sizes."""

    path: str
    status: str
    old_blob: str
    blob: str


def read_history(
    folder: Path,
    lab_paths: Sequence[str],
    *,
    given: Mapping[str, frozenset[str]] | None = None,
    since: str = "",
) -> History | NoHistory:
    """The history of the submission in ``folder``: of its own repository; else of a ``history.bundle`` in it, where the
    submission's folder is the top; else of that folder's part of the repository around it.

    :param lab_paths: files and folders of the labs, from ``folder``: what commits must touch to be a student's work.
    :param given: the template's files, each with the ids that git gives its contents (``given_blobs``); a commit that
        only brings these in is not the student's.
    :param since: a date or time in ISO form, or a commit: what came before (the commit included) is not the
        student's.
    """
    try:
        with tempfile.TemporaryDirectory(prefix="optgrade-history-") as scratch:
            mirror, prefix = _mirror(folder.resolve(), Path(scratch) / "mirror")
            try:
                return _read(mirror, prefix, tuple(lab_paths), given or {}, since)
            except GitFailed as failed:
                return NoHistory(f"{mirror.what} can't be read: {failed}", mirror.fix)
    except NoRepository as missing:
        return NoHistory(str(missing), missing.next)
    except OSError as error:
        return NoHistory(f"the repository can't be read: {error.strerror}", Mirror.fix)


def _mirror(folder: Path, path: Path) -> tuple[Mirror, str]:
    """A mirror of the folder's own repository, else of its bundle, else of the repository around it; and where in
    that repository the folder lies.
    """
    bundled = has_bundle(folder)
    try:
        repository = find_repository(folder)
    except NoRepository:
        # A .git that leads nowhere, as a zip of a worktree has, does not stand in a bundle's way.
        if not bundled:
            raise
        return mirror_bundle(folder, path), ""
    if bundled and repository.top != folder:
        return mirror_bundle(folder, path), ""
    prefix = folder.relative_to(repository.top).as_posix()
    return make_mirror(repository, path), "" if prefix == "." else prefix


def _read(
    mirror: Mirror, prefix: str, lab_paths: tuple[str, ...], given: Mapping[str, frozenset[str]], since: str
) -> History | NoHistory:
    signed, truncated = _commits(mirror)
    changes, whole = _changes(mirror, [item.commit.id for item in signed], prefix)
    sizes = _sizes(mirror, {blob for found in changes.values() for one in found for blob in (one.old_blob, one.blob)})
    known = _contents(mirror, _unclear(changes, sizes))
    filled = [
        replace(item, commit=replace(item.commit, files=_files(changes.get(item.commit.id, ()), sizes, known)))
        for item in signed
    ]
    ours = [item for item in filled if item.commit.files or item.commit.is_merge]
    if not any(item.commit.files for item in ours):
        return NoHistory("no commit touches the submission's folder", "Commit your work, step by step.")
    own, others, notes = divide(ours, lab_paths, given, since, frozenset(mirror.boundary))
    if mirror.boundary:
        notes += (f"a shallow clone, with only the newest {len(signed)} commits",)
    if truncated:
        notes += (f"only the newest {MAX_COMMITS:,} commits were read",)
    if not whole:
        notes += ("too many changed files, so only part of the changes was read",)
    parents = {item.commit.id: item.commit.parents for item in signed}
    return History(own, others, bool(mirror.boundary), truncated, notes, parents)


def _commits(mirror: Mirror) -> tuple[list[Signed], bool]:
    """The newest commits, parents first, and whether there are more."""
    form = "--format=tformat:" + "%x00".join(_FIELDS)
    most = f"--max-count={MAX_COMMITS + 1}"
    output = run_git(mirror.path, ["log", "-z", most, form, mirror.head])
    fields = output.data.decode("utf-8", "replace").split("\0")
    rows = [fields[start : start + len(_FIELDS)] for start in range(0, len(fields) - len(_FIELDS) + 1, len(_FIELDS))]
    signed = [_signed(*row) for row in rows]
    if signed and signed[0].commit.is_merge and _of_ci(signed[0].commit):
        del signed[0]
    truncated = len(signed) > MAX_COMMITS or not output.complete
    return _parents_first(list(reversed(signed[:MAX_COMMITS]))), truncated


def _parents_first(signed: Sequence[Signed]) -> list[Signed]:
    """The same order, but that no commit comes before its own parent, whatever its clock said."""
    by_id = {item.commit.id: item for item in signed}
    done: dict[str, Signed] = {}
    for item in signed:
        waiting = [item]
        while waiting:
            last = waiting[-1]
            if last.commit.id in done:
                waiting.pop()
                continue
            missing = [by_id[one] for one in last.commit.parents if one in by_id and one not in done]
            if missing:
                waiting += missing
            else:
                done.setdefault(last.commit.id, last)
                waiting.pop()
    return list(done.values())


def _signed(identifier: str, parents: str, name: str, email: str, time: str, subject: str) -> Signed:
    commit = Commit(
        identifier.strip(), plain_line(subject), plain_line(name, 80), _time(time), tuple(parents.split()), ()
    )
    return Signed(commit, name.strip().casefold(), email.strip().casefold())


def _of_ci(commit: Commit) -> bool:
    """Whether it is the merge that GitHub makes to test a pull request: ``Merge <commit> into <commit>``."""
    first, _, second = commit.subject.removeprefix(_CI_MERGE[0]).partition(_CI_MERGE[1])
    return {first, second} == set(commit.parents)


def _time(seconds: str) -> datetime | None:
    try:
        return datetime.fromtimestamp(int(seconds), UTC)
    except (ValueError, OverflowError, OSError):
        return None


def _changes(mirror: Mirror, commits: Sequence[str], prefix: str) -> tuple[dict[str, list[_Change]], bool]:
    """The files that each commit changes against its parents, by commit; and whether these are all."""
    options = ["--stdin", "-r", "-c", "--root", "--raw", "--no-abbrev", "--no-renames", "-z", "--no-ext-diff"]
    paths = ["--", prefix] if prefix else []
    output = run_git(mirror.path, ["diff-tree", *options, *paths], _lines(commits))
    found: dict[str, list[_Change]] = {}
    count = 0
    current: list[_Change] = []
    tokens = iter(output.data.decode("utf-8", "surrogateescape").split("\0"))
    for token in tokens:
        if not token.startswith(":"):
            current = found.setdefault(token.strip(), [])
            continue
        count += 1
        change = _change(token, next(tokens, ""), prefix)
        if change is not None and count <= MAX_CHANGES:
            current.append(change)
    return found, output.complete and count <= MAX_CHANGES


def _change(raw: str, path: str, prefix: str) -> _Change | None:
    """``:mode mode blob blob letter``; a merge has a colon, a mode and a blob more for each further parent."""
    parents = len(raw) - len(raw.lstrip(":"))
    fields = raw.lstrip(":").split()
    if len(fields) != 2 * parents + 3 or not path:
        return None
    letter = fields[-1][-1]
    inside = path.removeprefix(prefix).lstrip("/") if prefix else path
    return _Change(inside, letter, fields[parents + 1], fields[-2])


def _sizes(mirror: Mirror, blobs: Iterable[str]) -> dict[str, int]:
    """Bytes of each blob that is there; nothing is unpacked for it."""
    wanted = sorted(blob for blob in blobs if blob.strip("0"))
    if not wanted:
        return {}
    form = "--batch-check=%(objecttype) %(objectname) %(objectsize)"
    output = run_git(mirror.path, ["cat-file", form], _lines(wanted))
    rows = (line.split() for line in output.data.decode("ascii", "replace").splitlines())
    return {row[1]: int(row[2]) for row in rows if len(row) == 3 and row[0] == "blob" and row[2].isdigit()}


def _unclear(changes: Mapping[str, Sequence[_Change]], sizes: Mapping[str, int]) -> list[str]:
    """Blobs whose first bytes are worth a look: neither tiny nor huge, and no kind of file that is always text."""
    texts = (".py", ".md", ".toml", ".yml", ".yaml", ".json", ".ipynb", ".csv", ".png", ".jpg", ".jpeg", ".pdf", ".svg")
    found: dict[str, None] = {}
    for change in (one for several in changes.values() for one in several):
        size = sizes.get(change.blob, 0)
        if LOOKED_AT_FROM <= size <= MAX_LOOKED_AT_BYTES and not change.path.lower().endswith(texts):
            found[change.blob] = None
    return list(found)[:MAX_LOOKED_AT]


def _contents(mirror: Mirror, blobs: Sequence[str]) -> dict[str, str]:
    """What the first bytes of each blob say that it is."""
    if not blobs:
        return {}
    output = run_git(mirror.path, ["cat-file", "--batch"], _lines(blobs))
    return {blob: kind_of(head) for blob, head in _heads(output.data)}


def _heads(data: bytes) -> Iterator[tuple[str, bytes]]:
    """``<blob> blob <size>``, a line end, that many bytes, a line end; or ``<blob> missing``."""
    at = 0
    while (end := data.find(b"\n", at)) >= 0:
        fields = data[at:end].split()
        at = end + 1
        if len(fields) == 3 and fields[2].isdigit():
            yield fields[0].decode("ascii", "replace"), data[at : at + 64]
            at += int(fields[2]) + 1


def _files(changes: Iterable[_Change], sizes: Mapping[str, int], contents: Mapping[str, str]) -> tuple[FileChange, ...]:
    return tuple(
        FileChange(
            one.path,
            one.status,
            sizes.get(one.blob),
            sizes.get(one.old_blob),
            one.blob,
            contents.get(one.blob, ""),
            one.old_blob,
        )
        for one in changes
    )


def _lines(items: Iterable[str]) -> bytes:
    return "".join(f"{item}\n" for item in items).encode()
