"""Everything about a lab report that can be checked automatically."""

from __future__ import annotations

from collections.abc import Mapping
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
    read_document,
)
from graders.written.lab_report.acceptance import Accepted, ReportItem, acceptance
from graders.written.lab_report.discovery import FoundReport, find_report
from graders.written.lab_report.stage_claims import report_claims


@dataclass(frozen=True, kw_only=True)
class ReportRules:
    """What a lab requires of its report.

    ``labels``: the stages of the lab's work. ``items``: the acceptance list. ``folder``: the lab's folder. ``given``:
    the lab's own texts, a page or a template. ``skip``: folders of other labs.
    """

    labels: StageLabels
    items: tuple[ReportItem, ...]
    folder: str
    given: tuple[str, ...] = ()
    skip: tuple[str, ...] = ()
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
    found = find_report(root, rules.folder, rules.labels, given=rules.given, skip=rules.skip)
    if found.file is None:
        return ReportReview(found, notes=found.notes)
    document = read_document(found.file.text, found.file.path)
    claims = report_claims(document, rules.labels)
    images = look_at_images(document, root, ())
    findings = [
        *check_contradictions(claims),
        *check_evidence(claims, measured or {}, rules.tolerances),
        *check_placeholders(document, "\n\n".join(rules.given)),
        *check_images(images, ()),
    ]
    return ReportReview(
        found,
        acceptance(document, claims, rules.items, rules.labels),
        claims,
        tuple(findings),
        images,
        find_answers(document, rules.questions),
        found.notes + document.notes,
    )
