"""A submission without its .git may bring its history as a bundle; whatever else is in that file, it does no harm."""

from __future__ import annotations

import os
import re
import subprocess
import zlib
from collections.abc import Callable
from hashlib import sha1
from io import BytesIO
from pathlib import Path

import pytest

from graders.submission.history import History, NoHistory, bundle, log_parser, read_history
from graders.submission.history.repository import NoRepository

from .repositories import CODE, LAB_PATHS, TIDY, Made, code, git, make

SUBJECTS = [made.subject for made in TIDY]
MAKE_ANEW = "git bundle create history.bundle --all"


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """The student's repository, at home."""
    return make(tmp_path / "home", TIDY, checkout=True)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The submission as it was uploaded."""
    path = tmp_path / "submission"
    path.mkdir()
    return path


def bundled(source: Path, folder: Path, *what: str) -> Path:
    """The submission's folder, with a bundle of ``source``."""
    version = "3" if "--filter" in " ".join(what) else "-1"
    git(source, "bundle", "create", "-q", f"--version={version}", str(folder / "history.bundle"), *what)
    return folder


def found_subjects(folder: Path) -> list[str]:
    history = read_history(folder, LAB_PATHS)
    assert isinstance(history, History), history
    return [commit.subject for commit in history.commits]


def refused(folder: Path) -> NoHistory:
    """What is said where there is no history: one line each."""
    found = read_history(folder, LAB_PATHS)
    assert isinstance(found, NoHistory), found
    assert "history.bundle" in found.reason
    assert found.next
    assert "\n" not in found.reason + found.next
    return found


@pytest.mark.parametrize("what", [("HEAD",), ("--all",), ("main",), ("HEAD", "main"), ("--all", "--not", "--tags")])
def test_a_bundle_reads_as_its_repository_does(source: Path, folder: Path, what: tuple[str, ...]) -> None:
    """With HEAD, all or one branch: the same commits, files, sizes and times."""
    assert read_history(bundled(source, folder, *what), LAB_PATHS) == read_history(source, LAB_PATHS)


def test_a_bundle_of_long_hashes_is_read(tmp_path: Path, folder: Path) -> None:
    """Its header says what kind of hash it holds."""
    source = tmp_path / "long"
    source.mkdir()
    git(source, "init", "-q", "-b", "main", "--object-format=sha256")
    (source / CODE).parent.mkdir(parents=True)
    (source / CODE).write_bytes(code(1))
    git(source, "add", ".")
    git(source, "commit", "-q", "-m", "Convert to TFLite")
    assert found_subjects(bundled(source, folder, "--all")) == ["Convert to TFLite"]


def test_a_bundle_without_blobs_is_read(source: Path, folder: Path) -> None:
    """As a clone without blobs is: sizes are missing, steps are not."""
    history = read_history(bundled(source, folder, "--all", "--filter=blob:none"), LAB_PATHS)
    assert isinstance(history, History)
    assert [commit.subject for commit in history.commits] == SUBJECTS
    assert all(change.size is None for commit in history.commits for change in commit.files)


def test_a_bundle_holds_what_there_was_when_it_was_made(source: Path, folder: Path) -> None:
    """What was committed later is not in it."""
    bundled(source, folder, "--all")
    git(source, "commit", "-q", "--allow-empty", "-m", "Too late")
    (source / CODE).write_bytes(code(9))
    git(source, "commit", "-q", "-a", "-m", "Far too late")
    assert found_subjects(folder) == SUBJECTS


def test_the_commit_that_was_checked_out_is_the_newest(source: Path, folder: Path) -> None:
    """HEAD beats main; without HEAD main beats the others, and master stands in for main."""
    git(source, "branch", "early", "HEAD~2")
    assert found_subjects(bundled(source, folder, "main", "early")) == SUBJECTS
    git(source, "checkout", "-q", "early")
    assert found_subjects(bundled(source, folder, "HEAD", "main")) == SUBJECTS[:2]
    git(source, "branch", "-m", "main", "master")
    assert found_subjects(bundled(source, folder, "--branches")) == SUBJECTS


