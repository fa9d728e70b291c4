"""All that can be told of a lab report without a person."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from graders.written.claims import (
    Answer,
    Check,
    Claims,
    Finding,
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
from graders.written.lab_report.acceptance import ITEMS, Accepted, acceptance
from graders.written.lab_report.discovery import FoundReport, find_report
from graders.written.lab_report.figures import MEASURED, by_quantity, report_claims


@dataclass(frozen=True, kw_only=True)
class ReportRules:
    """What a lab asks of its report.

    ``folder``: the lab's. ``given``: the lab's own texts, a page or a template. ``skip``: folders of other labs.
    ``items``: the acceptance list. ``tolerances``: by ``"accuracy"``, ``"size"``, ``"zipped"``.
    """

    folder: str = "mnist_compression"
    given: tuple[str, ...] = ()
    skip: tuple[str, ...] = ()
    items: tuple[str, ...] = ITEMS
    questions: tuple[Question, ...] = ()
    tolerances: Mapping[str, Tolerance] = field(default_factory=dict)


@dataclass(frozen=True)
class ReportReview:
    """A report and what was found about it; without a report everything else is empty.

    Of ``findings`` only those that are ``sure`` are beyond doubt; the others are for a person to look at.
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
        """Whether there is no report at all, not even one that only a person can read."""
        return self.found.file is None and not self.found.pending

    def about(self, *checks: Check) -> tuple[Finding, ...]:
        """The findings of these checks."""
        return tuple(finding for finding in self.findings if finding.check in checks)


def review_report(
    root: Path, rules: ReportRules, *, measured: Mapping[str, Mapping[str, float]] | None = None
) -> ReportReview:
    """The review of the report of a submission in ``root``.

    :param measured: of each stage ``"accuracy"``, ``"size"``, ``"zipped"``, as far as they were measured; only where
        the report is about the same model and data.
    """
    found = find_report(root, rules.folder, rules.given, rules.skip)
    if found.file is None:
        return ReportReview(found, notes=found.notes)
    document = read_document(found.file.text, found.file.path)
    claims = report_claims(document)
    images = look_at_images(document, root, ())
    tolerances = {MEASURED[name]: tolerance for name, tolerance in rules.tolerances.items() if name in MEASURED}
    findings = [
        *check_contradictions(claims),
        *check_evidence(claims, by_quantity(measured or {}), tolerances),
        *check_placeholders(document, "\n\n".join(rules.given)),
        *check_images(images, ()),
    ]
    return ReportReview(
        found,
        acceptance(document, claims, rules.items),
        claims,
        tuple(findings),
        images,
        find_answers(document, rules.questions),
        found.notes + document.notes,
    )
