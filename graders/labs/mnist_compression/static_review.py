"""The submitted notebook and the report, read once; nothing in them is run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from graders.core.errors import RunError, RunErrorKind, SubmissionError
from graders.core.paths import TEMPLATE
from graders.core.result import Result, failure
from graders.core.verdicts import Verdict
from graders.framework.definition import Lab
from graders.framework.static_review import untouched_template_files
from graders.labs.mnist_compression.evidence import NotebookEvidence
from graders.labs.mnist_compression.stage_labels import LABELS
from graders.labs.mnist_compression.stages import accuracy_of, staged
from graders.labs.mnist_compression.unstarted import unstarted_notebook
from graders.submission import notebooks
from graders.submission.notebooks import WantedNotebook

if TYPE_CHECKING:
    from graders.framework.runner import RunResult
    from graders.submission.notebooks import Notebook, NotebookReview
    from graders.written.lab_report import ReportReview

FOLDER = TEMPLATE / "mnist_compression"
NOTEBOOK = "quantization_and_pruning.ipynb"


@dataclass(frozen=True)
class Asked:
    """How much the template asks for: cells of its notebook with a gap, and placeholders of its report."""

    cells: int
    placeholders: int


@dataclass(frozen=True)
class StaticReview:
    """What was submitted, and what the grader measured of each stage when it executed the notebook, if it did.

    ``measured``: by stage ``"accuracy"``, ``"size"`` and ``"zipped"``. ``untouched``: the notebook is the unchanged
    template. ``executed``: whether execution was attempted without a fault of the grader's. ``not_started``: why
    nothing of it is the student's work, if nothing is.
    """

    notebook: Result[NotebookReview]
    untouched: bool
    review: ReportReview
    measured: Mapping[str, Mapping[str, float]]
    executed: bool
    asked: Asked
    not_started: str = ""


def read(root: Path, lab: Lab, results: Mapping[str, RunResult[NotebookEvidence]]) -> StaticReview:
    """Reads both below ``root``. :param results: the lab's runs so far, by name."""
    from graders.labs.mnist_compression.report_items import report_items
    from graders.written.claims import Question
    from graders.written.lab_report import ReportPlace, ReportRules, review_report

    # The labs' own texts are not reports.
    texts = [
        *sorted(TEMPLATE.rglob("*.md")),
        *(each for each in untouched_template_files(root) if each.suffix == ".md"),
    ]
    given = tuple(path.read_text(encoding="utf-8", errors="replace") for path in texts)
    questions = tuple(
        Question(each["id"], number, tuple(each["keys"]))
        for number, each in enumerate(lab.settings["questions"], start=1)
    )
    measured = stages(results)
    place = ReportPlace(
        folder=lab.id,
        given=given,
        skip=("summaries",),
        wanted=WantedNotebook.from_settings(NOTEBOOK, lab.settings),
        notebook=lab.student_file,
    )
    rules = ReportRules(labels=LABELS, items=report_items(), place=place, questions=questions)
    template = notebooks.read(FOLDER / NOTEBOOK)
    found, untouched = _notebook(root, lab, template)
    executed = any(each.error is None or isinstance(each.error, RunError) for each in results.values())
    not_started = unstarted_notebook(root, lab)
    report = review_report(root, rules)
    return StaticReview(found, untouched, report, measured, executed, _asked(template), not_started)


def _asked(template: Notebook) -> Asked:
    from graders.written.claims import check_placeholders, read_document

    gaps = notebooks.review_notebook(template, LABELS).gaps
    report = read_document((FOLDER / "report.md").read_text(encoding="utf-8"))
    return Asked(len({gap.cell for gap in gaps}), len(check_placeholders(report)))


def _notebook(root: Path, lab: Lab, template: Notebook) -> tuple[Result[NotebookReview], bool]:
    try:
        notebook = notebooks.read(root / lab.student_file)
    except SubmissionError as error:
        verdict = Verdict.FAILED if (root / lab.student_file).exists() else Verdict.MISSING
        return failure(RunError(verdict, str(error), kind=RunErrorKind.BAD_FILE)), False
    reviewed = notebooks.review_notebook(notebook, LABELS, template=template.cells)
    return Result(reviewed), _code(notebook) == _code(template)


def _code(notebook: Notebook) -> list[str]:
    return [cell.source.strip() for cell in notebook.code]


def stages(results: Mapping[str, RunResult[NotebookEvidence]]) -> dict[str, dict[str, float]]:
    """What was measured of each stage of the executed notebook."""
    evidence = next((each.evidence for each in results.values() if isinstance(each.evidence, NotebookEvidence)), None)
    if evidence is None:
        return {}
    found = {}
    for stage, (archive, file) in staged(evidence).items():
        if file.value is None:
            continue
        facts = {"accuracy": accuracy_of(file.value)}
        # Of the baseline there may be several files of other sizes.
        if archive is not None and stage != "baseline":
            facts |= {"size": float(archive.bytes), "zipped": float(archive.deflated)}
        found[stage] = {name: value for name, value in facts.items() if value is not None}
    return found
