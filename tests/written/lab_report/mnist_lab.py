"""The MNIST lab's stages and acceptance list, which these tests read reports with."""

from __future__ import annotations

from pathlib import Path

from graders.labs.mnist_compression.report_items import report_items
from graders.labs.mnist_compression.stage_labels import LABELS
from graders.written import lab_report
from graders.written.claims import Claims, Document
from graders.written.lab_report import FoundReport, ReportRules, acceptance

ITEMS = report_items()
FOLDER = "mnist_compression"
RULES = ReportRules(labels=LABELS, items=ITEMS, folder=FOLDER)


def find_report(root: Path, given: tuple[str, ...] = (), skip: tuple[str, ...] = ()) -> FoundReport:
    return lab_report.find_report(root, FOLDER, LABELS, given=given, skip=skip)


def report_claims(document: Document) -> Claims:
    return lab_report.report_claims(document, LABELS)


def items_of(text: str) -> frozenset[str]:
    return acceptance.items_of(text, ITEMS, LABELS)
