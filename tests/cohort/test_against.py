"""A class graded again elsewhere: whose points change, by how much, and why, before anything is handed out."""

from __future__ import annotations

import copy
import shutil
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from graders.cohort.against import Comparison, compare_with, render_changes
from graders.cohort.engine.fingerprint import fingerprint
from graders.cohort.store import open_finished, open_store
from graders.core.errors import UsageError
from graders.framework import registry
from graders.profiles import choose
from graders.sandbox import choose as choose_isolation
from tests.reports.page import parse

from .classes import submission
from .test_deadlines_and_marks import Class, scheduler  # noqa: F401  a fixture
from .test_page import documents, fill

pytestmark = pytest.mark.process


def graded(folder: Path, cards: list[dict[str, object]], **parts: str) -> Path:
    """A class's folder with these scorecards, whose results depend on these parts."""
    folder.mkdir()
    with open_store(folder) as store:
        fill(store, cards, parts={"code": "a", "labs": "a", "thresholds": "a", "libraries": "a", "submission": "a"} | parts)
    return folder


def compared(old: Path, new: Path) -> Comparison:
    with open_finished(new) as store:
        return compare_with(old, store)


@pytest.mark.parametrize(
    ("part", "why"),
    [
        ("submission", "the submission"), ("labs", "the lab"), ("thresholds", "the lab's thresholds"),
        ("libraries", "the environment"), ("processor", "the environment"), ("code", "the grader's code"),
    ],
)  # fmt: skip
def test_a_change_is_named_with_its_reason(tmp_path: Path, part: str, why: str) -> None:
    cards = [*documents(4)]
    changed = copy.deepcopy(cards)
    criterion = next(each for each in changed[2]["labs"][0]["criteria"] if each["verdict"] == "earned" and each["earned"])
    taken = criterion["earned"]
    criterion |= {"verdict": "lost", "earned": 0, "reason": {"measured": "x <b>", "expected": "", "cause": "", "next": ""}}
    for points in (changed[2]["points"], changed[2]["labs"][0]["points"]):
        points["earned"] = round(points["earned"] - taken, 2)
    old, new = graded(tmp_path / "old", cards, processor="a"), graded(tmp_path / "new", changed, **{"processor": "a", part: "b"})
    found = compared(old, new)
    assert (len(found.changes), len(found.moved), found.same) == (1, 1, 3)
    (change,) = found.changes
    assert (change.name, change.points, change.why) == ("student0002", -Decimal(str(taken)), (why,))
    assert [each.criterion for each in change.criteria] == [criterion["id"]]
    assert why in str(change)
    page = parse(render_changes(found))
    assert f"{criterion['id']}: earned, " in page.text()
    assert "x <b>" in page.text()


def test_whoever_was_graded_once_is_named(tmp_path: Path) -> None:
    cards = [*documents(3)]
    found = compared(graded(tmp_path / "old", cards[:2]), graded(tmp_path / "new", cards[1:]))
    assert {each.name: each.state for each in found.changes} == {
        "student0000": "not among the submissions now",
        "student0002": "not among the submissions before",
    }
    assert found.same == 1
    assert all(each.why == ("it was not graded both times",) for each in found.changes)


def test_marks_and_lateness_are_reasons(tmp_path: Path, scheduler: str) -> None:  # noqa: F811
    class_ = Class(tmp_path, scheduler)
    class_.grade()
    old = tmp_path / "old"
    shutil.copytree(class_.out, old)
    before = {path: path.read_bytes() for path in old.rglob("*") if path.is_file()}
    submission(class_.folder / "class" / "fred", "answer something")
    shutil.rmtree(class_.out)
    class_.grade()
    result = class_.with_policy(marks=class_.mark("", scale="1"), against=old)
    assert result.comparison is not None
    found = {each.name: each.why for each in result.comparison.changes}
    late = "the late policy, or when it was submitted"
    assert found == {"bob": (late,), "team": (late,), "carol": ("manual marks",)}
    assert {path: path.read_bytes() for path in old.rglob("*") if path.is_file()} == before, "nothing there is changed"
    assert (class_.out / "changes.html").is_file()
    class_.with_policy()
    assert not (class_.out / "changes.html").exists(), "it would be of another run"


def test_a_comparison_that_can_not_be_made_is_refused_before_anything_is_graded(tmp_path: Path, scheduler: str) -> None:  # noqa: F811
    class_ = Class(tmp_path, scheduler)
    with pytest.raises(UsageError, match=r"--against .*gone: no cohort.sqlite in it: name the --report-dir of a class"):
        class_.grade(against=tmp_path / "gone")
    with pytest.raises(UsageError, match="that is the --report-dir"):
        class_.grade(against=class_.out)
    assert not (class_.out / "reports").exists()


def test_thresholds_are_a_part_of_their_own(tmp_path: Path) -> None:
    (plugin,) = registry.select_labs(["l02"], [])
    folder = tmp_path / "l02_quantization"
    shutil.copytree(plugin.lab.folder, folder, ignore=shutil.ignore_patterns("__pycache__"))
    lab = replace(plugin.lab, folder=folder)
    profile, isolation = choose("embedded", None, None), choose_isolation("auto")

    def parts() -> dict[str, str]:
        return fingerprint([lab], profile, isolation)

    def different() -> set[str]:
        return {name for name, value in parts().items() if value != first[name]}

    first = parts()
    name, value = next(iter(lab.thresholds.items()))
    text = (folder / "lab.toml").read_text(encoding="utf-8")
    (folder / "calibration.toml").write_text("# another origin\n", encoding="utf-8")
    assert different() == set()
    lab = replace(lab, thresholds={**lab.thresholds, name: value + 1})
    (folder / "lab.toml").write_text(text.replace("[thresholds]", "[thresholds]\nother = 1", 1), encoding="utf-8")
    assert different() == {"thresholds"}
    (folder / "lab.toml").write_text(text.replace("[limits]", "[limits]\nother = 1", 1), encoding="utf-8")
    assert different() == {"thresholds", "labs"}
