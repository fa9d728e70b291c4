"""What is different between two runs is listed by submission and criterion, with how much and the likely reason."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from graders.core.errors import UsageError
from graders.selftest.regression import Criterion, Record, Regression, differences, read_regression
from graders.selftest.regression.difference import NOTHING
from graders.selftest.regression.rendering import as_html, as_json, closing_lines

PARTS = {"libraries": "e", "data": "d", "code": "c", "labs": "l", "thresholds": "t", "submission": "s"}
EARNED = Criterion("earned", 1.0, 1.0, "", "")
LOST = Criterion("lost", 0.0, 1.0, "0.2 of the zeros", "Never fitted.")
RECORD = Record(name="mistakes/l03/never-fitted", title="Never fitted", parts=PARTS, criteria={"l03.zeros": EARNED})


def run(*records: Record) -> Regression:
    """A run of these records."""
    return Regression({record.name: record for record in records}, {"python": "3.11"})


def changed(**parts: str) -> Record:
    """The record with the criterion lost, and these parts of what it depends on changed."""
    return replace(RECORD, criteria={"l03.zeros": LOST}, parts={**PARTS, **parts})


def test_the_same_is_no_difference() -> None:
    """Neither seconds nor whether a result was cached make one."""
    again = replace(RECORD, seconds=5.0, cached=True)
    assert differences(run(RECORD), run(again)) == []


@pytest.mark.parametrize(
    ("part", "words"),
    [
        ("libraries", "the environment"),
        ("thresholds", "the lab's thresholds"),
        ("labs", "the lab"),
        ("data", "data sets or models"),
        ("code", "the grader's code"),
        ("submission", "the submission"),
    ],
)
def test_why(part: str, words: str) -> None:
    """The part whose hash is another one is named."""
    (change,) = differences(run(RECORD), run(changed(**{part: "other"})))
    assert change.why == words
    assert (change.submission, change.criterion) == (RECORD.name, "l03.zeros")
    assert (change.before, change.after) == ("earned, 1 of 1", "lost, 0 of 1")
    assert change.points == -1.0
    assert change.measured == "0.2 of the zeros"


def test_several_reasons() -> None:
    """All parts that changed are named; where none did, that is said."""
    (change,) = differences(run(RECORD), run(changed(labs="x", thresholds="y")))
    assert change.why == "the lab, the lab's thresholds"
    (change,) = differences(run(RECORD), run(changed()))
    assert change.why == NOTHING


def test_more_points_with_the_same_verdict() -> None:
    """A partial criterion that has other points is different."""
    one, other = (replace(RECORD, criteria={"x": Criterion("partial", points, 1.0, "", "")}) for points in (0.25, 0.5))
    (change,) = differences(run(one), run(other))
    assert change.points == 0.25


def test_entries_and_criteria_that_come_and_go() -> None:
    """A case that was added or taken away, and a criterion that was, are listed as such."""
    new = replace(RECORD, name="new")
    changes = differences(run(RECORD), run(new))
    assert {(change.submission, change.before, change.after) for change in changes} == {
        ("new", "new", "1 points"),
        (RECORD.name, "1 points", "gone"),
    }
    (change,) = differences(run(RECORD), run(replace(RECORD, criteria={})))
    assert (change.criterion, change.after) == ("l03.zeros", "not graded")


def test_entries_that_were_not_selected_are_not_gone() -> None:
    """An earlier run is narrowed down to the names that are graded now."""
    before = run(RECORD, replace(RECORD, name="other"))
    assert not differences(before.containing([RECORD.name]), run(RECORD))


def test_a_grading_that_failed() -> None:
    """It is a difference on its own."""
    changes = differences(run(RECORD), run(replace(RECORD, criteria={}, fault="the process ended")))
    assert [change.after for change in changes] == ["the process ended", "not graded"]


def test_a_run_is_read_again(tmp_path: Path) -> None:
    """What was written to a file comes back."""
    path = tmp_path / "run.json"
    found = run(RECORD, replace(RECORD, name="other", wrong=("x: lost",), fault="f", expected=True))
    path.write_text(found.dumps())
    assert read_regression(path) == found
    # The JSON with the differences can be read too.
    path.write_text(as_json(found, []))
    assert read_regression(path) == found


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"schema": "x"}', '{"schema": "optgrade/regression/v1"}', "null"])
def test_another_file_is_refused(text: str, tmp_path: Path) -> None:
    """One line says what was expected."""
    path = tmp_path / "run.json"
    path.write_text(text)
    with pytest.raises(UsageError, match=r"run\.json") as caught:
        read_regression(path)
    assert "\n" not in str(caught.value)
    with pytest.raises(UsageError, match="--save"):
        read_regression(tmp_path / "none.json")


def test_the_closing_lines() -> None:
    """What is wrong, what is different, and the sums."""
    wrong = replace(RECORD, wrong=("l03.zeros: lost with 0 points; expected earned with 1",))
    changes = differences(run(RECORD), run(changed(code="new")))
    lines = list(closing_lines(run(wrong, replace(RECORD, name="fine", cached=True)), changes))
    assert f"{RECORD.name}: Never fitted" in lines
    assert any("expected earned with 1" in line for line in lines)
    assert any("earned, 1 of 1  ->  lost, 0 of 1  (-1 points)" in line for line in lines)
    assert lines[-1] == "1 of 2 as expected; 1 unchanged and not graded again"


def test_what_students_write_is_disarmed() -> None:
    """No command of a workflow's runner and no HTML survives."""
    evil = replace(changed(), name="<script>x</script>", title="::error::x", wrong=("::set-output a\n::error::y",))
    changes = differences(run(replace(RECORD, name=evil.name)), run(evil))
    lines = "\n".join(closing_lines(run(evil), changes))
    assert "::" not in lines
    page = as_html(run(evil), changes)
    assert "<script>" not in page
    assert "&lt;script&gt;" in page


def test_the_page() -> None:
    """It shows what is wrong, what is different and why, and every entry."""
    wrong = replace(RECORD, wrong=("l03.zeros: lost",))
    page = as_html(run(wrong), differences(run(RECORD), run(changed(thresholds="new"))))
    for text in ("0 of 1 as expected", "l03.zeros: lost", "lost, 0 of 1", "the lab&#39;s thresholds", "Never fitted"):
        assert text in page
    assert "Different from before" not in as_html(run(RECORD), None)
