"""The MNIST lab's stages and acceptance list, which these tests read reports with."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from graders.core.paths import LABS
from graders.framework.lab_toml import load
from graders.labs.mnist_compression.report_items import report_items
from graders.labs.mnist_compression.stage_labels import LABELS
from graders.submission.notebooks import WantedNotebook
from graders.written import lab_report
from graders.written.claims import Claims, Document
from graders.written.lab_report import FoundReport, ReportPlace, ReportRules, acceptance

ITEMS = report_items()
FOLDER = "mnist_compression"
WANTED = WantedNotebook.from_settings("quantization_and_pruning.ipynb", load(LABS / FOLDER).settings)
PLACE = ReportPlace(folder=FOLDER, wanted=WANTED)
RULES = ReportRules(labels=LABELS, items=ITEMS, place=PLACE)


def find_report(root: Path, given: tuple[str, ...] = (), notebook: str = "") -> FoundReport:
    return lab_report.find_report(root, replace(PLACE, given=given, notebook=notebook), LABELS)


def report_claims(document: Document) -> Claims:
    return lab_report.report_claims(document, LABELS)


def items_of(text: str) -> frozenset[str]:
    return acceptance.items_of(text, ITEMS, LABELS)
