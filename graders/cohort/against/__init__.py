"""What changes against an earlier grading of a class: whose points, by how much, and why."""

from graders.cohort.against.comparison import Change, Comparison, changed_parts, compare_with, open_earlier
from graders.cohort.against.page import PAGE, render_changes

__all__ = ["PAGE", "Change", "Comparison", "changed_parts", "compare_with", "open_earlier", "render_changes"]
