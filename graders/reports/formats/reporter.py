"""The ``result`` output that ``classroom-resources/autograding-grading-reporter`` reads.

What its code does with it (``src/notify-classroom.js``, ``src/console-results.js``), which this module answers:

- The points that it reports are ``tests[].score`` added up as floating-point numbers, in order, and printed in full. So
  scores are chosen such that this sum is the total to the cent and prints as such.
- The table in its log is, in its released file, the share of tests that passed, times max: another number.
- It clamps nothing, and no tests give NaN: scores are within their criteria, and there is always a test.
- ``test_code`` is printed, so that it stays empty; a missing ``line_no`` prints "undefined", and 0 prints nothing.
- It gets ``result`` in an environment variable, of which Linux takes 128 KiB at most, so that texts are cut to fit.
"""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from graders.core.text import report_line
from graders.reports.formats.wording import parts, verdict, worth
from graders.scoring import CriterionScore, Scorecard

MOST_CHARACTERS = 120_000


def result(scorecard: Scorecard) -> str:
    """The output's value, base64 in one line. :raises Unscored: there is no mark."""
    for limit in (400, 120, 30, 0):
        text = json.dumps(document(scorecard, limit), ensure_ascii=False, separators=(",", ":"))
        encoded = base64.b64encode(text.encode()).decode("ascii")
        if len(encoded) <= MOST_CHARACTERS:
            return encoded
    short = json.dumps(_in_one(scorecard), separators=(",", ":"))
    return base64.b64encode(short.encode()).decode("ascii")


def document(scorecard: Scorecard, limit: int = 400) -> dict[str, Any]:
    """The decoded value. :param limit: of characters of a message. :raises Unscored: there is no mark."""
    scorecard.require_scored()
    criteria = scorecard.decided
    if not criteria:
        return _in_one(scorecard)
    scores = _scores(_after_deduction(criteria), scorecard.points.earned)
    tests = [_test(scorecard, each, score, limit) for each, score in zip(criteria, scores, strict=True)]
    return _result(scorecard, tests)


def _after_deduction(criteria: Sequence[CriterionScore]) -> list[Decimal]:
    """The criteria's points, those that were deducted taken from the last ones: no score is below 0."""
    left = -sum((each.earned for each in criteria if each.is_deduction), Decimal(0))
    earned = [max(each.earned, Decimal(0)) for each in criteria]
    for index in reversed(range(len(earned))):
        taken = min(left, earned[index])
        earned[index] -= taken
        left -= taken
    return earned


def _result(scorecard: Scorecard, tests: list[dict[str, Any]]) -> dict[str, Any]:
    status = "pass" if scorecard.points.earned == scorecard.points.automatic else "fail"
    return {"version": 1, "status": status, "max_score": _number(scorecard.points.automatic), "tests": tests}


def _in_one(scorecard: Scorecard) -> dict[str, Any]:
    """All of it as one test: where nothing is graded automatically, or far too much to tell."""
    status = "pass" if scorecard.points.earned == scorecard.points.automatic else "fail"
    score = _number(scorecard.points.earned)
    test = {"name": "all criteria", "status": status, "score": score, "message": "see the report"}
    return _result(scorecard, [{**test, "test_code": "", "filename": "", "line_no": 0, "execution_time": "0s"}])


def _test(scorecard: Scorecard, criterion: CriterionScore, score: float, limit: int) -> dict[str, Any]:
    place = criterion.lines[-1] if criterion.lines else None
    passed = criterion.passed
    message = "" if passed else f"{worth(criterion)}: {verdict(criterion)}"
    if not passed and limit:
        texts = dict(parts(criterion))
        message += "".join(f"; {report_line(texts[name], limit)}" for name in ("measured", "next") if texts.get(name))
    return {
        "name": report_line(criterion.title, 120) + f" ({criterion.id})" if limit else criterion.id[:60],
        "status": "pass" if passed else "fail",
        "score": score,
        "message": message,
        "test_code": "",
        "filename": report_line(scorecard.path(place.file), 200) if place else "",
        "line_no": place.line if place else 0,
        "execution_time": "0s",
    }


def _scores(earned: Sequence[Decimal], total: Decimal) -> list[float]:
    """The scores as floating-point numbers whose sum in order is the total's, each off by less than a cent's billionth.

    Sums of cents print as 17.849999999999998 where they are added up as they are.
    """
    scores = [_number(points) for points in earned]
    # Some need two of them moved: after the last one's rounding, an earlier one makes up for it.
    for index in reversed([index for index, points in enumerate(earned) if points]):
        off = float(total) - _added(scores)
        if not off:
            break
        near = (scores[index] + off, *(math.nextafter(scores[index] + off, bound) for bound in (0, math.inf)))
        scores[index] = min(near, key=lambda each: abs(_added(_with(scores, index, each)) - float(total)))
    return scores


def _with(scores: Sequence[float], index: int, score: float) -> list[float]:
    return [*scores[:index], score, *scores[index + 1 :]]


def _added(scores: Sequence[float]) -> float:
    total = 0.0
    for score in scores:
        total += score
    return total


def _number(points: Decimal) -> float:
    return int(points) if points == points.to_integral_value() else float(points)
