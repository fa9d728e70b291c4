"""The page for students. Nothing on it shows who somebody is who chose no name: no name, order, link or points."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from graders.cohort.leaderboard.names import ChosenNames
from graders.cohort.page import charts
from graders.cohort.page.gathering import ClassPage
from graders.cohort.page.statistics import Variant, Variants
from graders.cohort.rendering import environment, style
from graders.cohort.store import Stored

PAGE = "leaderboard.html"
_TEMPLATES = Path(__file__).resolve().parent / "templates"
MOST_SHOWN = 3


def render_page(page: ClassPage, students: Mapping[int, Stored], names: ChosenNames) -> str:
    """The page.

    :param students: the class's submissions, by id.
    """
    chosen = {number: names.of(stored.students) for number, stored in students.items()}
    found = environment(_TEMPLATES)
    found.filters.update(size=charts.size_text)
    return found.get_template("leaderboard.html.j2").render(
        css=style(),
        charts=charts,
        scatters=[drawing for each in page.statistics.variants() if (drawing := _drawing(each, chosen)) is not None],
        made_at=page.made_at,
        whose=lambda variant: _whose(variant, chosen),
    )


def _drawing(variants: Variants, chosen: Mapping[int, str]) -> charts.ScatterDrawing | None:
    """The chart, whose dots show the names that their owners chose; the table has a column for these."""
    named = replace(variants, own=tuple(_with_owner(each, chosen) for each in variants.own))
    drawing = charts.draw_scatter(named)
    return drawing and replace(drawing, best=tuple(each for each in variants.front if each.size > 0))


def _with_owner(variant: Variant, chosen: Mapping[int, str]) -> Variant:
    owners = [name for number in variant.submissions if (name := chosen.get(number, ""))]
    return replace(variant, name=f"{owners[0]}, {variant.name}") if len(owners) == 1 else variant


def _whose(variant: Variant, chosen: Mapping[int, str]) -> str:
    """Whose a variant is, as they want to be called."""
    owners = sorted(name for number in variant.submissions if (name := chosen.get(number, "")))
    nameless = len(variant.submissions) - len(owners)
    more = len(owners[MOST_SHOWN:]) + nameless
    if not owners:
        return "no name" if nameless == 1 else f"{nameless} without a name"
    return ", ".join(owners[:MOST_SHOWN]) + (f" and {more} more" if more else "")
