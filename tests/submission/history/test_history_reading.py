"""A history is read as it is, from every kind of repository that a submission may come in."""

from __future__ import annotations

import os
import stat
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest

from graders.core.removal import remove
from graders.submission.history import History, NoHistory, log_parser, read_history, repository
from graders.submission.history.git import GitFailed, run_git

from .conftest import Reading
from .repositories import CODE, DAY, LAB, LAB_PATHS, START, STUB, SUMMARY, TIDY, Made, code, git, make


def test_commits_come_oldest_first_with_what_they_are(read: Reading) -> None:
    """Hash, subject, author, time, parents, files and their sizes are those of the commits."""
    history = read(TIDY)
    assert [commit.subject for commit in history.commits] == [made.subject for made in TIDY]
    first, second = history.commits[:2]
    assert first.author == "Ada Student"
    assert first.time == datetime.fromtimestamp(START + DAY, UTC)
    assert first.parents == ()
    assert second.parents == (first.id,)
    assert first.id.startswith(first.short)
    (change,) = second.files
    assert (change.path, change.status) == (CODE, "M")
    assert (change.old_size, change.size) == (len(code(1)), len(code(2)))
    assert not history.shallow
    assert not history.truncated


def test_packed_and_loose_objects_read_alike(tmp_path: Path) -> None:
    """Objects in a pack, and refs in packed-refs, make no difference."""
    folder = make(tmp_path / "a", TIDY)
    before = read_history(folder, LAB_PATHS)
    git(folder, "gc", "-q", "--aggressive")
    assert (folder / ".git" / "packed-refs").is_file()
    assert read_history(folder, LAB_PATHS) == before


def test_sha256_repositories_are_read(tmp_path: Path) -> None:
    """git's longer hashes are no obstacle."""
    folder = tmp_path / "a"
    folder.mkdir()
    git(folder, "init", "-q", "-b", "main", "--object-format=sha256")
    (folder / LAB).mkdir(parents=True)
    (folder / CODE).write_bytes(code(1))
    git(folder, "add", ".")
    git(folder, "commit", "-q", "-m", "Convert to TFLite")
    history = read_history(folder, LAB_PATHS)
    assert isinstance(history, History)
    assert len(history.commits[0].id) == 64


def test_a_lab_in_a_subfolder_of_a_larger_repository(tmp_path: Path) -> None:
    """Only what touches the submission's folder counts, and paths count from it."""
    inside = [Made(made.subject, {f"courses/iot/{path}": data for path, data in made.files.items()}) for made in TIDY]
    other = Made("Homework of another course", {"courses/algebra/sheet.md": b"1"})
    decoy = Made("A folder that begins alike", {"courses/iot2/a.py": b"1"})
    top = make(tmp_path / "top", [other, *inside[:2], other, decoy, *inside[2:]], checkout=True)
    history = read_history(top / "courses" / "iot", LAB_PATHS)
    assert isinstance(history, History)
    assert [commit.subject for commit in history.commits] == [made.subject for made in TIDY]
    assert history.commits[0].files[0].path == CODE


def test_a_folder_that_no_commit_touches_has_no_history(tmp_path: Path) -> None:
    """A folder copied into somebody's repository does not get that repository's history."""
    top = make(tmp_path / "top", TIDY)
    (top / "elsewhere").mkdir()
    found = read_history(top / "elsewhere", LAB_PATHS)
    assert isinstance(found, NoHistory)
    assert "no commit touches" in found.reason


def test_linked_worktrees_are_read(tmp_path: Path) -> None:
    """A worktree has its own HEAD and the repository's objects."""
    top = make(tmp_path / "top", TIDY, checkout=True)
    git(top, "worktree", "add", "-q", "-b", "side", str(tmp_path / "side"), "HEAD~2")
    history = read_history(tmp_path / "side", LAB_PATHS)
    assert isinstance(history, History)
    assert [commit.subject for commit in history.commits] == [made.subject for made in TIDY[:2]]


def test_submodules_are_read(tmp_path: Path) -> None:
    """A submission may be a submodule of a class's repository."""
    student = make(tmp_path / "student", TIDY, checkout=True)
    top = make(tmp_path / "class", [Made("Begin", {"a": b"1"})], checkout=True)
    git(top, "submodule", "add", "-q", str(student), "ada")
    history = read_history(top / "ada", LAB_PATHS)
    assert isinstance(history, History)
    assert len(history.commits) == len(TIDY)