def test_without_head_and_main_branches_have_to_agree(source: Path, folder: Path) -> None:
    """Two names of one commit are no question; of two commits they are."""
    for name in ("one", "two"):
        git(source, "branch", name)
    assert found_subjects(bundled(source, folder, "one", "two")) == SUBJECTS
    git(source, "branch", "-f", "two", "HEAD~1")
    assert "several branches" in refused(bundled(source, folder, "one", "two")).reason
    git(source, "tag", "v1")
    assert "has no branch" in refused(bundled(source, folder, "v1")).reason


def test_its_own_git_folder_beats_a_bundle(tmp_path: Path, source: Path) -> None:
    """The bundle beside a .git is not looked at, be it sound or not."""
    own = make(tmp_path / "own", [Made("Mine", {CODE: code(1)})], checkout=True)
    assert found_subjects(bundled(source, own, "--all")) == ["Mine"]
    (own / "history.bundle").write_bytes(b"junk")
    assert found_subjects(own) == ["Mine"]


def test_a_bundle_beats_the_repository_around_it(tmp_path: Path, source: Path) -> None:
    """A submission that was copied into a class's repository has the history that it brings."""
    top = make(tmp_path / "class", [Made("Collect", {f"ada/{CODE}": code(1)})], checkout=True)
    assert found_subjects(top / "ada") == ["Collect"]
    assert found_subjects(bundled(source, top / "ada", "--all")) == SUBJECTS
    (top / "ada" / "history.bundle").write_bytes(b"junk")
    refused(top / "ada")


def test_a_git_file_that_leads_nowhere_is_not_in_the_way(source: Path, folder: Path) -> None:
    """A zip of a worktree or a submodule has one."""
    (folder / ".git").write_text("gitdir: /home/ada/labs/.git/worktrees/submission\n")
    assert isinstance(read_history(folder, LAB_PATHS), NoHistory)
    assert found_subjects(bundled(source, folder, "--all")) == SUBJECTS


def test_only_the_top_folder_is_looked_in(source: Path, folder: Path) -> None:
    """A bundle further down is some file."""
    (folder / "below").mkdir()
    bundled(source, folder / "below", "--all")
    found = read_history(folder, LAB_PATHS)
    assert isinstance(found, NoHistory)
    assert "not in a git repository" in found.reason


def test_a_bundle_that_builds_on_more_is_incomplete(source: Path, folder: Path) -> None:
    """One that leaves older commits out can't be judged by what is left."""
    found = refused(bundled(source, folder, "main", "^HEAD~1"))
    assert "incomplete" in found.reason
    assert MAKE_ANEW in found.next


def test_a_bundle_of_a_shallow_clone_is_incomplete(tmp_path: Path, source: Path, folder: Path) -> None:
    """git makes one without a word; its oldest commit names a parent that is not there."""
    git(tmp_path, "clone", "-q", "--depth=2", f"file://{source}", str(tmp_path / "shallow"))
    found = refused(bundled(tmp_path / "shallow", folder, "--all"))
    assert "does not contain the whole history" in found.reason
    assert MAKE_ANEW in found.next


