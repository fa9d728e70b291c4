"""What of the submitted notebook and report counts, and how much of it there is."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from graders.core.paths import LABS
from graders.core.result import Result
from graders.framework.checks import NeedsManualReview
from graders.framework.lab_toml import load
from graders.labs.mnist_compression import report_claims
from graders.labs.mnist_compression.stage_labels import LABELS
from graders.labs.mnist_compression.static_review import Asked, StaticReview, read
from graders.submission.notebooks import Cell, CellError, Notebook, NotebookReview, Order, Output, review_notebook
from graders.written.lab_report import FoundReport, ReportReview

LAB = load(LABS / "mnist_compression")
SHARE = LAB.settings["order_share"]
MEASURED = {
    "baseline": {"accuracy": 0.91},
    "tflite": {"accuracy": 0.91, "size": 85_040.0, "zipped": 77_000.0},
    "ptq": {"accuracy": 0.91, "size": 24_384.0, "zipped": 20_000.0},
    "pruned": {"accuracy": 0.9, "size": 98_928.0, "zipped": 25_800.0},
    "pruned_quantized": {"accuracy": 0.9, "size": 24_472.0, "zipped": 8_704.0},
}


def reviewed(*texts: str) -> NotebookReview:
    """A notebook whose cells printed these."""
    cells = [Cell(at, "code", "model.fit(x)", at + 1, (Output("stream", text),)) for at, text in enumerate(texts)]
    return review_notebook(Notebook(Path("a.ipynb"), "ipynb", tuple(cells)), LABELS)


EXECUTED = replace(reviewed(*"abcd"), code_cells=(0, 1, 2, 3))


@pytest.mark.parametrize(
    ("changes", "share", "words"),
    [
        ({}, 1, []),
        ({"unexecuted": (2,)}, 0.88 * 0.75 + 0.12, ["1 of 4 code cells were not executed (cell 3)"]),
        ({"silent": (1,), "unexecuted": (2,)}, 0.88 * 0.5 + 0.12, ["1 of 4", "no output (cell 2)"]),
        ({"errors": (CellError(3, "NameError: no x"),)}, 0.88 * 0.75 + 0.12, ["cell 4 failed with NameError"]),
        ({"order": Order.BROKEN, "order_cells": (3,)}, 0.88, ["out of order: cell 4"]),
        ({"order": Order.RISING}, 1, []),
        ({"order": Order.RESTARTED}, 1, []),
        ({"order": Order.UNKNOWN}, 1, []),
        ({"order": Order.NONE, "unexecuted": (0, 1, 2, 3)}, 0, ["4 of 4"]),
        ({"executed_known": False}, 0, ["a script"]),
        ({"code_cells": ()}, 0, ["no code cells"]),
    ],
)
def test_most_of_the_execution_is_the_share_of_cells(changes, share, words):
    """What is missing is named; the order is worth little, gaps in the counts and restarts cost nothing."""
    found = replace(EXECUTED, **changes)
    assert report_claims.executed_share(found, SHARE) == pytest.approx(share)
    faults = "; ".join(report_claims.execution_faults(found).values())
    assert bool(faults) == bool(words)
    assert all(word in faults for word in words)
    assert set(report_claims.execution_faults(found)) <= set(LAB.hints)


@pytest.mark.parametrize(
    ("wrong", "count", "share"), [(0, 4, 1), (1, 4, 0.75), (2, 4, 0.5), (3, 4, 0), (1, 1, 0), (0, 0, 0)]
)
def test_numbers_of_other_work_earn_nothing(wrong, count, share):
    assert report_claims.Compared(("x",) * wrong, count).share == share


@pytest.mark.parametrize(
    ("cells", "placeholders", "share"), [(0, 0, 1), (2, 0, 0.8), (0, 5, 0.75), (2, 10, 0.5), (30, 0, 0), (10, 0, 0)]
)
def test_of_gaps_the_share_that_is_filled_counts(cells, placeholders, share):
    found = StaticReview(Result(EXECUTED), False, ReportReview(FoundReport()), {}, False, Asked(10, 20))
    assert report_claims.gaps_share(found, cells, placeholders) == pytest.approx(share)


@pytest.mark.parametrize(
    ("texts", "wrong"),
    [
        (["baseline accuracy: 0.9125", "pruned quantized size: 24472 bytes"], 0),
        (["baseline accuracy: 0.0958"], 1),
        (["baseline accuracy: 0.0958", "baseline accuracy: 0.9125"], 0),
        (["pruned quantized: 8,704 bytes"], 0),
        (["pruned quantized: 23.9 KiB"], 0),
        (["pruned quantized zipped: 24472 bytes"], 0),
        (["pruned quantized: 98928 bytes"], 1),
        (["baseline size: 271215 bytes"], 0),
        (["pruned size: 97135 bytes", "pruned zipped size: 71834 bytes"], 1),
        (["gzipped model size in bytes for pruned: 98928"], 0),
        (["gzipped model size in bytes for post training quantized: 20011"], 0),
        (["quantized tflite: 999999 bytes"], 0),
    ],
)
def test_outputs_are_compared_with_what_they_can_mean(texts, wrong):
    """A size may be a file's or an archive's unless its entry says so; at least one number of a stage is reproduced."""
    compared = report_claims.compare_outputs(reviewed(*texts), MEASURED, LAB)
    assert len(compared.wrong) == wrong


def test_the_template_says_how_much_is_asked_for(tmp_path):
    """Of an empty submission nothing can be read, but what is asked for is known."""
    found = read(tmp_path, LAB, {})
    assert found.asked == Asked(10, 18)
    assert found.review.missing


def test_a_document_is_graded_manually_and_named():
    with pytest.raises(NeedsManualReview, match=r"Lab 3\.docx"):
        report_claims.require_report(ReportReview(FoundReport(pending=("lab/Lab 3.docx",))))
