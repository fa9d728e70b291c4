"""Whole submissions of the corpus: what their files must say, how their history grows, and what differs from a grading."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from graders.core.errors import UsageError
from graders.core.verdicts import Verdict
from graders.selftest.corpus import taught as module
from graders.selftest.corpus.tables import CaseError
from graders.selftest.corpus.taught import all_taught, build_taught, load_taught, taught_mismatches

HEAD = 'title = "A submission"\nwhy = "To be read."\nlabs = ["l02_quantization"]\n'
COMMIT = """
[[commits]]
date = "2026-11-0{day}T18:00:00+01:00"
author = "Jan Kowalski <jan@example.org>"
subject = "Step {day}"
paths = ["{path}"]
"""
LOST = """
[[lost]]
criterion = "l02.int8.quantise"
points = 0.75
because = "values are cast without a clip"
names = ["clip|saturat"]
"""


def written(folder: Path, text: str) -> Path:
    (folder / "one").mkdir()
    (folder / "one" / "code.py").write_text("a = 1\nb = 2\n")
    cells = [{"cell_type": "code", "source": [], "outputs": [], "metadata": {}, "execution_count": n} for n in (1, 2)]
    (folder / "one" / "book.ipynb").write_text(json.dumps({"cells": cells, "metadata": {}}))
    path = folder / "one.toml"
    path.write_text(text)
    return path


def test_the_set_is_read() -> None:
    """Every submission of the set is valid, and its history can be made."""
    found = all_taught()
    assert {lab.short for taught in found for lab in taught.labs} >= {"l02", "l03", "mnist"}
    assert any(taught.lost for taught in found)
    assert any(not taught.lost for taught in found)


@pytest.mark.parametrize("taught", all_taught(), ids=lambda taught: taught.path.stem)
def test_a_repository_is_made(taught: module.Taught, tmp_path: Path) -> None:
    """Its commits are in the repository, and the last one leaves nothing of what it holds changed."""
    folder = build_taught(taught, tmp_path / "made")
    if taught.history is None:
        return
    count = subprocess.run(["git", "rev-list", "--count", "HEAD"], cwd=folder, capture_output=True, check=True)
    assert int(count.stdout) == len(taught.history.steps)
    changed = subprocess.run(["git", "diff", "--name-only", "HEAD"], cwd=folder, capture_output=True, check=True)
    assert not changed.stdout


def test_a_file_grows_with_its_commits(tmp_path: Path) -> None:
    """Each commit that names a path adds its share, of lines or of cells."""
    text = HEAD + COMMIT.format(day=1, path="code.py") + COMMIT.format(day=2, path="book.ipynb")
    text += COMMIT.format(day=3, path="code.py") + COMMIT.format(day=4, path="book.ipynb")
    folder = build_taught(load_taught(written(tmp_path, text)), tmp_path / "made")

    def at(commit: str, path: str) -> str:
        done = subprocess.run(["git", "show", f"{commit}:{path}"], cwd=folder, capture_output=True, check=True)
        return done.stdout.decode()

    assert at("HEAD~3", "code.py") == "a = 1\n"
    assert at("HEAD", "code.py") == "a = 1\nb = 2\n"
    assert [cell["execution_count"] for cell in json.loads(at("HEAD~2", "book.ipynb"))["cells"]] == [1]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (HEAD + 'more = "x"\n', "unknown key 'more'"),
        (HEAD + "title", "one.toml: "),
        (HEAD.replace("l02_quantization", "l09"), "l09"),
        (HEAD + LOST.replace("0.75", "3"), "3 points of l02.int8.quantise; it has 0.75"),
        (HEAD + LOST.replace("int8.quantise", "question.1"), "no criterion that tests decide"),
        (HEAD + 'pending = ["l02.nothing"]\n', "no criterion that tests decide"),
        (HEAD + COMMIT.format(day=1, path="none.py"), "there is no none.py to commit"),
        (HEAD + COMMIT.format(day=1, path="../x"), "expected a path below the submission"),
        (HEAD + COMMIT.format(day=1, path="code.py").replace("+01:00", ""), "expected a time zone"),
        (HEAD + COMMIT.format(day=1, path="code.py").replace("2026", "20x6"), "date: "),
        (HEAD + COMMIT.format(day=1, path="code.py").replace("<jan@example.org>", ""), "expected a name and an address"),
    ],
)
def test_a_wrong_file(text: str, message: str, tmp_path: Path) -> None:
    """Each is named in one line."""
    with pytest.raises((CaseError, UsageError), match=message) as caught:
        load_taught(written(tmp_path, text))
    assert "\n" not in str(caught.value)


def score(name: str, earned: float, maximum: float, verdict: Verdict, cause: str = "") -> Any:
    reason = SimpleNamespace(measured="m", cause=cause, next="n") if cause else None
    return SimpleNamespace(id=name, earned=earned, maximum=maximum, verdict=verdict, reason=reason, bonus=False)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (score("l02.int8.quantise", 0, 0.75, Verdict.LOST, "Values wrap: there is no clip."), None),
        (score("l02.int8.quantise", 0, 0.75, Verdict.LOST, "Something."), "no reason says 'clip|saturat'"),
        (score("l02.int8.quantise", 0.75, 0.75, Verdict.EARNED), "expected 0, since values are cast"),
        (score("l02.int8.quantise", 0, 0.75, Verdict.UNSCORED, "clip"), "unscored with 0 points"),
        (score("l02.int8.size", 0.1, 0.25, Verdict.PARTIAL, "Large."), "l02.int8.size: partial with 0.1 points"),
        (score("l02.int8.size", 0, 0.25, Verdict.PENDING, "Unsure."), "l02.int8.size: pending with 0 points"),
        (score("l02.question.1", 0, 0.5, Verdict.PENDING, "A person marks it."), None),
        (score("l02.question.1", 0, 0.5, Verdict.LOST, "None."), "l02.question.1: lost; expected to be pending"),
    ],
)
def test_differences(given: Any, expected: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Points that differ by a step, a loss that is not named, and what is not pending are each a difference."""
    monkeypatch.setattr(module, "about_output", lambda *_, **__: [])
    taught = load_taught(written(tmp_path, HEAD + LOST))
    criteria = {"l02.int8.quantise": score("l02.int8.quantise", 0, 0.75, Verdict.LOST, "no clip"), given.id: given}
    found = taught_mismatches(taught, SimpleNamespace(criteria=criteria))
    assert len(found) == (expected is not None)
    assert expected is None or expected in found[0]