def test_a_shallow_clone_is_said(tmp_path: Path) -> None:
    """Where the clone begins, all files seem new: that commit counts for nobody, and the history says shallow."""
    make(tmp_path / "a", TIDY, checkout=True)
    git(tmp_path, "clone", "-q", "--depth=3", f"file://{tmp_path}/a", str(tmp_path / "b"))
    history = read_history(tmp_path / "b", LAB_PATHS)
    assert isinstance(history, History)
    assert history.shallow
    assert [commit.subject for commit in history.commits] == [made.subject for made in TIDY[2:]]
    assert history.given[0].why == "a shallow clone begins here"
    assert any("shallow" in note for note in history.notes)


def test_a_clone_without_blobs_is_read_and_fetches_nothing(tmp_path: Path) -> None:
    """A partial clone lacks sizes; git must not go and fetch them."""
    make(tmp_path / "a", TIDY, checkout=True)
    git(tmp_path / "a", "config", "uploadpack.allowFilter", "true")
    git(tmp_path, "clone", "-q", "--bare", "--filter=blob:none", f"file://{tmp_path}/a", str(tmp_path / "b" / ".git"))
    history = read_history(tmp_path / "b", LAB_PATHS)
    assert isinstance(history, History)
    assert len(history.commits) == len(TIDY)
    assert all(change.size is None for commit in history.commits for change in commit.files)


def test_merges_show_only_what_they_change_themselves(tmp_path: Path) -> None:
    """Both lines of a merge are read; the merge itself has no files where it changes none."""
    commits = [
        Made("Begin", {CODE: code(1)}),
        Made("Quantise", {CODE: code(2)}),
        Made("Write the summary", {SUMMARY: b"a"}, parents=(1,)),
        Made("Merge branch 'main' of https://example.org/a", {CODE: code(2), SUMMARY: b"a"}, parents=(2, 3)),
        Made("Measure", {CODE: code(3)}),
    ]
    history = read_history(make(tmp_path / "a", commits), LAB_PATHS)
    assert isinstance(history, History)
    merge = history.commits[3]
    assert merge.is_merge
    assert merge.files == ()
    assert len(history.commits) == 5


def test_the_merge_of_a_pull_requests_check_is_left_out(tmp_path: Path) -> None:
    """A workflow of GitHub's stands on a merge of its own making."""
    top = make(tmp_path / "a", [*TIDY, Made("Try pruning", {CODE: code(4)}, parents=(1,))], checkout=True)
    old, new = git(top, "rev-parse", "HEAD~1").strip(), git(top, "rev-parse", "HEAD").strip()
    git(top, "merge", "-q", "-m", f"Merge {old} into {new}", "-s", "ours", old)
    git(top, "checkout", "-q", "--detach")
    history = read_history(top, LAB_PATHS)
    assert isinstance(history, History)
    assert not any(commit.is_merge for commit in history.commits)


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda git_folder: [file.unlink() for file in (git_folder / "objects").rglob("*") if file.is_file()], "read"),
        (lambda git_folder: (git_folder / "HEAD").write_text("ref: refs/heads/.invalid\n"), "reftable"),
        (lambda git_folder: (git_folder / "objects" / "info" / "alternates").write_text("/x\n"), "borrows"),
        (lambda git_folder: (git_folder / "HEAD").write_bytes(b"\xff" * 100), "a commit"),
    ],
)
def test_a_broken_repository_is_said(tmp_path: Path, spoil, said: str) -> None:
    """Whatever is wrong with it, there is a reason and a next step, or the one branch there is is taken."""
    folder = make(tmp_path / "a", TIDY)
    spoil(folder / ".git")
    found = read_history(folder, LAB_PATHS)
    if said == "a commit":
        assert isinstance(found, History)
        return
    assert isinstance(found, NoHistory)
    assert said in found.reason
    assert found.next


def test_no_repository_and_an_empty_one_are_said(tmp_path: Path) -> None:
    """Neither is an error, and they differ."""
    (tmp_path / "none").mkdir()
    (tmp_path / "empty").mkdir()
    git(tmp_path / "empty", "init", "-q")
    none, empty = read_history(tmp_path / "none", LAB_PATHS), read_history(tmp_path / "empty", LAB_PATHS)
    assert isinstance(none, NoHistory)
    assert "not in a git repository" in none.reason
    assert isinstance(empty, NoHistory)
    assert "has no commit" in empty.reason


