"""Classroom 50's ``result.json``, to ``classroom50/result/v1`` of foundation50/classroom50.

Scores are integers there. The total is the points rounded to a whole number, and it is spread over the criteria by the
largest remainder, so that they add up to it; a criterion that earned nothing gets nothing.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_HALF_UP, Decimal
from urllib.parse import quote

from graders.core.errors import UsageError
from graders.core.text import report_line
from graders.scoring import CriterionScore, Scorecard

SCHEMA = "classroom50/result/v1"
SUBMIT = "submit/"
DATE = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z")
TYPES = ("individual", "group")
NAMES = (
    "CLASSROOM", "ASSIGNMENT", "ASSIGNMENT_TYPE", "OWNER", "USERNAME", "SUBMISSION_TAG", "COMMIT_URL", "RELEASE_URL",
    "REVIEW_URL", "COMMIT_DATE", "GITHUB_REPOSITORY", "GITHUB_SHA", "GITHUB_SERVER_URL",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Identity:
    """Whose work it is, as Classroom 50's runner says it, never the submission; ``datetime`` is the commit's."""

    classroom: str
    assignment: str
    assignment_type: str
    owner: str
    submission: str
    commit: str
    release: str
    review: str
    datetime: str


def identity_of(environment: Mapping[str, str], now: str) -> Identity:
    """The identity as Classroom 50's runner gives it, completed by what a workflow's runner says.

    :param now: used as the commit's time if ``COMMIT_DATE`` does not say it.
    """
    got = {name: environment.get(name, "").strip() for name in NAMES}
    repository, sha = got["GITHUB_REPOSITORY"], got["GITHUB_SHA"]
    home = f"{got['GITHUB_SERVER_URL'] or 'https://github.com'}/{repository}"
    date = got["COMMIT_DATE"] or now
    tag = got["SUBMISSION_TAG"] or f"{SUBMIT}{date.replace(':', '-')}-{sha[:7]}"
    commit = got["COMMIT_URL"] or f"{home}/commit/{sha}"
    return Identity(
        classroom=got["CLASSROOM"],
        assignment=got["ASSIGNMENT"],
        assignment_type=got["ASSIGNMENT_TYPE"] or "individual",
        owner=got["OWNER"] or got["USERNAME"] or _owner(repository, got["CLASSROOM"], got["ASSIGNMENT"]),
        submission=tag,
        commit=commit,
        release=got["RELEASE_URL"] or f"{home}/releases/tag/{quote(tag, safe='')}",
        review=got["REVIEW_URL"] or commit,
        datetime=date,
    )


def _owner(repository: str, classroom: str, assignment: str) -> str:
    """Whose repository it is: they are called CLASSROOM-ASSIGNMENT-OWNER; else who has it."""
    organisation, _, name = repository.partition("/")
    prefix = f"{classroom}-{assignment}-".lower()
    return name[len(prefix) :] if name.lower().startswith(prefix) else organisation


def result(scorecard: Scorecard, identity: Identity) -> str:
    """The file. :raises Unscored: there is no mark. :raises UsageError: something of the identity is missing."""
    scorecard.require_scored()
    named = {name: value.strip() for name, value in vars(identity).items()}
    for name, value in named.items():
        if not value:
            raise UsageError(f"Classroom 50's result.json needs {name}: docs/formats.md says where it comes from")
    if not named["submission"].startswith(SUBMIT):
        raise UsageError(f"the submission's tag {named['submission']!r} does not start with {SUBMIT}")
    if not DATE.fullmatch(named["datetime"]):
        raise UsageError(f"the commit's date {named['datetime']!r} is not written as 2026-06-01T14:32:01Z")
    if named["assignment_type"] not in TYPES:
        raise UsageError(f"the assignment's type {named['assignment_type']!r} is none of {', '.join(TYPES)}")
    # What was deducted of the total is spread over the criteria, of which none has points below 0.
    criteria = [score for score in scorecard.decided if not score.is_deduction]
    most = _whole(scorecard.points.automatic)
    total = min(_whole(scorecard.points.earned), most)
    scores = spread([criterion.earned for criterion in criteria], total, [0] * len(criteria))
    maxima = _maxima(criteria, scores, most)
    tests = [
        {
            "test-name": report_line(f"{criterion.id}: {criterion.title}", 200),
            "passed": criterion.passed,
            "score": score,
            "max-score": maximum,
        }
        for criterion, score, maximum in zip(criteria, scores, maxima, strict=True)
    ]
    document = {"schema": SCHEMA, **named, "score": sum(scores), "max-score": sum(maxima), "tests": tests}
    return json.dumps(document, ensure_ascii=False, indent=2) + "\n"


def _maxima(criteria: Sequence[CriterionScore], scores: Sequence[int], most: int) -> list[int]:
    """The criteria's maxima: of what was earned in full its score, the rest is spread over the others."""
    maxima = list(scores)
    others = [index for index, criterion in enumerate(criteria) if not criterion.passed]
    left = most - sum(scores) + sum(scores[index] for index in others)
    for index, share in zip(
        others, spread([criteria[i].maximum for i in others], left, [scores[i] for i in others]), strict=True
    ):
        maxima[index] = share
    return maxima


def spread(points: Sequence[Decimal], total: int, least: Sequence[int]) -> list[int]:
    """Whole numbers next to the points that add up to the total: what is left after rounding down goes to the largest
    remainders, and none is below its ``least``.

    :param total: no less than what ``least`` adds up to.
    """
    shares = [max(int(each), low) for each, low in zip(points, least, strict=True)]
    order = sorted(range(len(points)), key=lambda index: (shares[index] - points[index], index))
    for index in order:
        if sum(shares) < total and shares[index] < points[index].to_integral_value(ROUND_CEILING):
            shares[index] += 1
    for index in reversed(order):
        while sum(shares) > total and shares[index] > least[index]:
            shares[index] -= 1
    if order:
        shares[order[0]] += max(0, total - sum(shares))
    return shares


def _whole(points: Decimal) -> int:
    return int(points.quantize(Decimal(1), ROUND_HALF_UP))
