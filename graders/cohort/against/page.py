"""The page of changes: for the instructor, before anything is handed out."""

from __future__ import annotations

from pathlib import Path

from graders.cohort.against.comparison import Comparison
from graders.cohort.rendering import environment, style
from graders.scoring import format_points

PAGE = "changes.html"
_TEMPLATES = Path(__file__).resolve().parent / "templates"


def render_changes(comparison: Comparison) -> str:
    """The page. Whatever students wrote comes out escaped and of bounded length."""
    found = environment(_TEMPLATES)
    found.filters.update(points=format_points)
    return found.get_template("changes.html.j2").render(comparison=comparison, css=style())
