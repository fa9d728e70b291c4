"""A page for students: the class's variants beside the reference's, under names that they chose or none."""

from graders.cohort.leaderboard.names import ChosenNames, read_names
from graders.cohort.leaderboard.page import PAGE, render_page

__all__ = ["PAGE", "ChosenNames", "read_names", "render_page"]