HEADER = b"# v2 git bundle\n" + b"a" * 40 + b" HEAD\n\n"
SPOILT: dict[str, tuple[Callable[[bytes], bytes], str]] = {
    "empty": (lambda _: b"", "is empty"),
    "random bytes": (lambda _: bytes((7 * i * i + i) % 256 for i in range(5000)), "not a git bundle"),
    "a zip": (lambda _: b"PK\x03\x04" + bytes(500), "not a git bundle"),
    "one line without end": (lambda _: b"# v2 git bundle" + b" " * 200_000, "not a git bundle"),
    "of a later version": (lambda data: data.replace(b"# v2", b"# v9", 1), "not a git bundle"),
    "of an unknown kind": (lambda _: b"# v3 git bundle\n@run=/bin/sh\n\n", "unsupported kind"),
    "a header cut off": (lambda data: data[:40], "incomplete or invalid"),
    "a header without end": (lambda _: HEADER[:-1] * 60_000, "incomplete or invalid"),
    "a line without end": (lambda _: HEADER[:-1] + b"b" * 200_000, "incomplete or invalid"),
    "a header of nonsense": (lambda _: b"# v2 git bundle\n--upload-pack=sh HEAD\n\n", "incomplete"),
    "options for hashes": (lambda _: b"# v2 git bundle\nHEAD --output=/x\n\n", "incomplete or invalid"),
    "no pack": (lambda data: data[: data.index(b"\n\n") + 2], "damaged"),
    "half a pack": (lambda data: data[: len(data) // 2], "damaged"),
    "a byte short": (lambda data: data[:-1], "damaged"),
    "a byte changed": (lambda data: data[:-100] + bytes([data[-100] ^ 1]) + data[-99:], "damaged"),
    "bytes behind its end": (lambda data: data + b"more", "damaged"),
    "a pack of nonsense": (lambda _: HEADER + os.urandom(2000), "damaged"),
    "a commit that is not there": (lambda data: re.sub(rb"[0-9a-f]{40} ", b"a" * 40 + b" ", data), "whole history"),
}


@pytest.mark.parametrize(("spoil", "said"), SPOILT.values(), ids=SPOILT)
def test_a_spoilt_bundle_is_said(source: Path, folder: Path, spoil: Callable[[bytes], bytes], said: str) -> None:
    """Whatever is wrong with it, there is a reason and a next step."""
    path = bundled(source, folder, "main") / "history.bundle"
    path.write_bytes(spoil(path.read_bytes()))
    found = refused(folder)
    assert said in found.reason
    assert MAKE_ANEW in found.next


def test_a_bundle_whose_first_lines_alone_are_spoilt_names_no_text_of_its_own(folder: Path) -> None:
    """Names and comments of the header are shown to nobody."""
    (folder / "history.bundle").write_bytes(HEADER[:-1] + b"\x1b[31mred\x1b[0m\n\n")
    assert "red" not in refused(folder).reason


def test_links_and_pipes_are_not_followed(source: Path, tmp_path: Path, folder: Path) -> None:
    """Neither a link to a sound bundle of somebody else's, nor a folder, nor a FIFO that nobody writes to."""
    (tmp_path / "other").mkdir()
    bundled(source, tmp_path / "other", "--all")
    path = folder / "history.bundle"
    for put in (
        lambda: path.symlink_to(tmp_path / "other" / "history.bundle"),
        lambda: path.symlink_to(tmp_path / "nowhere"),
        lambda: os.mkfifo(path),
    ):
        put()
        assert "is a link or can't be read" in refused(folder).reason
        path.unlink()
    path.mkdir()
    assert "is a link or can't be read" in refused(folder).reason


def test_a_large_bundle_is_not_read(folder: Path, source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither one that is large, nor one that grows while it is read."""
    with (folder / "history.bundle").open("wb") as file:
        file.truncate(bundle.MAX_BUNDLE + 1)
    found = refused(folder)
    assert "larger than 64 MiB" in found.reason
    assert "filter-repo" in found.next
    size = (bundled(source, folder, "main") / "history.bundle").stat().st_size
    monkeypatch.setattr(bundle, "MAX_BUNDLE", size)
    assert found_subjects(folder) == SUBJECTS
    with pytest.raises(NoRepository, match="larger than"):
        bundle._copy(BytesIO(bytes(size + 1)), BytesIO())


def pack(*objects: bytes, count: int | None = None) -> bytes:
    """A pack of these raw entries, said to be ``count``."""
    body = b"PACK" + (2).to_bytes(4, "big") + (len(objects) if count is None else count).to_bytes(4, "big")
    body += b"".join(objects)
    return body + sha1(body).digest()


def entry(kind: int, size: int, data: bytes) -> bytes:
    """One object's size in a pack's own way of writing it, and its packed content."""
    head = [kind << 4 | size & 15]
    size >>= 4
    while size:
        head[-1] |= 0x80
        head.append(size & 0x7F)
        size >>= 7
    return bytes(head) + zlib.compress(data)


BOMBS = {
    "four thousand million objects": pack(count=0xFFFFFFFF),
    "an object of a terabyte": pack(entry(3, 1 << 40, b"x")),
    "a delta on itself": pack(entry(7, 10, b"")[:1] + b"a" * 20 + zlib.compress(b"x" * 10)),
    "a commit of nonsense": pack(entry(1, 3, b"abc")),
}


@pytest.mark.parametrize("data", BOMBS.values(), ids=BOMBS)
def test_a_pack_that_claims_too_much_is_stopped(folder: Path, data: bytes) -> None:
    """Memory and time are bounded, and there is a reason."""
    commit = sha1(b"commit 3\0abc").hexdigest().encode()
    (folder / "history.bundle").write_bytes(b"# v2 git bundle\n" + commit + b" HEAD\n\n" + data)
    refused(folder)


def test_git_is_stopped_in_time(source: Path, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A pack that takes long is given up."""
    bundled(source, folder, "--all")
    slow = tmp_path / "slow" / "git"
    slow.parent.mkdir()
    slow.write_text("#!/bin/sh\nexec /bin/sleep 30\n")
    slow.chmod(0o755)
    monkeypatch.setenv("PATH", str(slow.parent))
    monkeypatch.setattr("graders.submission.history.git.TIME_S", 0.2)
    assert "took more than" in refused(folder).reason


def test_what_can_not_be_read_later_is_said_of_the_bundle(
    source: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A tree that is missing shows only while commits are compared."""
    bundled(source, folder, "--all", "--filter=tree:0")
    found = refused(folder)
    assert found.reason.startswith("history.bundle can't be read")
    assert MAKE_ANEW in found.next


def test_nothing_of_a_bundle_runs_or_stays(
    source: Path, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No hook, filter or configuration of the grader's user or the folder takes part; the folder stays as it was."""
    (source / ".gitattributes").write_text("* filter=trap diff=trap\n")
    git(source, "add", ".")
    git(source, "commit", "-q", "-m", "Sort")
    bundled(source, folder, "--all")
    trace, trap = tmp_path / "trace", tmp_path / "trap"
    trap.write_text(f"#!/bin/sh\necho $0 >> {trace}\n")
    trap.chmod(0o755)
    home = tmp_path / "user"
    hooks = home / ".config" / "git" / "template" / "hooks"
    hooks.mkdir(parents=True)
    for name in ("post-index-change", "reference-transaction", "post-checkout", "pre-auto-gc"):
        os.link(trap, hooks / name)
    lines = (
        f"[core]\nhooksPath={hooks}\nfsmonitor={trap}\npager={trap}\n[init]\ntemplateDir={hooks.parent}\n"
        f'[diff]\nexternal={trap}\n[filter "trap"]\nsmudge={trap}\nclean={trap}\n'
    )
    for config in (home / ".gitconfig", home / ".config" / "git" / "config", folder / "config"):
        config.write_text(lines)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("GIT_TEMPLATE_DIR", str(hooks.parent))
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr(log_parser.tempfile, "tempdir", str(scratch))
    before = sorted(path.name for path in folder.rglob("*"))
    assert found_subjects(folder) == [*SUBJECTS, "Sort"]
    assert sorted(path.name for path in folder.rglob("*")) == before
    assert list(scratch.iterdir()) == []
    assert not trace.exists()


def test_names_in_a_bundle_write_no_files(source: Path, folder: Path, tmp_path: Path) -> None:
    """A ref's name that leads out of the repository, twice over, is a name and no more."""
    bundled(source, folder, "main")
    path = folder / "history.bundle"
    name = b"refs/heads/../../../../" + str(tmp_path / "out").encode()
    path.write_bytes(path.read_bytes().replace(b"refs/heads/main", name, 1))
    assert found_subjects(folder) == SUBJECTS
    assert not (tmp_path / "out").exists()


def test_git_itself_agrees_with_these_bundles(source: Path, folder: Path) -> None:
    """The tests' own idea of a pack is git's: a sound one passes where the broken ones do not."""
    blob = b"hello\n"
    (folder / "a.pack").write_bytes(pack(entry(3, len(blob), blob)))
    git(folder, "init", "-q")
    assert subprocess.run(["git", "-C", str(folder), "index-pack", "a.pack"], check=False).returncode == 0
