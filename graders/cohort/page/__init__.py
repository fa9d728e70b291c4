"""The class's page: one file for the instructor, which needs no network."""

from graders.cohort.page.document import render_page
from graders.cohort.page.gathering import gather

__all__ = ["gather", "render_page"]
