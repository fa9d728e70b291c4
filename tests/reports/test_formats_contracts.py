"""Each format is what really reads it expects: schemas and rules written down from the readers' own pages and code."""

from __future__ import annotations

import base64
import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import jsonschema
import pytest
from hypothesis import given

from graders.core.errors import UsageError
from graders.reports.formats import classroom50, github, gradescope, junit, reporter, summary
from graders.scoring import Scorecard

from . import hostile, samples
from .cards import documents
from .labs import Json

SCHEMAS = Path(__file__).resolve().parents[1] / "data" / "schemas"
IDENTITY = classroom50.Identity(
    classroom="cs-principles",
    assignment="lab2",
    assignment_type="individual",
    owner="alice",
    submission="submit/2026-06-01T14-32-05Z-a1b2c3d",
    commit="https://github.com/o/r/commit/a1b2c3d",
    release="https://github.com/o/r/releases/tag/x",
    review="https://github.com/o/r/commit/a1b2c3d",
    datetime="2026-06-01T14:32:01Z",
)
SCORED_SAMPLES = [samples.full_marks, samples.five_mistakes, samples.broken]


def validator(name: str) -> jsonschema.Draft202012Validator:
    schema = json.loads((SCHEMAS / f"{name}.schema.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


@dataclass
class Reported:
    """What the reporter prints: the points of its notice, its log's table, and the lines of its tests."""

    points: tuple[float, float]
    table: float
    log: str


def javascript(results: Json) -> Reported:
    """The reporter's own reckoning (src/notify-classroom.js, console-results.js, dist/main.js), done here."""
    total = 0.0
    for test in results["tests"]:
        total += test["score"]
    passed = sum(test["status"] == "pass" for test in results["tests"])
    table = passed / len(results["tests"]) * (results["max_score"] or 0)
    log = []
    for test in results["tests"]:
        line = test.get("line_no", "undefined")
        log.append(f"{test['status']} {test['name']}{f' - line {line}' if line != 0 else ''}")
        if test["test_code"]:
            log.append(f"Test code:\n{test['test_code']}\n")
    return Reported((total, float(results["max_score"])), table, "\n".join(log))


@given(documents())
def test_gradescope(document: Json) -> None:
    """results.json is what the page on autograder specifications says, with nothing hidden that would hide the total."""
    told = json.loads(gradescope.results(Scorecard.from_json(document)))
    validator("gradescope-results").validate(told)
    assert {test["visibility"] for test in told["tests"]} <= {"visible"}
    assert {test["output_format"] for test in told["tests"]} <= {"text"}


def test_gradescope_leaves_pending_points_to_its_own_manual_grading() -> None:
    """A criterion that a person marks has no score there, so that it can't count as lost."""
    told = json.loads(gradescope.results(Scorecard.from_json(samples.full_marks()), "after_published"))
    assert told["visibility"] == "after_published"
    pending = [test for test in told["tests"] if "pending" in test["tags"]]
    assert pending
    assert all("score" not in test and "max_score" not in test and "status" not in test for test in pending)


@pytest.mark.parametrize(
    "broken",
    [
        {},
        {"tests": []},
        {"score": 1, "points": 2},
        {"score": 1, "visibility": "later"},
        {"score": 1, "tests": [{"score": 1}]},
    ],
)
def test_the_schema_of_gradescope_refuses(broken: Json) -> None:
    assert not validator("gradescope-results").is_valid(broken)


@given(documents())
def test_reporter(document: Json) -> None:
    """One line of base64 that fits an environment variable; its tests have all keys, and no code of ours."""
    encoded = reporter.result(Scorecard.from_json(document))
    assert re.fullmatch(r"[A-Za-z0-9+/=]+", encoded)
    assert len(encoded) < 128 * 1024 - 100
    decoded = json.loads(base64.b64decode(encoded))
    validator("autograding-result").validate(decoded)
    told = javascript(decoded)
    assert "undefined" not in told.log.replace("undefined behaviour", "")
    assert "Test code" not in told.log
    assert 0 <= told.table <= decoded["max_score"]
    whole = told.points[0] == told.points[1]
    assert decoded["status"] == ("pass" if whole else "fail")


def test_the_reporters_table_is_another_figure_than_its_points() -> None:
    """What docs/formats.md warns of: the table counts tests that passed, the notice adds their points."""
    told = javascript(reporter.document(Scorecard.from_json(samples.five_mistakes())))
    assert told.points[0] == pytest.approx(float(Scorecard.from_json(samples.five_mistakes()).points.earned))
    assert abs(told.table - told.points[0]) > 0.4


def test_a_huge_scorecard_still_fits_the_reporter() -> None:
    """A thousand criteria with a megabyte of text each come out short, and add up."""
    document = hostile.scorecard(hostile.HUGE)
    first = document["labs"][0]["criteria"][0] | {"verdict": "lost", "earned": 0.0, "maximum": 0.1}
    document["labs"] = [document["labs"][0] | {"lab": "x", "criteria": [first | {"id": f"x.{i}"} for i in range(1000)]}]
    document["points"] = {"earned": 0, "automatic": 100, "pending": 0, "maximum": 100}
    encoded = reporter.result(Scorecard.from_json(document))
    assert len(encoded) < 128 * 1024 - 100
    decoded = json.loads(base64.b64decode(encoded))
    validator("autograding-result").validate(decoded)
    assert javascript(decoded).points == (0.0, 100.0)
    assert len(summary.document([Scorecard.from_json(document)]).encode()) < 1024 * 1024


def test_nothing_but_pending_is_one_test_and_no_nan() -> None:
    """Where only a person marks, the reporter still divides by one test."""
    document = samples.full_marks()
    lab = document["labs"][0]
    lab["criteria"] = [item for item in lab["criteria"] if item["verdict"] == "pending"]
    document["labs"], document["points"] = [lab], {"earned": 0, "automatic": 0, "pending": 2, "maximum": 2}
    told = javascript(reporter.document(Scorecard.from_json(document)))
    assert (told.points, told.table) == ((0.0, 0.0), 0)


@given(documents())
def test_classroom50(document: Json) -> None:
    """result.json has exactly the keys of classroom50/result/v1, and integers."""
    validator("classroom50-result").validate(json.loads(classroom50.result(Scorecard.from_json(document), IDENTITY)))


ENVIRONMENT = {
    "CLASSROOM": "cs",
    "ASSIGNMENT": "lab2",
    "GITHUB_REPOSITORY": "org/cs-lab2-alice",
    "GITHUB_SHA": "a1b2c3d4e5",
}


def test_who_it_is_comes_from_the_runner() -> None:
    """What Classroom 50's runner says counts; a plain workflow's says the rest."""
    plain = classroom50.identity_of(ENVIRONMENT, "2026-06-01T14:32:01Z")
    assert (plain.owner, plain.submission) == ("alice", "submit/2026-06-01T14-32-01Z-a1b2c3d")
    assert plain.commit == plain.review == "https://github.com/org/cs-lab2-alice/commit/a1b2c3d4e5"
    assert plain.release.endswith("/releases/tag/submit%2F2026-06-01T14-32-01Z-a1b2c3d")
    said = classroom50.identity_of(
        {**ENVIRONMENT, "OWNER": "bob", "SUBMISSION_TAG": "submit/x", "REVIEW_URL": "r"}, "now"
    )
    assert (said.owner, said.submission, said.review) == ("bob", "submit/x", "r")
    assert classroom50.identity_of({**ENVIRONMENT, "GITHUB_REPOSITORY": "org/else"}, "now").owner == "org"


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("classroom", " ", "needs classroom"),
        ("submission", "v1", "does not start with submit/"),
        ("datetime", "2026-06-01T14:32:01+02:00", "not written as"),
        ("assignment_type", "team of two", "none of individual, group"),
    ],
)
def test_an_identity_that_would_be_refused_is_refused_here(name: str, value: str, told: str) -> None:
    with pytest.raises(UsageError, match=told):
        classroom50.result(Scorecard.from_json(samples.full_marks()), classroom50.Identity(**{**vars(IDENTITY), name: value}))


