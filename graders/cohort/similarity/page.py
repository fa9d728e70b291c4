"""The page that shows an instructor who shares what: pairs, with the passages side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from graders.cohort.rendering import environment, style
from graders.cohort.similarity.comparison import ALIKE_SHARE, COPIED_SHARE, Comparison, Pair, Place, Share
from graders.cohort.similarity.files import EqualFiles
from graders.cohort.similarity.sources import Source
from graders.core.text import code_line

_TEMPLATES = Path(__file__).resolve().parent / "templates"
MOST_LINES, MOST_WIDTH, MOST_GROUPS = 40, 160, 60


@dataclass(frozen=True)
class Line:
    """A line of somebody's text."""

    number: int
    text: str


@dataclass(frozen=True)
class Excerpt:
    """Lines of somebody's text, and how many more there are."""

    file: str
    lines: tuple[Line, ...]
    more: int


@dataclass(frozen=True)
class ShownPair:
    """A pair with its passages side by side."""

    one: str
    other: str
    of_one: Share
    of_other: Share
    passages: tuple[tuple[Excerpt, Excerpt], ...]


def render_page(
    comparison: Comparison,
    files: Sequence[EqualFiles],
    class_: Mapping[str, Sequence[Source]],
    shown: Mapping[str, str],
) -> str:
    """The page. Whatever students wrote comes out escaped and of bounded length.

    :param shown: what each submission is called on the page.
    """
    pairs = [(pair.copied, _shown(pair, class_, shown)) for pair in comparison.pairs]
    return (
        environment(_TEMPLATES)
        .get_template("similarity.html.j2")
        .render(
            css=style(),
            count=len(class_),
            copied=[pair for copied, pair in pairs if copied],
            alike=[pair for copied, pair in pairs if not copied],
            left_out=comparison.found - len(pairs),
            most=comparison.most,
            copied_share=COPIED_SHARE,
            alike_share=ALIKE_SHARE,
            files=files[:MOST_GROUPS],
            more_files=max(0, len(files) - MOST_GROUPS),
            names=shown,
        )
    )


def _shown(pair: Pair, class_: Mapping[str, Sequence[Source]], shown: Mapping[str, str]) -> ShownPair:
    texts = {name: [each.text.split("\n") for each in class_[name]] for name in (pair.one, pair.other)}

    def excerpt(name: str, place: Place) -> Excerpt:
        lines = texts[name][place.source][place.first - 1 : place.last]
        first = [
            Line(place.first + number, code_line(text, MOST_WIDTH)) for number, text in enumerate(lines[:MOST_LINES])
        ]
        return Excerpt(class_[name][place.source].name, tuple(first), max(0, len(lines) - MOST_LINES))

    passages = [(excerpt(pair.one, each.one), excerpt(pair.other, each.other)) for each in pair.passages]
    return ShownPair(shown[pair.one], shown[pair.other], pair.of_one, pair.of_other, tuple(passages))
