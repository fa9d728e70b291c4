"""Marks of a class: by criterion and passage, so that equal passages get equal marks."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from graders.scoring.marks import Mark, MarkRequest, Marks

REPORT = "report "


@dataclass(frozen=True)
class ClassMark:
    """The points for a passage, None if they are still to be given, and a comment."""

    points: Decimal | None
    comment: str = ""


ClassMarks = Mapping[tuple[str, str], ClassMark]
"""Marks by criterion and passage."""


@dataclass
class Group:
    """A passage, and the reports of everybody who has it."""

    request: MarkRequest
    reports: list[str] = field(default_factory=list)


@dataclass
class Question:
    """A criterion with its passages, by their keys."""

    criterion: str
    title: str
    maximum: Decimal
    passages: dict[str, Group] = field(default_factory=dict)


def key_of(request: MarkRequest, owner: str, salt: bytes) -> str:
    """What a passage is called: a code of its text, so that equal ones are called the same.

    :param owner: whose it is, and of which version. If there is nothing to quote, what is called so is its report.
    """
    fingerprint = request.passage.fingerprint
    return fingerprint or report_key(owner, salt)


def report_key(owner: str, salt: bytes) -> str:
    """What a report is called that is marked as a whole."""
    return REPORT + code(salt, owner)


def code(salt: bytes, text: str) -> str:
    """A code from which nobody finds the text who does not know the cohort's own bytes."""
    return hmac.new(salt, text.encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()[:16]


def collect_questions(
    submissions: Iterable[tuple[str, str, Iterable[MarkRequest]]], salt: bytes
) -> dict[str, Question]:
    """The class's questions by criterion, in the order in which they first come.

    :param submissions: the owner, as for :func:`key_of`, the report's path, and what is to be marked.
    """
    questions: dict[str, Question] = {}
    for owner, report, requests in submissions:
        for request in requests:
            own = Question(request.criterion, request.title, request.maximum)
            question = questions.setdefault(request.criterion, own)
            group = question.passages.setdefault(key_of(request, owner, salt), Group(request))
            group.reports.append(report)
    return questions


def marks_for(submission: str, owner: str, requests: Iterable[MarkRequest], known: ClassMarks, salt: bytes) -> Marks:
    """The marks that hold for one submission; none that is more than a criterion is worth now."""
    found: dict[str, Mark] = {}
    for request in requests:
        mark = known.get((request.criterion, key_of(request, owner, salt)))
        if mark is not None and mark.points is not None and mark.points <= request.maximum:
            fingerprint = request.passage.fingerprint
            found[request.criterion] = Mark(request.criterion, mark.points, mark.comment, fingerprint)
    return Marks(submission, found)