def _attributes(element: ET.Element) -> set[str]:
    return set(element.attrib)


@given(documents())
def test_junit(document: Json) -> None:
    """The structure that pytest's JUnit files have, with counts that are those of the cases."""
    top = ET.fromstring(junit.document([Scorecard.from_json(document)]))
    assert top.tag == "testsuites"
    assert len(top) == len(document["labs"])
    for suite in top:
        assert suite.tag == "testsuite"
        assert _attributes(suite) == {"name", "errors", "failures", "skipped", "tests", "time"}
        cases = suite.findall("testcase")
        assert [child.tag for child in suite] == ["properties", *["testcase"] * len(cases)]
        for kind, count in (("error", "errors"), ("failure", "failures"), ("skipped", "skipped")):
            assert int(suite.attrib[count]) == len(suite.findall(f"testcase/{kind}"))
        assert int(suite.attrib["tests"]) == len(cases)
        for case in cases:
            assert _attributes(case) == {"classname", "name", "time"}
            tags = [child.tag for child in case]
            assert tags[0] == "properties"
            assert tags[1:] in ([], ["error"], ["failure"], ["skipped"])
            assert all(_attributes(each) == {"name", "value"} for each in case.iter("property"))


PYTESTS = """
import pytest
def test_passes(record_property): record_property("points", "0.5")
def test_fails(record_property): record_property("points", "0.5"); assert False
def test_is_skipped(): pytest.skip("later")
@pytest.fixture
def broken(): raise ValueError
def test_has_an_error(broken): pass
"""


