"""The scorecard of a quick look: it says so, is read again as it was written, and is accepted for no mark."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from graders.cli import main
from graders.commands.export import MANY, ONE, SHEETS
from graders.core.errors import UsageError
from graders.core.exit_codes import ExitCode
from graders.core.paths import REPOSITORY
from graders.core.verdicts import Verdict
from graders.framework.definition import Criterion
from graders.options import ReportOptions
from graders.outcomes import exit_code
from graders.pipeline.output import holds_full_grading, write_results
from graders.reports import terminal
from graders.reports.formats import classroom50, gradebook, gradescope, reporter
from graders.reports.html import render_page
from graders.scoring import CheckOutcome, LabScore, Scorecard, score_criterion
from tests.reports.page import parse

SCHEMA = json.loads((REPOSITORY / "docs" / "scorecard.schema.json").read_text(encoding="utf-8"))


def earned(identifier: str) -> CheckOutcome:
    return CheckOutcome(identifier, "int8-drawn", Verdict.EARNED, None, {})


def card(*, quick: bool = True, submission: str = "ada") -> Scorecard:
    """One criterion earned so far, one not looked at; or both looked at in full."""
    scores = (
        score_criterion(Criterion("lx.a", "A", 1.0, "tests"), [earned("lx.a")], ["int8-0.01"] if quick else []),
        score_criterion(
            Criterion("lx.b", "B", 2.0, "tests"), [] if quick else [earned("lx.b")], ["b"] if quick else []
        ),
        score_criterion(Criterion("lx.q", "Q", 0.5, "person"), []),
    )
    lab = LabScore(lab="lx_lab", title="Lab", criteria=scores)
    timing = {"wall_s": 1.0, "student_cpu_s": 1.0}
    return Scorecard(
        submission=submission,
        profile="embedded",
        seed=1,
        tier="strict",
        missing=(),
        labs=(lab,),
        quick=quick,
        timing=timing,
    )


@pytest.mark.parametrize("quick", [True, False])
def test_written_and_read_again(quick: bool) -> None:
    """It fits the schema, and the reader gives back what was written; a full grading's has none of the new keys."""
    scorecard = card(quick=quick)
    document = json.loads(scorecard.dumps())
    jsonschema.Draft202012Validator(SCHEMA).validate(document)
    assert Scorecard.from_json(document) == scorecard
    assert ("quick" in document) == quick
    assert ("left_out" in document["labs"][0]["criteria"][0]) == quick


@pytest.mark.parametrize(
    "give",
    [
        lambda scorecard: scorecard.require_scored(),
        gradescope.results,
        reporter.result,
        lambda scorecard: classroom50.result(scorecard, classroom50.identity_of({}, "2026-11-30T00:00:00Z")),
        lambda scorecard: gradebook.skip_reason(scorecard, False),
    ],
)
def test_nothing_that_hands_out_a_mark_takes_it(give: Callable[[Scorecard], Any]) -> None:
    """Also where only the criteria say that runs were left out."""
    for scorecard in (card(), replace(card(), quick=False)):
        with pytest.raises(UsageError, match=r"ada: this is a quick look .*grade without --quick"):
            give(scorecard)


@pytest.mark.parametrize("target", [*ONE, *MANY, *SHEETS])
def test_export_refuses_it(target: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Whatever the format, in one clear line, with the exit code for usage; a full one beside it changes nothing."""
    for name, scorecard in (("one", card()), ("two", card(quick=False))):
        (tmp_path / name).mkdir()
        write_results(scorecard, None, tmp_path / name)
    source = tmp_path if target in (*MANY, *SHEETS) else tmp_path / "one"
    assert main(["export", str(source), "--to", target]) == ExitCode.USAGE
    out = capsys.readouterr()
    (line,) = out.err.splitlines()
    assert "quick look (--quick), which gives no mark" in line
    assert str(tmp_path / "one" / "scorecard.json") in line
    assert not out.out


def test_no_file_for_marks(tmp_path: Path) -> None:
    """A quick look has none, though something is graded manually."""
    write_results(card(), None, tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["scorecard.json"]


def test_what_holds_a_full_grading(tmp_path: Path) -> None:
    """A scorecard that is no quick look's, and whatever can't be read."""
    assert not holds_full_grading(tmp_path)
    write_results(card(), None, tmp_path)
    assert not holds_full_grading(tmp_path)
    write_results(card(quick=False), None, tmp_path)
    assert holds_full_grading(tmp_path)
    (tmp_path / "scorecard.json").write_text("{")
    assert holds_full_grading(tmp_path)


def test_exit_code_goes_by_what_was_looked_at(tmp_path: Path) -> None:
    """0 if nothing was lost there; points lost and what is unscored end as in a full grading."""
    report = ReportOptions(folder=tmp_path)
    assert exit_code(card(), report, 0, ExitCode.OK) == ExitCode.OK
    assert exit_code(card(), report, 3, ExitCode.OK) == ExitCode.UNSCORED
    lost = CheckOutcome("lx.c", "run", Verdict.LOST, None, {})
    worse = score_criterion(Criterion("lx.c", "C", 1.0, "tests"), [lost], ["other"])
    (lab,) = card().labs
    with_loss = replace(card(), labs=(replace(lab, criteria=(*lab.criteria, worse)),))
    assert exit_code(with_loss, report, 0, ExitCode.LOST) == ExitCode.LOST


def test_shown_as_what_it_is(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """In Markdown, on the terminal and on the page: what was looked at, what was not, and that it is no mark."""
    write_results(card(), None, tmp_path)
    assert main(["report", str(tmp_path / "scorecard.json"), "--summary"]) == ExitCode.OK
    text = capsys.readouterr().out
    assert text.startswith("## ada: 1 of 1 points so far in a quick look, which is no mark; 2 not looked at, 0.5 more to be")
    assert "| Lab | 1 | 1 | 0.5 |" in text
    assert "earned so far" in text
    assert "2 not looked at" in text
    assert list(terminal.left_out_lines(card()))[1] == "not looked at in quick mode: lx.b"
    assert list(terminal.score_lines(card())) == [
        "lx_lab  1 of 1 points so far, 2 not looked at, 0.5 more to be graded manually"
    ]
    page = parse(render_page(card())).text()
    assert "A quick look, no full grading" in page
    assert "1 of 1 automatic points looked at so far" in " ".join(page.split())
    assert "Full marks" not in page
    assert "A quick look" not in parse(render_page(card(quick=False))).text()
    assert not list(terminal.left_out_lines(card(quick=False)))
