"""The page as one file of HTML: its style and its script are in it, and its policy lets it fetch nothing."""

from __future__ import annotations

from base64 import b64encode
from functools import cache
from hashlib import sha256
from pathlib import Path

from jinja2 import Environment
from markupsafe import Markup

from graders.cohort.page import charts
from graders.cohort.page.gathering import ClassPage
from graders.cohort.page.statistics import median
from graders.cohort.progress import duration
from graders.cohort.rendering import environment, style
from graders.scoring import format_points

_TEMPLATES = Path(__file__).resolve().parent / "templates"
MOST_CAUSES, MOST_LINKS = 25, 12
# Below these, a criterion says little of who knows more.
LOW_DISCRIMINATION, LOW_SHARE, HIGH_SHARE = 0.1, 0.2, 0.98


def render_page(page: ClassPage) -> str:
    """The page. Whatever students wrote comes out escaped and of bounded length."""
    statistics = page.statistics
    script = (_TEMPLATES / "class.js").read_text(encoding="utf-8")
    digest = b64encode(sha256(script.encode()).digest()).decode()
    rows = {row.id: row for row in page.rows}
    return (
        _environment()
        .get_template("class.html.j2")
        .render(
            page=page,
            rows=rows,
            bars=charts.draw_bars(statistics.distribution()),
            scatters=[drawing for drawing in map(charts.draw_scatter, statistics.variants()) if drawing is not None],
            criteria=sorted(statistics.criteria.values(), key=lambda each: (each.share, each.id)),
            causes=statistics.causes(MOST_CAUSES),
            most_links=MOST_LINKS,
            median_total=median(float(earned) for earned, _ in statistics.totals),
            median_seconds=median(row.seconds for row in page.rows if row.points is not None),
            slowest=sorted((row for row in page.rows if row.seconds), key=lambda row: -row.seconds)[:5],
            css=style(),
            script=Markup(script),  # noqa: S704  the grader's own file
            script_hash=digest,
            charts=charts,
        )
    )


def remark(share: float, discrimination: float | None) -> str:
    """What a criterion's figures say of it, if anything."""
    if discrimination is not None and discrimination < 0:
        return "look at it: those who know more earn it less often"
    if share < LOW_SHARE:
        return "hardly anybody earned it: too hard, or not taught?"
    if share > HIGH_SHARE:
        return "everybody earned it"
    if discrimination is not None and discrimination < LOW_DISCRIMINATION:
        return "says little of who knows more"
    return ""


@cache
def _environment() -> Environment:
    found = environment(_TEMPLATES)
    found.filters.update(points=format_points, duration=duration, size=charts.size_text)
    found.globals["remark"] = remark
    return found
