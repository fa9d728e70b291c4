"""What counts for each submission: its attempt, with the class's manual marks, less what the late policy deducts."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from graders.caching.fingerprints import digest_of
from graders.cohort.deadlines.policy import LatePolicy
from graders.cohort.marking.model import ClassMarks, Question, collect_questions, marks_for
from graders.cohort.reports import FOLDER
from graders.cohort.store import Attempt, CohortStore, Result, Stored
from graders.pipeline.output import PAGE_FILE, SCORECARD_FILE
from graders.scoring import LateDeduction, Scorecard
from graders.scoring.manual_marks import merge_marks, pending
from graders.scoring.marks import MarkRequest, Marks

UNKNOWN = "nothing says when it was submitted: nothing was deducted"
ON_TIME = "in time"


@dataclass(frozen=True)
class Settlement:
    """What results follow from beside the attempts."""

    marks: ClassMarks
    policy: LatePolicy | None
    salt: bytes

    def settle(self, store: CohortStore, stored: Stored, attempt: Attempt | None) -> Result | None:
        """What counts for a submission, which the store has afterwards; None for one without a scorecard."""
        text = attempt.text() if attempt is not None and not stored.problem else None
        if attempt is None or text is None:
            store.set_result(stored.id, None)
            return None
        marks = marks_for(stored.name, owner_of(stored, attempt), questions_of(attempt), self.marks, self.salt)
        late, lateness = self._lateness(stored)
        basis = digest_of([attempt.key, attempt.number, repr(sorted(marks.marks.items())), repr(late), lateness])
        known = store.result(stored.id)
        if known is not None and known.basis == basis:
            return known
        result = _settled(attempt, text, marks, late, lateness, basis)
        store.set_result(stored.id, result)
        return result

    def _lateness(self, stored: Stored) -> tuple[LateDeduction | None, str]:
        """What is deducted, and how late it was in words."""
        if self.policy is None:
            return None, ""
        if stored.version_at is None:
            return None, UNKNOWN
        late = self.policy.deduction(stored.version_at, stored.version_by, stored.extension_days)
        if late is None:
            return None, ON_TIME
        return late, f"{late.days} {'day' if late.days == 1 else 'days'} late by {late.source}"


def owner_of(stored: Stored, attempt: Attempt) -> str:
    """Whose an attempt is, and of which version of the work."""
    return owner(stored.name, attempt.parts)


def owner(name: str, parts: Mapping[str, str]) -> str:
    """Whose an attempt is that depended on these parts, and of which version of the work."""
    return f"{name}\0{parts.get('submission', '')}"


def questions_of(attempt: Attempt) -> Sequence[MarkRequest]:
    """What of an attempt is to be marked by hand."""
    if attempt.questions is not None:
        return attempt.questions
    text = attempt.text()
    return () if text is None else pending(Scorecard.loads(text.decode()))


def class_questions(store: CohortStore, salt: bytes) -> dict[str, Question]:
    """Everything that is to be marked by hand in the class."""
    found = []
    for stored in store.submissions():
        attempt = None if stored.problem else store.latest(stored.id)
        if attempt is not None:
            found.append((owner_of(stored, attempt), f"{FOLDER}/{stored.folder}/{PAGE_FILE}", questions_of(attempt)))
    return collect_questions(found, salt)


def _settled(
    attempt: Attempt, text: bytes, marks: Marks, late: LateDeduction | None, lateness: str, basis: str
) -> Result:
    plain = Result(
        basis=basis,
        attempt=attempt.number,
        points=attempt.points or Scorecard.loads(text.decode()).points,
        deducted=Decimal(0),
        late=lateness,
        sha256=attempt.files.get(SCORECARD_FILE, ""),
    )
    if not marks.marks and late is None:
        return plain
    scorecard = merge_marks(Scorecard.loads(text.decode()), marks)
    scorecard = replace(scorecard, labs=tuple(replace(lab, late=late) for lab in scorecard.labs))
    final = scorecard.dumps().encode()
    return replace(
        plain,
        points=scorecard.points,
        deducted=scorecard.deducted,
        scorecard=zlib.compress(final, 6),
        sha256=hashlib.sha256(final).hexdigest(),
    )
