"""When a repository's commits were made, as they say themselves, and one of them as a clean folder.

git only reads a mirror of the objects, so that nothing of the student's is executed: no hook, no filter, no setting.
Files are written here, as their contents are stored.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from graders.core.errors import SubmissionError
from graders.core.text import plain_line
from graders.submission import limits
from graders.submission.history.git import GitFailed, GitOutput, run_git
from graders.submission.history.repository import Mirror, NoRepository, find_repository, init_mirror, make_mirror

MAX_COMMITS = 20_000
BATCH = 16 << 20
PACK_S = 120.0
SHORT = 8
LINK, SUBMODULE, EXECUTABLE = "120000", "160000", "100755"
LFS = b"version https://git-lfs"
MAX_LINK = 4096


@dataclass(frozen=True)
class DatedCommit:
    """A commit with the time that its committer's clock said, None if that is no time."""

    id: str
    parents: tuple[str, ...]
    time: datetime | None
    subject: str

    @property
    def short(self) -> str:
        """The hash as people quote it."""
        return self.id[:SHORT]


@dataclass(frozen=True)
class Timeline:
    """The commits below HEAD, children before their parents; ``shallow``: the clone has the newest ones only."""

    commits: tuple[DatedCommit, ...]
    shallow: bool = False

    @property
    def head(self) -> DatedCommit:
        """The newest one."""
        return self.commits[0]


class OwnRepository:
    """A repository of the submission's own, as git reads it."""

    def __init__(self, mirror: Mirror) -> None:
        self._mirror = mirror

    def timeline(self) -> Timeline:
        """Its commits. :raises SubmissionError: they can't be read."""
        form = "--format=tformat:%H%x00%P%x00%ct%x00%s"
        output = self._git(["log", "-z", "--topo-order", f"--max-count={MAX_COMMITS}", form, self._mirror.head])
        fields = output.data.decode("utf-8", "replace").split("\0")
        rows = [fields[at : at + 4] for at in range(0, len(fields) - 3, 4)]
        commits = tuple(DatedCommit(row[0].strip(), tuple(row[1].split()), _time(row[2]), row[3]) for row in rows)
        if not commits:
            raise SubmissionError("its git history has no commit")
        return Timeline(commits, bool(self._mirror.boundary))

    def export(self, commit: str, into: Path) -> tuple[str, ...]:
        """Writes a commit's files to a new folder, with a repository of its own that ends with that commit.

        What was left out, a line each. :raises SubmissionError: it can't be read, or is too much.
        """
        try:
            into.mkdir(parents=True)
            notes = list(self._write_tree(commit, into))
            self._write_history(commit, into / ".git")
        except OSError as error:
            raise SubmissionError(f"commit {commit[:SHORT]} can't be written: {error.strerror}") from None
        return tuple(notes)

    def _git(
        self, arguments: Sequence[str], text: bytes = b"", most: int = BATCH, seconds: float = PACK_S
    ) -> GitOutput:
        try:
            return run_git(self._mirror.path, arguments, text, most, seconds)
        except GitFailed as failed:
            raise SubmissionError(f"its git history can't be read: {failed}") from None

    def _write_tree(self, commit: str, into: Path) -> Iterator[str]:
        listed = self._git(["ls-tree", "-r", "-z", "-l", "--full-tree", commit])
        rows = [_Entry.parsed(row) for row in listed.data.split(b"\0") if row]
        if not listed.complete or len(rows) > limits.MAX_ENTRIES:
            raise SubmissionError(f"commit {commit[:SHORT]} has more than {limits.MAX_ENTRIES:,} files")
        if sum(row.size for row in rows) > limits.MAX_TOTAL:
            raise SubmissionError(f"commit {commit[:SHORT]} has more than {limits.MAX_TOTAL / limits.MEBI:,.0f} MiB")
        links = {row.path for row in rows if row.mode == LINK}
        files = []
        for row in rows:
            refusal = row.refusal or _below_link(row.path, links)
            if refusal:
                yield f"{plain_line(row.path, 120)}: {refusal}; left out"
            else:
                files.append(row)
        # Links last, so that no file is written through one.
        ordered = sorted(files, key=lambda row: row.mode == LINK)
        pointers = 0
        for batch in _batches([row for row in ordered if row.mode != SUBMODULE]):
            contents = self._contents(batch)
            for row in batch:
                pointers += contents[row.blob].startswith(LFS)
                _write(into / row.path, row, contents[row.blob])
        if pointers:
            yield f"{pointers} files are Git LFS pointers in commit {commit[:SHORT]}, without their content"

    def _contents(self, rows: Sequence[_Entry]) -> Mapping[str, bytes]:
        wanted = sorted({row.blob for row in rows})
        most = sum(row.size for row in rows) + 200 * len(wanted)
        data = self._git(["cat-file", "--batch"], "".join(f"{blob}\n" for blob in wanted).encode(), most).data
        found: dict[str, bytes] = {}
        at = 0
        for blob in wanted:
            end = data.find(b"\n", at)
            fields = data[at : max(end, at)].split()
            if len(fields) != 3 or fields[1] != b"blob":
                raise SubmissionError(f"its git history is incomplete: object {blob[:SHORT]} is missing")
            at = end + 1 + int(fields[2])
            found[blob] = data[end + 1 : at]
            at += 1
        return found

    def _write_history(self, commit: str, folder: Path) -> None:
        """A repository with the commits that lead to this one, in a pack of ours."""
        init_mirror(folder, commit)
        (folder / "config").write_text((folder / "config").read_text().replace("bare = true", "bare = false"))
        (folder / "HEAD").write_text("ref: refs/heads/main\n")
        (folder / "refs" / "heads").mkdir()
        (folder / "refs" / "heads" / "main").write_text(f"{commit}\n")
        if self._mirror.boundary:
            (folder / "shallow").write_text("".join(f"{line}\n" for line in self._mirror.boundary))
        packs = folder / "objects" / "pack"
        packs.mkdir(parents=True)
        # Without a search for deltas, the bytes of objects are copied as they are.
        options = ["--revs", "--threads=1", "--window=0", "-q", str(packs.resolve() / "pack")]
        self._git(["pack-objects", *options], f"{commit}\n".encode())


