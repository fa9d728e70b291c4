"""The acceptance list of the lab's report."""

from __future__ import annotations

from functools import cache

from graders.labs.mnist_compression.stage_labels import (
    PRUNED,
    PRUNED_QUANTIZED,
    PRUNED_TFLITE,
    PTQ,
    QAT,
    QAT_TFLITE,
    TFLITE,
    words,
)
from graders.written.lab_report import ReportItem


@cache
def report_items() -> tuple[ReportItem, ...]:
    """The items in the lab's order."""
    stems = {name: tuple(each) for name, each in words("items").items()}
    return (
        ReportItem("convert", stages=(TFLITE,), stems=stems["convert"], unless_stage=True),
        ReportItem("ptq", stages=(PTQ,)),
        ReportItem("qat", stages=(QAT, QAT_TFLITE)),
        ReportItem("prune", stages=(PRUNED, PRUNED_TFLITE, PRUNED_QUANTIZED)),
        ReportItem("notebook", stems=stems["notebook"]),
        ReportItem("report", stems=stems["report"], always=True),
    )
