"""JUnit XML as pytest writes it: a test case a criterion, its points as properties.

Readers count cases, not points: a criterion that is not earned in full is a failure, a pending one is skipped, and one
that the grader could not decide is an error, without points.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from xml.etree import ElementTree as ET

from graders.core.text import report_line
from graders.core.verdicts import Verdict
from graders.reports.formats.wording import parts, total, verdict
from graders.scoring import CriterionScore, LabScore, Scorecard, format_points

FAILURE, ERROR, SKIPPED = "failure", "error", "skipped"


def document(scorecards: Sequence[Scorecard]) -> str:
    """The file: a suite for each lab of each submission."""
    suites = [_suite(replace(scorecard, labs=(lab,)), lab) for scorecard in scorecards for lab in scorecard.labs]
    top = ET.Element("testsuites", name="optgrade")
    top.extend(suites)
    ET.indent(top)
    return f'<?xml version="1.0" encoding="utf-8"?>\n{ET.tostring(top, encoding="unicode")}\n'


def _suite(part: Scorecard, lab: LabScore) -> ET.Element:
    kinds = [_kind(score) for score in part.scores]
    suite = ET.Element(
        "testsuite",
        name=report_line(f"{part.submission}/{lab.lab}"),
        errors=str(kinds.count(ERROR)),
        failures=str(kinds.count(FAILURE)),
        skipped=str(kinds.count(SKIPPED)),
        tests=str(len(kinds)),
        time=f"{part.wall_s:.3f}",
    )
    sums = {name: format_points(points) for name, points in vars(part.points).items()}
    _properties(suite, {"submission": part.submission, "lab": lab.title, "score": total(part), **sums})
    suite.extend(_case(f"{part.submission}.{lab.lab}", score) for score in part.scores)
    return suite


def _case(suite: str, score: CriterionScore) -> ET.Element:
    case = ET.Element("testcase", classname=report_line(suite), name=score.id, time="0.000")
    values = {"title": score.title, "verdict": score.verdict.value, "maximum": format_points(score.maximum)}
    if score.decided:
        values["points"] = format_points(score.earned)
    _properties(case, values)
    kind = _kind(score)
    if kind:
        outcome = ET.SubElement(case, kind, message=report_line(f"{score.title}: {verdict(score)}"))
        if kind == SKIPPED:
            outcome.set("type", score.verdict.value)
        outcome.text = "\n".join(f"{name}: {report_line(text)}" for name, text in parts(score)) or None
    return case


def _kind(score: CriterionScore) -> str:
    if not score.decided:
        return ERROR if score.verdict is Verdict.UNSCORED else SKIPPED
    return "" if score.passed else FAILURE


def _properties(parent: ET.Element, values: dict[str, str]) -> None:
    properties = ET.SubElement(parent, "properties")
    for name, value in values.items():
        ET.SubElement(properties, "property", name=name, value=report_line(value))