def test_without_git_there_is_a_reason(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine without git says so."""
    folder = make(tmp_path / "a", TIDY)
    monkeypatch.setenv("PATH", str(tmp_path))
    found = read_history(folder, LAB_PATHS)
    assert isinstance(found, NoHistory)
    assert "not installed" in found.reason


def test_git_is_stopped_in_time_and_size(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Output beyond the bound is cut and said; out of time, there is a reason and no history."""
    folder = make(tmp_path / "a", [Made(f"Step {n} of the work", {CODE: code(n)}) for n in range(1, 200)])
    mirror = repository.make_mirror(repository.find_repository(folder), tmp_path / "mirror")
    output = run_git(mirror.path, ["log", mirror.head], max_output=1000)
    assert (len(output.data), output.complete) == (1000, False)
    assert run_git(mirror.path, ["log", mirror.head]).complete
    with pytest.raises(GitFailed, match=r"unknown revision|bad revision|ambiguous"):
        run_git(mirror.path, ["log", "nothing"])
    slow = tmp_path / "slow" / "git"
    slow.parent.mkdir()
    slow.write_text("#!/bin/sh\nexec /bin/sleep 30\n")
    slow.chmod(0o755)
    monkeypatch.setenv("PATH", str(slow.parent))
    monkeypatch.setattr("graders.submission.history.git.TIME_S", 0.2)
    found = read_history(folder, LAB_PATHS)
    assert isinstance(found, NoHistory)
    assert "took more than" in found.reason


def test_long_histories_are_cut(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the newest commits are read, and that is said."""
    monkeypatch.setattr(log_parser, "MAX_COMMITS", 2)
    history = read_history(make(tmp_path / "a", TIDY), LAB_PATHS)
    assert isinstance(history, History)
    assert history.truncated
    assert [commit.subject for commit in history.commits] == [made.subject for made in TIDY[-2:]]


def test_parents_stand_before_children_whatever_clocks_say(read: Reading) -> None:
    """A computer whose clock runs backwards does not turn the history round."""
    times = [START + 9 * DAY, START + 5 * DAY, START + 7 * DAY, START]
    commits = [Made(made.subject, made.files, time=time) for made, time in zip(TIDY, times, strict=True)]
    assert [commit.subject for commit in read(commits).commits] == [made.subject for made in TIDY]


def test_impossible_times_are_no_times(read: Reading) -> None:
    """A commit of the year 30,000 has no time; nothing breaks."""
    history = read([Made("Quantise", {CODE: code(1)}, time=900_000_000_000)])
    assert history.commits[0].time is None


def test_texts_of_commits_are_cleaned(read: Reading) -> None:
    """Control characters, colours, direction marks and line ends can't come through."""
    history = read([Made("\x1b[31mred\u202eder\x07 <b>", {CODE: code(1)}, author="\u202eEve\x1b[0m <e@example.org>")])
    commit = history.commits[0]
    assert commit.subject == "[31mred der <b>"
    assert commit.author == "Eve [0m"


def test_subjects_are_bounded(read: Reading) -> None:
    """A subject of 100 KB is shown in 200 characters."""
    assert len(read([Made("x" * 100_000, {CODE: code(1)})]).commits[0].subject) == 200


def test_names_in_any_script_and_with_odd_characters(read: Reading) -> None:
    """Paths come through as they are; the separators of git's output can't be forged by names."""
    names = [f"{LAB}/zażółć.py", f"{LAB}/量化.py", f'{LAB}/a"b.py', f"{LAB}/:100644 100644 x.py"]
    quoted = {f'"{name}"' if name.startswith('"') else name: b"x" * 20 for name in names}
    history = read([Made("Add helpers", quoted)])
    assert sorted(change.path for change in history.commits[0].files) == sorted(names)


def test_contents_tell_renamed_models(read: Reading) -> None:
    """A model under another name is known by its first bytes; a pointer of LFS is known too."""
    model = b"\x1c\0\0\0TFL3" + b"\0" * 3000
    pointer = b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n" + b" " * 100
    (commit,) = read([Made("Add", {f"{LAB}/notes.dat": model, f"{LAB}/model.xyz": pointer})]).commits
    assert {change.path.rpartition("/")[2]: change.content for change in commit.files} == {
        "notes.dat": "tflite",
        "model.xyz": "lfs",
    }


class TestHostile:
    """A repository can neither run anything nor lead git elsewhere."""

    CONFIG = """
[core]
    repositoryformatversion = 1
    fsmonitor = "{trap}"
    hooksPath = {folder}
    pager = "{trap}"
    sshCommand = "{trap}"
    alternateRefsCommand = "{trap}"
    askPass = "{trap}"
    gitProxy = "{trap}"
    worktree = /
[extensions]
    partialClone = origin
[remote "origin"]
    url = "ext::{trap}"
    promisor = true
    uploadpack = "{trap}"
    partialclonefilter = blob:none
[diff]
    external = "{trap}"
[diff "x"]
    textconv = "{trap}"
    command = "{trap}"
[filter "x"]
    clean = "{trap}"
    smudge = "{trap}"
    process = "{trap}"
[alias]
    log = "!{trap}"
    diff-tree = "!{trap}"
    cat-file = "!{trap}"
[gpg]
    program = "{trap}"
[log]
    showSignature = true
[pager]
    log = "{trap}"
[include]
    path = {folder}/more
[protocol "ext"]
    allow = always
"""

    def test_nothing_of_the_configuration_runs(self, tmp_path: Path) -> None:
        """fsmonitor, hooks, drivers, aliases, pagers, signatures, lazy fetches: none leaves a trace."""
        folder = make(tmp_path / "a", [*TIDY, Made("Sort", {".gitattributes": b"* diff=x filter=x\n"})])
        trace, trap = tmp_path / "trace", tmp_path / "trap"
        trap.write_text(f"#!/bin/sh\necho $0 >> {trace}\n")
        trap.chmod(0o755)
        (folder / ".git" / "config").write_text(self.CONFIG.format(trap=trap, folder=tmp_path))
        for hook in ("post-index-change", "reference-transaction", "post-checkout"):
            (folder / ".git" / "hooks" / hook).parent.mkdir(exist_ok=True)
            os.link(trap, folder / ".git" / "hooks" / hook)
        blob = next((folder / ".git" / "objects").glob("[0-9a-f]*/*"), None)
        packs = list((folder / ".git" / "objects" / "pack").glob("*.pack"))
        assert blob or packs
        found = read_history(folder, LAB_PATHS)
        assert isinstance(found, History)
        assert len(found.commits) == 5
        assert not trace.exists()
        # The same trap does go off where git is used on the repository itself.
        subprocess.run(["git", "-C", str(folder), "-c", "safe.directory=*", "status"], check=False, capture_output=True)
        assert trace.exists()

    def test_missing_objects_are_not_fetched(self, tmp_path: Path) -> None:
        """A promised object that is not there stays missing."""
        folder = make(tmp_path / "a", TIDY)
        trace, trap = tmp_path / "trace", tmp_path / "trap"
        trap.write_text(f"#!/bin/sh\necho $0 >> {trace}\n")
        trap.chmod(0o755)
        pack = next((folder / ".git" / "objects" / "pack").glob("*.pack"), None)
        if pack is not None:
            moved = tmp_path / pack.name
            pack.rename(moved)
            pack.with_suffix(".idx").unlink()
            subprocess.run(["git", "-C", str(folder), "unpack-objects", "-q"], input=moved.read_bytes(), check=True)
        tree = git(folder, "rev-parse", "HEAD^{tree}").strip()
        (folder / ".git" / "objects" / tree[:2] / tree[2:]).unlink()
        (folder / ".git" / "config").write_text(self.CONFIG.format(trap=trap, folder=tmp_path))
        assert isinstance(read_history(folder, LAB_PATHS), NoHistory)
        assert not trace.exists()

    def test_another_submissions_history_cannot_be_borrowed(self, tmp_path: Path) -> None:
        """A .git file, a commondir, a link or an alternate that leads to a neighbour's repository leads nowhere."""
        victim = make(tmp_path / "victim", TIDY, checkout=True)
        for name in ("file", "link", "common", "objects", "loose"):
            (tmp_path / name).mkdir()
        (tmp_path / "file" / ".git").write_text(f"gitdir: {victim}/.git\n")
        (tmp_path / "link" / ".git").symlink_to(victim / ".git")
        for name in ("common", "objects", "loose"):
            make(tmp_path / name, [Made("Mine", {"a": b"1"})])
        (tmp_path / "common" / ".git" / "commondir").write_text("../../victim/.git\n")
        head = git(victim, "rev-parse", "HEAD")
        for name in ("objects", "loose"):
            (tmp_path / name / ".git" / "HEAD").write_text(head)
        pack = tmp_path / "objects" / ".git" / "objects" / "pack"
        for file in (victim / ".git" / "objects" / "pack").iterdir():
            (pack / file.name).symlink_to(file)
        git(victim, "repack", "-q", "-a", "-d")
        for folder in (victim / ".git" / "objects").iterdir():
            if not (target := tmp_path / "loose" / ".git" / "objects" / folder.name).exists():
                target.symlink_to(folder)
        for name in ("file", "link", "common", "objects", "loose"):
            found = read_history(tmp_path / name, LAB_PATHS)
            assert isinstance(found, NoHistory), name

    def test_a_tree_that_unfolds_without_end_is_stopped(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """Ten trees, each ten times the next one: ten thousand million files."""
        folder = tmp_path / "a"
        folder.mkdir()
        git(folder, "init", "-q", "-b", "main")
        monkeypatch.setattr("graders.submission.history.git.TIME_S", 3.0)

        def store(kind: str, data: bytes) -> str:
            command = ["git", "-C", str(folder), "hash-object", "-w", "--stdin", "-t", kind]
            return (
                subprocess.run(command, input=data, check=True, capture_output=True, text=False).stdout.decode().strip()
            )

        inner, mode = store("blob", b"bomb"), b"100644"
        for _ in range(10):
            inner = store("tree", b"".join(b"%s f%d\0" % (mode, i) + bytes.fromhex(inner) for i in range(10)))
            mode = b"40000"
        commit = git(folder, "commit-tree", inner, "-m", "Add results").strip()
        git(folder, "update-ref", "refs/heads/main", commit)
        found = read_history(folder, LAB_PATHS)
        assert isinstance(found, NoHistory | History)
        if isinstance(found, NoHistory):
            assert "can't be read" in found.reason

    def test_pipes_in_place_of_files_do_not_hang(self, tmp_path: Path) -> None:
        """HEAD, packed-refs, a ref or a pack as a FIFO: nobody waits for it."""
        folder = make(tmp_path / "a", TIDY)
        for name in ("packed-refs", "shallow", "objects/pack/pack-1.pack", "objects/pack/pack-1.idx"):
            path = folder / ".git" / name
            path.unlink(missing_ok=True)
            os.mkfifo(path)
            assert stat.S_ISFIFO(path.lstat().st_mode)
        assert isinstance(read_history(folder, LAB_PATHS), History)
        head = folder / ".git" / "refs" / "heads" / "main"
        head.unlink()
        os.mkfifo(head)
        assert isinstance(read_history(folder, LAB_PATHS), NoHistory)


def test_the_stub_is_no_work(tmp_path: Path) -> None:
    """A repository that holds nothing but the stub has a history, with nothing of the student's in it, if told so."""
    from graders.submission.history import given_blobs

    root = tmp_path / "template"
    (root / LAB).mkdir(parents=True)
    (root / CODE).write_bytes(STUB)
    folder = make(tmp_path / "a", [Made("Initial commit", {CODE: STUB, "README.md": b"1"})])
    history = read_history(folder, LAB_PATHS, given=given_blobs(root, [LAB]))
    assert isinstance(history, History)
    assert history.commits == ()
    assert history.given[0].why == "only files of the template"


def test_branches_in_folders_without_end(tmp_path: Path) -> None:
    """A folder of refs that goes on for ever is not followed, and what stands above it is read."""
    folder = make(tmp_path / "student", TIDY)
    deep = os.open(folder / ".git" / "refs" / "heads", os.O_RDONLY)
    for _ in range(1500):
        os.mkdir("a", dir_fd=deep)
        inner = os.open("a", os.O_RDONLY, dir_fd=deep)
        os.close(deep)
        deep = inner
    os.close(deep)
    try:
        history = read_history(folder, LAB_PATHS)
    finally:
        remove(folder / ".git" / "refs" / "heads" / "a")
    assert isinstance(history, History)
    assert len(history.commits) == len(TIDY)
