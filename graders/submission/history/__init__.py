"""The git history of a submission: reading it without running anything of it, and judging what it shows."""

from graders.submission.history.contents import given_blobs
from graders.submission.history.judging import HistoryRules, SubScore, judge_history
from graders.submission.history.reading import read_history
from graders.submission.history.records import Commit, FileChange, GivenCommit, History, NoHistory

__all__ = [
    "Commit",
    "FileChange",
    "GivenCommit",
    "History",
    "HistoryRules",
    "NoHistory",
    "SubScore",
    "given_blobs",
    "judge_history",
    "read_history",
]
