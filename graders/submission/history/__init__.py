"""The git history of a submission: reading it without running anything of it, and checking what it shows."""

from graders.submission.history.checks import CommitFinding, SubScore, judge_history
from graders.submission.history.contents import given_blobs
from graders.submission.history.log_parser import read_history
from graders.submission.history.records import Commit, FileChange, GivenCommit, History, NoHistory
from graders.submission.history.rules import HistoryRules
from graders.submission.history.scope import Scope

__all__ = [
    "Commit",
    "CommitFinding",
    "FileChange",
    "GivenCommit",
    "History",
    "HistoryRules",
    "NoHistory",
    "Scope",
    "SubScore",
    "given_blobs",
    "judge_history",
    "read_history",
]
