"""All automatic findings about a summary, in one go."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from graders.written.claims.answers import Answer, Question, find_answers
from graders.written.claims.completeness import ALWAYS, check_complete
from graders.written.claims.contradictions import Tolerance, check_contradictions, check_evidence
from graders.written.claims.coverage import Wanted
from graders.written.claims.document import Document, read_document
from graders.written.claims.image_claims import Shown, check_images, look_at_images
from graders.written.claims.model import Check, Claims, Finding, Quantity
from graders.written.claims.parser import find_claims
from graders.written.claims.placeholders import check_placeholders
from graders.written.claims.plausibility import Bounds, check_possible
from graders.written.claims.summaries import Summary, read_summary
from graders.written.claims.variants import Variant


@dataclass(frozen=True, kw_only=True)
class SummaryRules:
    """What a lab asks of a summary.

    ``folder``: where it belongs, from the submission's folder. ``template``: the text of the given page there.
    ``quantities``: what each required variant needs. ``parameters``: the model's, if the summary is of a known one.
    """

    folder: str
    variants: tuple[Variant, ...]
    template: str = ""
    quantities: tuple[Wanted, ...] = ALWAYS
    questions: tuple[Question, ...] = ()
    parameters: float | None = None
    bounds: Bounds = field(default_factory=Bounds)


@dataclass(frozen=True)
class Review:
    """A summary's claims, everything that is wrong with them, its images, and its answers to be graded manually."""

    summary: Summary
    claims: Claims
    findings: tuple[Finding, ...]
    images: tuple[Shown, ...]
    answers: tuple[Answer, ...]
    notes: tuple[str, ...]

    def about(self, *checks: Check) -> tuple[Finding, ...]:
        """The findings of these checks."""
        return tuple(finding for finding in self.findings if finding.check in checks)


def review_summary(
    root: Path,
    rules: SummaryRules,
    *,
    measured: Mapping[str, Mapping[Quantity, float]] | None = None,
    tolerances: Mapping[Quantity, Tolerance] | None = None,
) -> Review:
    """The review of the summary of a submission in ``root``.

    :param measured: what the grader measured, by variant; only where the summary is about the same model and data.
    """
    return review_read(root, read(root, rules), rules, measured=measured, tolerances=tolerances)


@dataclass(frozen=True)
class ReadSummary:
    """A summary with its text parsed, whatever the model that it is about."""

    summary: Summary
    documents: tuple[Document, ...]


def read(root: Path, rules: SummaryRules) -> ReadSummary:
    """The summary of a submission in ``root``, parsed."""
    summary = read_summary(root, rules.folder, rules.template)
    return ReadSummary(summary, tuple(read_document(file.text, file.path) for file in summary.files))


def claims_of(found: ReadSummary, rules: SummaryRules) -> Claims:
    """What a summary claims."""
    return _together([_claims(document, rules) for document in found.documents])


def review_read(
    root: Path,
    found: ReadSummary,
    rules: SummaryRules,
    *,
    claims: Claims | None = None,
    measured: Mapping[str, Mapping[Quantity, float]] | None = None,
    tolerances: Mapping[Quantity, Tolerance] | None = None,
) -> Review:
    """The same as :func:`review_summary` of a summary that was read before. :param claims: if they are known."""
    summary, documents = found.summary, found.documents
    claims = claims_of(found, rules) if claims is None else claims
    images = tuple(one for document in documents for one in look_at_images(document, root, rules.variants))
    findings: list[Finding] = []
    if documents:
        findings += check_complete(claims, rules.variants, rules.quantities)
        findings += check_possible(claims, rules.variants, parameters=rules.parameters, bounds=rules.bounds)
        findings += check_contradictions(claims)
        findings += check_evidence(claims, measured or {}, tolerances or {})
        findings += (one for document in documents for one in check_placeholders(document, rules.template))
        findings += check_images(images, rules.variants)
    notes = summary.notes + tuple(f"{document.file}: {note}" for document in documents for note in document.notes)
    return Review(summary, claims, tuple(findings), images, _answers(documents, rules), notes)


def _claims(document: Document, rules: SummaryRules) -> Claims:
    return find_claims(document, rules.variants, parameters=rules.parameters)


def _together(several: list[Claims]) -> Claims:
    claims = tuple(claim for one in several for claim in one.claims)
    return Claims(claims, tuple(blank for one in several for blank in one.blanks))


def _answers(documents: Sequence[Document], rules: SummaryRules) -> tuple[Answer, ...]:
    """Of each question the first document that has an answer."""
    found = [find_answers(document, rules.questions) for document in documents]
    if not found:
        return tuple(Answer(question.id, None) for question in rules.questions)
    return tuple(next((one for one in each if one.quote), each[0]) for each in zip(*found, strict=True))
