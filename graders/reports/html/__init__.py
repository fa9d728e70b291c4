"""The HTML report: a scorecard as a piece of HTML that needs no script and no network.

`render_summary` is the whole report, its style included; it goes to the top of a pytest-html page, whose own
table of tests follows under the fragment's last heading. `finish_page` is for the whole page, once it is written.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemBytecodeCache, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from graders.caching import default_folder, private_folder
from graders.core.errors import UsageError
from graders.core.text import html_label, html_text
from graders.scoring import Scorecard, format_points

from . import _formatting, _histograms, _line, _matrix, _scatter
from ._document import finish_page, whole_page
from ._page import lay_out

__all__ = ["finish_page", "render_page", "render_summary", "report_title", "stylesheet"]

_TEMPLATES = Path(__file__).parent / "templates"
_COMMAND = re.compile(r"^([^\S\n]*):(?=:)", re.MULTILINE)


def render_summary(scorecard: Scorecard, *, with_tests: bool = True) -> str:
    """Return the report on one scorecard as an HTML fragment with its own style element.

    `with_tests` says that pytest-html's table of tests follows, to which the fragment gives a heading then. Whatever
    the scorecard holds, foreign text comes out escaped, without control characters and of bounded length.
    """
    template = _environment().get_template("summary.html.j2")
    frames = {"line": _line, "scatter": _scatter, "histograms": _histograms}
    known = {"css": _css(), "frames": frames, "gutter": _matrix.GUTTER, "with_tests": with_tests}
    page = template.render(page=lay_out(scorecard), **known)
    # A job that prints this file gives its workflow's runner no commands: shown the same, they are written otherwise.
    return _COMMAND.sub(r"\1&#58;", page).replace("##[", "&#35;#[")


def render_page(scorecard: Scorecard) -> str:
    """Return the report as a page of its own, without pytest's record of tests and without any script."""
    title = escape(report_title(scorecard.submission))
    return whole_page(title, render_summary(scorecard, with_tests=False))


def report_title(submission: str) -> str:
    """Return the page's title as plain text, for a submission of this name."""
    return f"{html_label(submission, 120)}: grading report"


@cache
def stylesheet() -> str:
    """Return the style of the fragment and of the pytest-html page around it; `render_summary` includes it already."""
    return "\n".join((_TEMPLATES / name).read_text(encoding="utf-8") for name in ("summary.css", "pytest_html.css"))


def _css() -> Markup:
    """The style as it is: it is made of the grader's own files alone."""
    return Markup(stylesheet())  # noqa: S704


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        bytecode_cache=_compiled(),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_bounded,
    )
    environment.filters["points"] = format_points
    environment.globals.update(counted=_formatting.counted, missing=_formatting.MISSING)
    return environment


def _compiled() -> FileSystemBytecodeCache | None:
    """Compiled templates, beside other cached results; None if there is no folder that only this user can change."""
    try:
        folder = private_folder(default_folder()) / "templates"
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        private_folder(folder)
    except (OSError, UsageError):
        return None
    return FileSystemBytecodeCache(str(folder))


def _bounded(value: Any) -> Any:
    """The safety net below all layout code: no expression prints text that is not clean and bounded."""
    if isinstance(value, str) and not isinstance(value, Markup | _formatting.Fitted):
        return html_text(value)
    return value
