"""A lab report in Markdown: finding it, what it shows to be done, and whether what it states can be true."""

from graders.written.lab_report.acceptance import ITEMS, Accepted
from graders.written.lab_report.discovery import FoundReport, find_report
from graders.written.lab_report.figures import MEASURED, report_claims
from graders.written.lab_report.review import ReportReview, ReportRules, review_report

__all__ = [
    "ITEMS", "MEASURED", "Accepted", "FoundReport", "ReportReview", "ReportRules", "find_report", "report_claims",
    "review_report",
]  # fmt: skip
