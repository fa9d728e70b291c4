"""``--quick``: some runs of each lab, results as they come, and nothing that passes for a full grading."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from graders.core.paths import REPOSITORY
from tests.plugin.small_lab import QUICK, RIGHT, WRONG, make_lab, make_submission

SCHEMA = json.loads((REPOSITORY / "docs" / "scorecard.schema.json").read_text(encoding="utf-8"))
EVERYTHING_LOOKED_AT, LOST, UNSCORED, USAGE = 0, 1, 3, 4


@pytest.fixture
def grade(run: Callable[..., Any], tmp_path: Path) -> Callable[..., tuple[Any, Any]]:
    """Grades this code with the small lab; how pytest ended, and the scorecard if there is one."""

    def call(code: str, *options: str, quick: str = QUICK, report: str = "report") -> tuple[Any, Any]:
        lab = tmp_path / "labs" / "small_lab"
        if not lab.is_dir():
            make_lab(tmp_path, quick)
        folder = tmp_path / "ada"
        submission = folder if folder.is_dir() else make_submission(tmp_path, code)
        (submission / "small_lab" / "double.py").write_text(code, encoding="utf-8")
        told = (f"--labs={lab}", "--lab=small_lab", f"--submission={submission}", f"--report-dir={tmp_path / report}")
        ended = run("graders", *told, *options)
        path = tmp_path / report / "scorecard.json"
        return ended, json.loads(path.read_text(encoding="utf-8")) if path.is_file() else None

    return call


def verdicts(card: Any) -> dict[str, str]:
    """Each criterion's verdict, with the runs that were left out."""
    return {
        each["id"]: " without ".join([each["verdict"], *each.get("left_out", [])])
        for each in card["labs"][0]["criteria"]
    }


def test_right_work(grade: Callable[..., tuple[Any, Any]], tmp_path: Path) -> None:
    """Only the listed runs are made; what was left out is no loss, and the exit code is 0. The report says what it is."""
    ended, card = grade(RIGHT, "--quick")
    assert ended.code == EVERYTHING_LOOKED_AT, ended.out
    assert card["quick"] is True
    jsonschema.Draft202012Validator(SCHEMA).validate(card)
    assert [each["run"] for each in card["labs"][0]["runs"]] == ["shown", "values-drawn"]
    assert verdicts(card) == {
        "small.shown": "earned",
        "small.values": "earned without values-1",
        "small.first": "not_looked_at without values-1",
        "small.runs": "earned without values-1",
    }
    assert card["points"] == {"earned": 3.5, "automatic": 4.5, "pending": 0, "maximum": 4.5}
    assert "not looked at in quick mode: small.first" in ended.lines
    assert "earned so far: Any value is doubled" in ended.out
    assert ended.lines[-1] == "small_lab  3.5 of 3.5 points so far, 1 not looked at"
    page = (tmp_path / "report" / "report.html").read_text(encoding="utf-8")
    assert "A quick look, no full grading" in page
    assert "looked at in part" in page
    assert not (tmp_path / "report" / "marks.toml").exists()


def test_verdicts_come_before_the_last_run_has_ended(grade: Callable[..., tuple[Any, Any]]) -> None:
    """Each criterion has its line as soon as its checks are made: the one of the first run stands before the last run's."""
    ended, _ = grade(RIGHT, "--quick", "--workers=1", "--no-cache")
    lines = [line for line in ended.lines if "[2/2]" in line or "small.shown" in line]
    assert ["small.shown" in line for line in lines] == [True, False]


def test_wrong_work_is_found_by_the_hidden_value(grade: Callable[..., tuple[Any, Any]]) -> None:
    """A loss is a loss so far, with its reason, and exit code 1."""
    ended, card = grade(WRONG, "--quick")
    assert ended.code == LOST
    assert verdicts(card)["small.values"] == "lost without values-1"
    assert "Return twice the value." in ended.out


