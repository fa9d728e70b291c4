"""Everything about a lab report that can be checked automatically."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from graders.submission.notebooks.labels import StageLabels
from graders.written.claims import (
    Answer,
    Check,
    Claims,
    Finding,
    Quantity,
    Question,
    Shown,
    Tolerance,
    check_contradictions,
    check_evidence,
    check_images,
    check_placeholders,
    find_answers,
    look_at_images,
)
from graders.written.lab_report.acceptance import SHOWN_BY, Accepted, ReportItem, acceptance
from graders.written.lab_report.discovery import FoundReport, ReportPlace, find_report
from graders.written.lab_report.files import document_of
from graders.written.lab_report.stage_claims import report_claims


@dataclass(frozen=True, kw_only=True)
class ReportRules:
    """What a lab requires of its report.

    ``labels``: the stages of the lab's work. ``items``: the acceptance list. ``place``: where it is looked for.
    """

    labels: StageLabels
    items: tuple[ReportItem, ...]
    place: ReportPlace
    questions: tuple[Question, ...] = ()
    tolerances: Mapping[Quantity, Tolerance] = field(default_factory=dict)


@dataclass(frozen=True)
class ReportReview:
    """A report and what was found about it; without a report everything else is empty.

    Of ``findings`` only those that are ``sure`` are beyond doubt; the others need a person's judgement.
    """

    found: FoundReport
    acceptance: tuple[Accepted, ...] = ()
    claims: Claims = field(default_factory=lambda: Claims(()))
    findings: tuple[Finding, ...] = ()
    images: tuple[Shown, ...] = ()
    answers: tuple[Answer, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def missing(self) -> bool:
        """Whether there is no report at all, not even one in a format that only a person can read."""
        return self.found.file is None and not self.found.pending

    def about(self, *checks: Check) -> tuple[Finding, ...]:
        """The findings of these checks."""
        return tuple(finding for finding in self.findings if finding.check in checks)


def review_report(
    root: Path, rules: ReportRules, *, measured: Mapping[str, Mapping[Quantity, float]] | None = None
) -> ReportReview:
    """The review of the report of a submission in ``root``.

    :param measured: what was measured of each stage; only if the report is about the same model and data.
    """
    found = find_report(root, rules.place, rules.labels)
    if not found.files:
        return ReportReview(found, notes=found.notes)
    given = "\n\n".join(rules.place.given)
    documents = [document_of(file) for file in found.files]
    part = len(documents) > 1
    by_file = [report_claims(document, rules.labels, part=part) for document in documents]
    claims = Claims(
        tuple(claim for each in by_file for claim in each.claims),
        tuple(blank for each in by_file for blank in each.blanks),
    )
    images = tuple(image for document in documents for image in look_at_images(document, root, ()))
    findings = [
        *check_contradictions(claims),
        *check_evidence(claims, measured or {}, rules.tolerances),
        *(finding for document in documents for finding in check_placeholders(document, given)),
        *check_images(images, ()),
    ]
    accepted = [
        acceptance(document, each, rules.items, rules.labels, part=part)
        for document, each in zip(documents, by_file, strict=True)
    ]
    return ReportReview(
        found,
        tuple(_best(each) for each in zip(*accepted, strict=True)),
        claims,
        tuple(findings),
        images,
        _answers([find_answers(document, rules.questions) for document in documents]),
        found.notes + tuple(note for document in documents for note in document.notes),
    )


def _best(of_files: Sequence[Accepted]) -> Accepted:
    """What shows an item best, of what each file of a report does."""
    return min(of_files, key=lambda one: SHOWN_BY.index(one.by))


def _answers(of_files: Sequence[Sequence[Answer]]) -> tuple[Answer, ...]:
    """The first answer to each question that a file has."""
    return tuple(
        next((answer for answer in answers if answer.quote is not None), answers[0])
        for answers in zip(*of_files, strict=True)
    )
