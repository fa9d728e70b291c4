"""Adding it up: check outcomes to criteria, criteria to points, points to the scorecard."""

from graders.scoring.criteria import CheckResult, CriterionScore, format_points
from graders.scoring.late import LateDeduction
from graders.scoring.outcomes import CheckOutcome
from graders.scoring.points import Points, score_criterion, total
from graders.scoring.reasons import Reason
from graders.scoring.runs import RunSummary
from graders.scoring.scorecard import SCHEMA, LabScore, Scorecard, SeedFrom, find_scorecards, without_times

__all__ = [
    "SCHEMA",
    "CheckOutcome",
    "CheckResult",
    "CriterionScore",
    "LabScore",
    "LateDeduction",
    "Points",
    "Reason",
    "RunSummary",
    "Scorecard",
    "SeedFrom",
    "find_scorecards",
    "format_points",
    "score_criterion",
    "total",
    "without_times",
]