def test_a_full_grading_then_only_does_the_rest(grade: Callable[..., tuple[Any, Any]]) -> None:
    """The quick look's runs have the same hidden values and the same keys in the cache: both ways."""
    _, look = grade(RIGHT, "--quick")
    _, full = grade(RIGHT)
    assert (full["timing"]["student_runs"], full["timing"]["kept_runs"]) == (1, 2)
    assert full["labs"][0]["seed"] == look["labs"][0]["seed"]
    by_run = [{each["run"]: each.get("evidence") for each in card["labs"][0]["runs"]} for card in (look, full)]
    assert by_run[0]["values-drawn"] == by_run[1]["values-drawn"]
    assert "quick" not in full
    _, again = grade(RIGHT, "--quick", report="other")
    assert (again["timing"]["student_runs"], again["timing"]["kept_runs"]) == (0, 2)


def test_a_full_grading_is_not_replaced(grade: Callable[..., tuple[Any, Any]], tmp_path: Path) -> None:
    """A report folder with a full grading is refused, in one line; a full grading does replace a quick look."""
    grade(RIGHT, "--quick")
    grade(RIGHT)
    before = (tmp_path / "report" / "scorecard.json").read_bytes()
    ended, _ = grade(RIGHT, "--quick")
    assert ended.code == USAGE
    assert "has the report of a full grading, which a quick look does not replace" in ended.err
    assert (tmp_path / "report" / "scorecard.json").read_bytes() == before


@pytest.mark.parametrize("option", ["--fail-under=1", "--marks=marks.toml"])
def test_what_needs_a_mark_is_refused(option: str, grade: Callable[..., tuple[Any, Any]]) -> None:
    """One line says that a quick look gives none."""
    ended, card = grade(RIGHT, "--quick", option)
    assert ended.code == USAGE
    assert f"--quick gives no mark, so {option.partition('=')[0]} needs a full grading" in ended.err
    assert card is None


def test_a_run_that_the_lab_does_not_have(grade: Callable[..., tuple[Any, Any]]) -> None:
    """A slip in the list of lab.toml is a usage error that names the file, the run, and those that there are."""
    ended, card = grade(RIGHT, "--quick", quick='quick = ["values-drwn"]')
    assert ended.code == USAGE
    assert "'quick' lists 'values-drwn', but the lab has no such run; it has shown, values-1, values-drawn" in ended.err
    assert card is None


@pytest.mark.parametrize(("quick", "runs"), [("", ["shown", "values-drawn"]), ("quick = []", [])])
def test_a_lab_without_a_list_and_one_without_runs(
    quick: str, runs: list[str], grade: Callable[..., tuple[Any, Any]]
) -> None:
    """Without a list, one run of each kind; with an empty one, none, and everything that needs a run is left out."""
    ended, card = grade(RIGHT, "--quick", quick=quick)
    assert ended.code == EVERYTHING_LOOKED_AT, ended.out
    assert [each["run"] for each in card["labs"][0]["runs"]] == runs
    left_out = {name for name, verdict in verdicts(card).items() if verdict.startswith("not_looked_at")}
    assert left_out == ({"small.first"} if runs else set(verdicts(card)))


def test_with_k_it_is_unscored_as_ever(grade: Callable[..., tuple[Any, Any]]) -> None:
    """What -k deselects is unscored, what the quick look left out is not, and the exit code says that something is."""
    ended, card = grade(RIGHT, "--quick", "-k", "example")
    assert ended.code == UNSCORED
    found = verdicts(card)
    assert found["small.shown"] == "earned"
    assert found["small.values"] == "unscored"
    assert found["small.first"] == "not_looked_at without values-1"


def test_nothing_to_look_at(run: Callable[..., Any], tmp_path: Path) -> None:
    """A submission without the lab: what needs its runs is missing, as in a full grading, and nothing is imported."""
    (tmp_path / "ada").mkdir()
    report = tmp_path / "report"
    told = (f"--submission={tmp_path / 'ada'}", "--quick", f"--report-dir={report}")
    ended = run("graders", *told, plugins=("unused_servers", "imported"))
    assert ended.code == LOST
    card = json.loads((report / "scorecard.json").read_text(encoding="utf-8"))
    assert {each["verdict"] for lab in card["labs"] for each in lab["criteria"]} == {
        "missing", "pending", "not_looked_at",
    }  # fmt: skip
    assert not {name.split(".")[0] for name in ended.imported} & {"tensorflow", "sklearn", "ai_edge_litert"}
