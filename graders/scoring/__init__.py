"""Adding it up: check outcomes to criteria, criteria to points, points to the scorecard."""

from graders.scoring.outcomes import CheckOutcome, Reason
from graders.scoring.points import CriterionScore, Points, score_criterion, total
from graders.scoring.scorecard import SCHEMA, LabScore, RunSummary, Scorecard, SeedFrom, without_times

__all__ = [
    "SCHEMA",
    "CheckOutcome",
    "CriterionScore",
    "LabScore",
    "Points",
    "Reason",
    "RunSummary",
    "Scorecard",
    "SeedFrom",
    "score_criterion",
    "total",
    "without_times",
]
