"""A submission's git history: a bundle, or a ``.git`` folder, which is written as a ZIP archive here."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import zipfile
from collections.abc import Sequence
from functools import cache
from pathlib import Path, PurePosixPath

from graders.core.errors import RunError
from graders.core.paths import LABS
from graders.framework.checks import CheckFailed, NeedsManualReview
from graders.framework.lab_toml import load
from graders.framework.static_review import ReviewedHistory, require_history, review_history
from graders.framework.static_review_charts import history_chart
from graders.submission.history import NoHistory, read_history
from tests.fuzz import git_mutations
from tests.fuzz.git_mutations import change_bundle
from tests.fuzz.mutations import Member, archive_of, combined, members, members_of, plain, text
from tests.fuzz.target import MIB, Target, require_one_line, scratch

LAB = load(LABS / "l02_quantization")
FILE = 0o100644 << 16
TOKENS = (
    "ref: refs/heads/main", "ref: refs/heads/.invalid", "refs/heads/a/b", "refs/heads/../x", "gitdir: /", "../..", "0" * 40, "f" * 64, "bare = true", "[core]",
    "worktree = /", "[extensions]", "objectFormat = sha256", "partialClone = origin", "/objects", "^", "# pack-refs with: peeled",
)  # fmt: skip


def run(data: bytes) -> None:
    folder = scratch() / "history"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    if data.startswith(b"PK"):
        lay_out(members_of(data), folder)
    else:
        (folder / "history.bundle").write_bytes(data)
    found = read_history(folder, LAB.paths, given={"README.md": frozenset({"a" * 40})})
    if isinstance(found, NoHistory):
        require_one_line(found.reason)
        require_one_line(found.next)
        return
    for note in found.notes:
        require_one_line(note)
    try:
        reviewed = review_history(found, LAB)
    except RunError as error:
        require_one_line(error)
        return
    check(reviewed)


def check(reviewed: ReviewedHistory) -> None:
    """What the lab's criteria and its report make of it."""
    history_chart(reviewed).to_json()
    assert abs(sum(score.share for score in reviewed.scores.values()) - 1) < 1e-9
    for name, score in reviewed.scores.items():
        assert score.holds is None or 0 <= score.holds <= 1
        require_one_line(score.measured)
        try:
            require_history(reviewed.scores, name)
        except (CheckFailed, NeedsManualReview) as failed:
            require_one_line(failed.measured)


def lay_out(files: Sequence[Member], folder: Path) -> None:
    """Files below ``folder``, and links, which lead wherever they say."""
    for name, content, attributes, _ in files:
        parts = PurePosixPath(name).parts
        if ".." in parts or name.startswith("/") or not parts:
            continue
        place = folder.joinpath(*parts)
        try:
            place.parent.mkdir(parents=True, exist_ok=True)
            # A second file of the name of a link or a pipe would be written to where that leads.
            if os.path.lexists(place) or not place.parent.resolve().is_relative_to(folder):
                continue
            if attributes >> 28 == 0o12:
                place.symlink_to(os.fsdecode(content[:200]))
            elif attributes >> 28 == 0o01:
                os.mkfifo(place)
            else:
                place.write_bytes(content)
        except (OSError, ValueError):
            continue


@cache
def seeds() -> Sequence[bytes]:
    work = scratch() / "seed"
    lab, page = "dl_in_iot_course/l02_quantization/quantization_experiments.py", "summaries/l02_quantization/summary.md"
    _git(work, "init", "-q", "-b", "main", str(work))
    for number, (path, content, subject) in enumerate((
        ("README.md", "x\n", "Start"), (lab, "class FP32Model:\n    pass\n", "Convert to FP32"), (lab, "class FP32Model:\n    x = 1\n", "Quantise"),
        (page, "# Summary\n\n0.93\n", "Write the summary"), ("model.tflite", "\0\0\0\0TFL3" + "x" * 2000, "wip"),
    )):  # fmt: skip
        (work / path).parent.mkdir(parents=True, exist_ok=True)
        (work / path).write_text(content)
        _git(work, "add", "-A")
        _git(work, "commit", "-q", "-m", subject, when=1_760_000_000 + number * 86_400)
    _git(work, "checkout", "-q", "-b", "side", "HEAD~2")
    (work / "notes.md").write_text("notes\n")
    _git(work, "add", "-A")
    _git(work, "commit", "-q", "-m", "Add notes", when=1_760_600_000)
    _git(work, "checkout", "-q", "main")
    _git(work, "merge", "-q", "--no-edit", "side", when=1_760_700_000)
    made = [_zipped(work)]
    bundle = work / "history.bundle"
    for depth in ("50", "0"):
        _git(work, "-c", f"pack.depth={depth}", "bundle", "create", "-q", str(bundle), "--all")
        made.append(bundle.read_bytes())
    _git(work, "repack", "-a", "-d", "-q")
    _git(work, "pack-refs", "--all")
    made.append(_zipped(work))
    shutil.rmtree(work)
    return made


def _git(folder: Path, *arguments: str, when: int = 1_760_000_000) -> None:
    folder.mkdir(exist_ok=True)
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder), "GIT_CONFIG_NOSYSTEM": "1", "LC_ALL": "C"}
    for who in ("AUTHOR", "COMMITTER"):
        environment |= {f"GIT_{who}_NAME": "Ada Student", f"GIT_{who}_EMAIL": "ada@example.org", f"GIT_{who}_DATE": f"{when} +0000"}
    subprocess.run(["git", "-C", str(folder), *arguments], env=environment, check=True, capture_output=True)


def _zipped(work: Path) -> bytes:
    """The ``.git`` folder's files, without the samples of hooks."""
    files = sorted(path for path in (work / ".git").rglob("*") if path.is_file() and "hooks" not in path.parts)
    return archive_of([(path.relative_to(work).as_posix(), path.read_bytes(), FILE, zipfile.ZIP_STORED) for path in files])


def member(draw: random.Random, data: bytes) -> bytes:
    """One file of the folder: an object, a list of refs, an index."""
    if data.startswith(b"x"):
        return git_mutations.change_loose(draw, data)
    return plain(draw, data) if b"\0" in data else text(*TOKENS)(draw, data)


def change(draw: random.Random, data: bytes) -> bytes:
    """As bundles or as archives are changed."""
    return members(member)(draw, data) if data.startswith(b"PK") else change_bundle(draw, data)


TARGET = Target(
    name="history", reads="git bundles and `.git` folders", run=run, seeds=seeds, mutate=combined(change), suffix=".git-input",
    cpu_s=20.0, memory=512 * MIB, max_bytes=1 << 18, few=120,
)  # fmt: skip
