"""Gradescope's ``results.json``.

Contract: https://gradescope-autograders.readthedocs.io/en/latest/specs/. A test that is hidden hides the total from
students too, so that none is: what a criterion says of hidden values is their kind only. Without a file Gradescope says
that the autograder failed and gives no mark, which is what a scorecard with anything unscored must come to.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from graders.core.text import report_line
from graders.core.verdicts import Verdict
from graders.reports.formats.wording import parts, total, verdict
from graders.scoring import CriterionScore, Scorecard, format_points

VISIBILITIES = ("visible", "after_due_date", "after_published", "hidden")


def results(scorecard: Scorecard, visibility: str = "visible") -> str:
    """The file. :param visibility: of all of it, for students. :raises Unscored: there is no mark."""
    scorecard.require_scored()
    document = {
        "score": float(scorecard.points.earned),
        "execution_time": round(scorecard.wall_s),
        "output": "\n".join([report_line(total(scorecard)), *(report_line(notice) for notice in scorecard.notices)]),
        "output_format": "text",
        "visibility": visibility,
        "stdout_visibility": "hidden",
        "tests": list(_tests(scorecard)),
        "extra_data": {
            "submission": report_line(scorecard.submission),
            "points": scorecard.points.to_json(),
            "profile": report_line(scorecard.profile),
            "seed": scorecard.seed,
            "isolation": scorecard.tier,
        },
    }
    return json.dumps(document, ensure_ascii=False, indent=2) + "\n"


def _tests(scorecard: Scorecard) -> Iterator[dict[str, Any]]:
    """A test for each criterion, numbered by lab and throughout."""
    index = 0
    for number, lab in enumerate(scorecard.labs, 1):
        for score in lab.scores:
            index += 1
            yield _test(lab.lab, score, f"{number}.{index}")


def _test(lab: str, score: CriterionScore, number: str) -> dict[str, Any]:
    reason = [f"{name}: {report_line(text)}" for name, text in parts(score)]
    test: dict[str, Any] = {
        "name": report_line(f"{score.title} ({score.id})"),
        "name_format": "text",
        "number": number,
        "output": "\n".join([verdict(score), *reason]),
        "output_format": "text",
        "tags": [lab, score.verdict.value],
        "visibility": "visible",
        "extra_data": {"criterion": score.id},
    }
    if score.verdict is Verdict.PENDING:
        # Manual points are given in Gradescope's own manual grading: no score here, and none that is lost.
        test["output"] += f"\n{format_points(score.maximum)} points"
        return test
    if score.is_deduction:
        # No test has points below 0 there; the score of all of it is what counts.
        return test | {"status": "failed"}
    passed = "passed" if score.passed else "failed"
    return test | {"score": float(score.earned), "max_score": float(score.maximum), "status": passed}
