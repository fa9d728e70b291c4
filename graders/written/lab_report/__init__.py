"""A lab report: finding it, what it shows to be done, and whether what it claims can be true."""

from graders.written.lab_report.acceptance import Accepted, ReportItem
from graders.written.lab_report.discovery import FoundReport, ReportPlace, find_report
from graders.written.lab_report.review import ReportReview, ReportRules, review_report
from graders.written.lab_report.stage_claims import report_claims

__all__ = [
    "Accepted", "FoundReport", "ReportItem", "ReportPlace", "ReportReview", "ReportRules", "find_report",
    "report_claims", "review_report",
]  # fmt: skip
