"""Which version of a submission is graded with ``--at``, by what dates, and what of it is said."""

from __future__ import annotations

import datetime as dt
import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from graders.cohort.deadlines.versions import versions_at, versions_now
from graders.cohort.intake import Submitted
from graders.submission.history import History, read_history

pytestmark = pytest.mark.process

WARSAW = dt.timezone(dt.timedelta(hours=1))
AT = dt.datetime(2026, 11, 30, 23, 59, tzinfo=WARSAW)


def git(folder: Path, *words: str, at: str = "", **variables: str) -> str:
    """A git command in a repository; ``at`` is the time of both dates of a commit."""
    settings = ("-c", "user.name=Ada", "-c", "user.email=ada@example.org", "-c", "init.defaultBranch=main")
    dates = {"GIT_AUTHOR_DATE": at, "GIT_COMMITTER_DATE": at} if at else {}
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder), "GIT_CONFIG_NOSYSTEM": "1", **dates, **variables}
    done = subprocess.run(
        ["git", *settings, *words], cwd=folder, env=environment, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def commit(folder: Path, at: str, files: Mapping[str, str]) -> str:
    """Commits files; the new commit's id."""
    if not (folder / ".git").exists():
        folder.mkdir(parents=True, exist_ok=True)
        git(folder, "init", "-q")
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    git(folder, "add", "-A", "-f")
    git(folder, "commit", "-q", "--no-verify", "-m", f"Change {', '.join(files)}", at=at)
    return git(folder, "rev-parse", "HEAD")


def submitted(path: Path, **more: object) -> Submitted:
    return Submitted(name=path.stem, students=(path.stem,), path=path, **more)  # type: ignore[arg-type]


def taken(tmp_path: Path, *submissions: Submitted, at: dt.datetime = AT) -> list[Submitted]:
    return versions_at(submissions, at, tmp_path / "versions")


@pytest.fixture
def ada(tmp_path: Path) -> Path:
    """Three commits: a minute before the time, a minute after it in another zone's words, and a day later."""
    folder = tmp_path / "class" / "ada"
    commit(folder, "2026-11-30T23:58:00+01:00", {"labs/work.py": "x = 1\n", "notes.txt": "old\n"})
    # 17:00 in Chicago is midnight in Warsaw.
    commit(folder, "2026-11-30T17:00:00-06:00", {"labs/work.py": "x = 2\n"})
    commit(folder, "2026-12-01T20:00:00+01:00", {"labs/work.py": "x = 3\n", "late.txt": "late\n"})
    return folder


def test_the_last_commit_before_the_time_is_a_clean_folder(tmp_path: Path, ada: Path) -> None:
    (ada / "uncommitted.txt").write_text("x", encoding="utf-8")
    (found,) = taken(tmp_path, submitted(ada))
    assert found.path is not None
    assert found.path.name == "ada"
    assert (found.problem, found.commit) == ("", git(ada, "rev-parse", "HEAD~2"))
    assert found.version_at == dt.datetime(2026, 11, 30, 22, 58, tzinfo=dt.UTC)
    assert sorted(each.name for each in found.path.iterdir()) == [".git", "labs", "notes.txt"]
    assert (found.path / "labs" / "work.py").read_text(encoding="utf-8") == "x = 1\n"
    assert "after 2026-11-30 23:59+01:00: 2 commits: " in found.notes[0]
    assert "(2026-12-01 00:00+01:00) Change labs/work.py" in found.notes[0]
    history = read_history(found.path, ["labs/work.py"])
    assert isinstance(history, History)
    assert [each.id for each in history.commits] == [found.commit]
    assert git(found.path, "fsck", "--strict") == ""
    (later,) = taken(tmp_path, submitted(ada), at=AT + dt.timedelta(minutes=1))
    assert later.commit == git(ada, "rev-parse", "HEAD~1"), "a minute later the second one is in time"


def test_what_was_written_before_is_used_again(tmp_path: Path, ada: Path) -> None:
    (first,) = taken(tmp_path, submitted(ada))
    assert first.path is not None
    marker = first.path / "labs" / "work.py"
    before = marker.stat().st_ino
    commit(ada, "2026-12-02T20:00:00+01:00", {"more.txt": "x"})
    (second,) = taken(tmp_path, submitted(ada))
    assert (second.path, marker.stat().st_ino) == (first.path, before)
    shutil.rmtree(first.path)
    taken(tmp_path, submitted(ada))
    assert marker.is_file()


def test_an_extension_moves_the_time(tmp_path: Path, ada: Path) -> None:
    (found,) = taken(tmp_path, submitted(ada, extension_days=1))
    assert found.path is not None
    assert (found.path / "labs" / "work.py").read_text(encoding="utf-8") == "x = 3\n"


def test_submitted_at_wins_over_dates_of_commits(tmp_path: Path, ada: Path) -> None:
    early = submitted(ada, submitted_at=dt.datetime(2026, 11, 30, 22, 0, tzinfo=dt.UTC))
    (found,) = taken(tmp_path, early)
    assert (found.path, found.commit, found.version_at) == (ada, "", early.submitted_at), "graded as it was submitted"
    backdated = tmp_path / "class" / "eve"
    commit(backdated, "2026-11-29T10:00:00+01:00", {"labs/work.py": "x = 1\n"})
    commit(backdated, "2026-11-30T10:00:00+01:00", {"labs/work.py": "x = 2\n"})
    (found,) = taken(tmp_path, submitted(backdated, submitted_at=AT + dt.timedelta(hours=2)))
    assert found.commit == git(backdated, "rev-parse", "HEAD~1"), "the newest commit came after the time, whatever it says"
    assert found.notes[-1] == "submitted at 2026-12-01 01:59+01:00: an earlier commit counts, by its own date"


def test_no_commit_before_the_time_is_said_and_nothing_is_lost(tmp_path: Path, ada: Path) -> None:
    (found,) = taken(tmp_path, submitted(ada), at=AT - dt.timedelta(days=1))
    assert not found.in_time
    assert found.problem == "no commit before 2026-11-29 23:59+01:00: the first is of 2026-11-30 23:58+01:00"
    assert (found.path, found.students) == (ada, ("ada",))


def test_without_a_history(tmp_path: Path) -> None:
    folder = tmp_path / "bob"
    (folder / "labs").mkdir(parents=True)
    unknown, early, late = taken(
        tmp_path,
        submitted(folder),
        submitted(folder, submitted_at=AT),
        submitted(folder, submitted_at=AT + dt.timedelta(seconds=1)),
    )
    assert unknown.notes == ("graded as it is: nothing says when it was submitted",)
    assert (unknown.problem, early.problem, early.notes) == ("", "", ())
    assert late.problem.endswith("and it has no git history with an earlier version")
    assert not late.in_time


def test_commits_whose_dates_can_not_be_right_are_named(tmp_path: Path) -> None:
    folder = tmp_path / "eve"
    commit(folder, "2026-11-29T10:00:00+01:00", {"a.txt": "1"})
    late = commit(folder, "2026-12-01T10:00:00+01:00", {"a.txt": "2"})
    forged = commit(folder, "2026-11-30T10:00:00+01:00", {"a.txt": "3"})
    (found,) = taken(tmp_path, submitted(folder))
    assert found.commit == forged
    assert found.notes[-1] == (
        f"dates of commits can't be right: {late[:8]} (2026-12-01 10:00+01:00) is dated later than its descendant "
        f"{forged[:8]} (2026-11-30 10:00+01:00)"
    )
    (now,) = versions_now([submitted(folder)])
    assert f"{late[:8]} (2026-12-01 09:00+00:00) is dated later" in now.notes[-1]


def test_of_two_lines_of_work_the_newest_counts_and_the_other_is_named(tmp_path: Path) -> None:
    folder = tmp_path / "ada"
    commit(folder, "2026-11-29T10:00:00+01:00", {"a.txt": "1"})
    git(folder, "checkout", "-q", "-b", "side")
    side = commit(folder, "2026-11-29T11:00:00+01:00", {"b.txt": "1"})
    git(folder, "checkout", "-q", "main")
    main = commit(folder, "2026-11-29T12:00:00+01:00", {"c.txt": "1"})
    git(folder, "merge", "-q", "--no-edit", "side", at="2026-12-01T12:00:00+01:00")
    (found,) = taken(tmp_path, submitted(folder))
    assert found.commit == main
    assert any(f"not merged yet at that time, and not graded: 1 commit: {side[:8]}" in note for note in found.notes)


def test_nothing_of_the_students_is_executed(tmp_path: Path) -> None:
    """Hooks, filters, attributes and settings are not looked at; files are written as they are stored."""
    folder, mark = tmp_path / "eve", tmp_path / "executed"
    commit(
        folder,
        "2026-11-29T10:00:00+01:00",
        {".gitattributes": "* filter=evil export-subst text eol=crlf\nhidden.txt export-ignore\n", "a.txt": "$Format:%H$\n", "hidden.txt": "x\n"},
    )
    last = commit(folder, "2026-11-30T10:00:00+01:00", {"b.txt": "1\n"})
    script = folder / ".git" / "hooks" / "post-checkout"
    script.write_text(f"#!/bin/sh\ntouch {mark}\n", encoding="utf-8")
    script.chmod(0o755)
    with (folder / ".git" / "config").open("a", encoding="utf-8") as config:
        config.write(f'[filter "evil"]\nsmudge = touch {mark}\nclean = touch {mark}\n[core]\nfsmonitor = touch {mark}\n')
        config.write(f"sshCommand = touch {mark}\npager = touch {mark}\n[alias]\nlog = !touch {mark}\n")
    (found,) = taken(tmp_path, submitted(folder))
    assert (found.problem, found.commit) == ("", last)
    assert found.path is not None
    assert (found.path / "a.txt").read_text(encoding="utf-8") == "$Format:%H$\n"
    assert (found.path / "hidden.txt").is_file()
    assert not (found.path / ".git" / "hooks").exists()
    assert not mark.exists()


def tree(folder: Path, *rows: tuple[str, str, str]) -> str:
    """Stores a tree of (mode, name, object) as it is, which no git would make; its id."""
    data = b"".join(f"{mode} {name}\0".encode() + bytes.fromhex(each) for mode, name, each in rows)
    made = ["git", "hash-object", "-w", "-t", "tree", "--literally", "--stdin"]
    return subprocess.run(made, cwd=folder, input=data, capture_output=True, check=True).stdout.decode().strip()


def test_paths_lead_nowhere_else(tmp_path: Path) -> None:
    """A link to the outside with files behind it, names that lead out, and a repository in the repository."""
    folder = tmp_path / "class" / "eve"
    commit(folder, "2026-11-29T10:00:00+01:00", {"a.txt": "1\n", "target": "../../../outside"})
    file, link = (git(folder, "rev-parse", f"HEAD:{name}") for name in ("a.txt", "target"))
    (tmp_path / "outside").mkdir()
    inner = tree(folder, ("100644", "escaped", file))
    git_folder = tree(folder, ("100755", "config", file))
    top = tree(
        folder,
        ("40000", "..", inner), ("40000", ".GIT", git_folder), ("100644", "good.txt", file), ("120000", "link", link),
        ("40000", "link", inner), ("120000", "alone", link), ("160000", "module", file),
    )  # fmt: skip
    head = git(folder, "commit-tree", "-m", "Evil", top, at="2026-11-30T10:00:00+01:00")
    git(folder, "update-ref", "refs/heads/main", head)
    (found,) = taken(tmp_path, submitted(folder))
    assert (found.problem, found.commit) == ("", head)
    assert found.path is not None
    inside = {path.relative_to(found.path).as_posix() for path in found.path.rglob("*") if ".git" not in path.parts}
    assert inside == {"good.txt", "link", "alone"}
    assert [*(tmp_path / "outside").iterdir()] == []
    left_out = [note.partition("; ")[0] for note in found.notes]
    assert left_out == [
        "../escaped: no path for a file", ".GIT/config: no path for a file", "link/escaped: in what is also a link",
        "module: a submodule",
    ]  # fmt: skip


def test_a_history_that_can_not_be_read_is_the_submissions_problem(tmp_path: Path, ada: Path) -> None:
    head = git(ada, "rev-parse", "HEAD")
    (ada / ".git" / "objects" / head[:2] / head[2:]).unlink()
    (found,) = taken(tmp_path, submitted(ada))
    assert found.problem.startswith("its git history can't be read: ")
    assert found.in_time
    (now,) = versions_now([submitted(ada)])
    assert now.problem == ""
    assert now.notes[0].startswith("nothing says when it was submitted: its git history can't be read")


def test_an_archive_of_a_clone(tmp_path: Path, ada: Path) -> None:
    archive = Path(shutil.make_archive(str(tmp_path / "carol"), "zip", ada.parent, "ada"))
    (found,) = taken(tmp_path, submitted(archive))
    assert found.commit == git(ada, "rev-parse", "HEAD~2")
    assert found.path is not None
    assert (found.path.name, (found.path / "labs" / "work.py").read_text(encoding="utf-8")) == ("carol", "x = 1\n")


def test_a_shallow_clone_says_that_it_is_one(tmp_path: Path, ada: Path) -> None:
    clone = tmp_path / "dave"
    git(tmp_path, "clone", "-q", "--depth=1", f"file://{ada}", str(clone))
    (found,) = taken(tmp_path, submitted(clone))
    assert found.problem.endswith("in a shallow clone, which has the newest ones only: clone it in full")
    assert not found.in_time


def test_without_a_time_the_newest_commit_says_when(tmp_path: Path, ada: Path) -> None:
    by_git, by_roster, none = versions_now([
        submitted(ada), submitted(ada, submitted_at=AT), submitted(tmp_path),
    ])  # fmt: skip
    assert (by_git.version_at, by_git.version_by) == (dt.datetime(2026, 12, 1, 19, 0, tzinfo=dt.UTC), "the date of its last commit")
    assert (by_roster.version_at, by_roster.version_by) == (AT, "submitted_at")
    assert (none.version_at, by_git.path, by_git.commit) == (None, ada, "")


def test_nothing_is_written_through_a_link(tmp_path: Path) -> None:
    """git reads trees that no git would make, where a name is a link and a folder at once; a link is in that folder."""
    folder, outside = tmp_path / "class" / "eve", tmp_path / "outside"
    outside.mkdir()
    commit(folder, "2026-11-30T20:00:00+01:00", {"work.py": "x = 1\n"})

    away, target = (
        subprocess.run(["git", "hash-object", "-w", "--stdin"], cwd=folder, input=text, capture_output=True, text=True)
        for text in (str(outside), "/etc/passwd")
    )
    inner = tree(folder, ("120000", "planted", target.stdout.strip()))
    top = tree(folder, ("120000", "lib", away.stdout.strip()), ("40000", "lib", inner))
    eve = git(folder, "commit-tree", "-m", "A tree", top, at="2026-11-30T21:00:00+01:00")
    git(folder, "update-ref", "HEAD", eve)
    (found,) = taken(tmp_path, submitted(folder))
    assert not list(outside.iterdir())
    assert "lib/planted: in what is also a link; left out" in found.notes
