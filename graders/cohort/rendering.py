"""What the class's pages have in common: reports' style, and text of students that is escaped and of bounded length."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from graders.core.text import html_text
from graders.reports.html import stylesheet

_SHARED = Path(__file__).resolve().parent / "templates"


@cache
def style() -> Markup:
    """The style of every page of a class."""
    own = (_SHARED / "class.css").read_text(encoding="utf-8")
    return Markup(f"{stylesheet()}\n{own}")  # noqa: S704  the grader's own files


def environment(templates: Path) -> Environment:
    """For templates in this folder, and shared ones. No expression prints text that is not clean and bounded."""
    return Environment(
        loader=FileSystemLoader([templates, _SHARED]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_bounded,
    )


def _bounded(value: Any) -> Any:
    return html_text(value) if isinstance(value, str) and not isinstance(value, Markup) else value