def _shapes(top: ET.Element) -> set[tuple[str, str]]:
    """Every element with its parent, and every element with an attribute."""
    nested = {(each.tag, child.tag) for each in top.iter() for child in each}
    return nested | {(each.tag, f"@{name}") for each in top.iter() for name in each.attrib}


def test_junit_has_nothing_that_pytests_own_files_have_not(tmp_path: Path) -> None:
    """Whoever reads pytest's files reads these: the same elements in the same places, with the same attributes."""
    (tmp_path / "test_it.py").write_text(PYTESTS, encoding="utf-8")
    words = [
        "-q",
        "-c",
        os.devnull,
        "--rootdir",
        str(tmp_path),
        "-p",
        "no:cacheprovider",
        "--junitxml=it.xml",
        "test_it.py",
    ]
    subprocess.run(
        [sys.executable, "-m", "pytest", *words], cwd=tmp_path, capture_output=True, timeout=120, check=False
    )
    theirs = _shapes(ET.parse(tmp_path / "it.xml").getroot())
    assert ("testcase", "error") in theirs
    # pytest has properties of a whole suite too, where a plugin records some.
    theirs.add(("testsuite", "properties"))
    assert _shapes(ET.fromstring(junit.document([Scorecard.from_json(samples.every_verdict())]))) <= theirs


def test_junit_counts_what_is_not_earned_in_full_as_a_failure() -> None:
    """Half a point is no passed test; one that is pending or left out is skipped, one that was not graded an error."""
    suite = ET.fromstring(junit.document([Scorecard.from_json(samples.every_verdict())]))[0]
    assert (suite.attrib["skipped"], suite.attrib["errors"], suite.attrib["failures"]) == ("2", "1", "8")


COMMAND = re.compile(r"::(error|warning) ([^:]*?)::(.*)")


@given(documents())
def test_annotations(document: Json) -> None:
    """At most ten one-line commands, each with the properties that GitHub knows, the costliest first."""
    notes = list(github.notes(Scorecard.from_json(document)))
    assert len(notes) <= 10
    for note in notes:
        found = COMMAND.fullmatch(note)
        assert found, note
        names = [pair.partition("=")[0] for pair in found[2].split(",")]
        assert names in (["title"], ["file", "line", "title"])
        assert "::" not in found[3]
        assert "\n" not in note
        assert "\r" not in note


def test_an_annotation_stands_on_the_students_own_line() -> None:
    """The innermost line counts, below the folder that the labs were found in; text is escaped as the runner wants it."""
    document = samples.five_mistakes()
    document["root"] = "work, mine"
    item = next(each for each in document["labs"][0]["criteria"] if each["verdict"] == "failed")
    places = [{"file": "a.py", "line": 1}, {"file": "dl/b.py", "line": 214}]
    item["checks"] = [{"name": "x", "verdict": "failed", "reason": None, "drawn": False, "places": places}]
    item["reason"]["measured"] = "100 %\nof it::x"
    (note,) = [each for each in github.notes(Scorecard.from_json(document)) if "file=" in each]
    assert note.startswith("::error file=work%2C mine/dl/b.py,line=214,title=l02.imbalanced.calibration%3A 0 of 3::")
    assert "100 %25 of it: :x" in note


def test_more_than_ten_annotations_are_counted_in_the_tenth() -> None:
    document = samples.broken()
    lab: Any = document["labs"][0]
    for item in lab["criteria"]:
        item.update(verdict="lost", earned=0, marked_by="tests")
    maximum = sum(item["maximum"] for item in lab["criteria"])
    document["points"] = lab["points"] = {"earned": 0, "automatic": maximum, "pending": 0, "maximum": maximum}
    notes = list(github.notes(Scorecard.from_json(document)))
    assert len(notes) == 10
    assert notes[-1].startswith(f"::error title=optgrade::{len(lab['criteria']) - 9} more criteria lost points")


@pytest.mark.parametrize(
    ("points", "total", "least", "shares"),
    [
        (["0.75", "0.75", "0.5"], 2, [0, 0, 0], [1, 1, 0]),
        (["1.5", "0.5"], 2, [0, 1], [1, 1]),
        (["1.2", "0.2", "0.2"], 1, [0, 1, 0], [0, 1, 0]),
        (["0.3", "0.3"], 2, [0, 0], [1, 1]),
        ([], 0, [], []),
    ],
)
def test_the_largest_remainder(points: list[str], total: int, least: list[int], shares: list[int]) -> None:
    """Whole numbers that add up, none below its least."""
    assert classroom50.spread([Decimal(each) for each in points], total, least) == shares