@contextmanager
def own_repository(folder: Path) -> Iterator[OwnRepository | None]:
    """The repository whose working tree is this folder; None if there is none.

    :raises SubmissionError: there is one, and it can't be used.
    """
    folder = folder.resolve()
    if not os.path.lexists(folder / ".git"):
        yield None
        return
    with tempfile.TemporaryDirectory(prefix="optgrade-history-") as scratch:
        try:
            repository = find_repository(folder)
            if repository.top != folder:
                raise NoRepository("its .git is no repository", "")
            mirror = make_mirror(repository, Path(scratch) / "mirror")
        except NoRepository as missing:
            raise SubmissionError(f"its git history can't be read: {missing}") from None
        except OSError as error:
            raise SubmissionError(f"its git history can't be read: {error.strerror}") from None
        yield OwnRepository(mirror)


@dataclass(frozen=True)
class _Entry:
    """A file of a commit."""

    mode: str
    blob: str
    size: int
    path: str

    @classmethod
    def parsed(cls, row: bytes) -> _Entry:
        """An entry as git lists it: ``mode type object size<tab>path``."""
        head, _, path = row.partition(b"\t")
        mode, _, blob, size = (part.decode("ascii", "replace") for part in head.split())
        return cls(mode, blob, int(size) if size.isdigit() else 0, os.fsdecode(path))

    @property
    def refusal(self) -> str:
        """Why it is left out, empty if it is not."""
        parts = self.path.split("/")
        if any(part in ("", ".", "..") or part.casefold() == ".git" for part in parts):
            return "no path for a file"
        if len(parts) > limits.MAX_DEPTH or any(len(os.fsencode(part)) > 255 for part in parts):
            return "its path is too long"
        if self.size > limits.MAX_FILE:
            return f"more than {limits.MAX_FILE / limits.MEBI:.0f} MiB"
        if self.mode == LINK and self.size > MAX_LINK:
            return "no target for a link"
        return "a submodule" if self.mode == SUBMODULE else ""


def _below_link(path: str, links: Collection[str]) -> str:
    """Why a file below what is also a link is left out: git reads such trees, although it makes none."""
    above = path.split("/")[:-1]
    return "in what is also a link" if any("/".join(above[:end]) in links for end in range(1, len(above) + 1)) else ""


def _batches(rows: Sequence[_Entry]) -> Iterator[list[_Entry]]:
    """The files in their order, of each batch no more than fits in memory."""
    batch: list[_Entry] = []
    total = 0
    for row in rows:
        if batch and (total + row.size > BATCH or len(batch) >= 1000):
            yield batch
            batch, total = [], 0
        batch.append(row)
        total += row.size
    if batch:
        yield batch


def _write(path: Path, row: _Entry, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    if os.path.lexists(path):
        return
    if row.mode == LINK:
        if content and b"\0" not in content:
            path.symlink_to(os.fsdecode(content))
        return
    path.write_bytes(content)
    if row.mode == EXECUTABLE:
        path.chmod(0o755)


def _time(seconds: str) -> datetime | None:
    try:
        return datetime.fromtimestamp(int(seconds), UTC)
    except (ValueError, OverflowError, OSError):
        return None
