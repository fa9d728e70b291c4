"""A parsed fragment, as the tests want to ask about it."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any

from graders.reports.html import render_summary
from graders.scoring import Scorecard

VOID = {"br", "img", "input", "link", "meta", "wbr", "hr"}


@dataclass
class Element:
    """One element: its tag, its attributes and all text below it."""

    tag: str
    attributes: dict[str, str]
    text: str = ""

    def has_class(self, name: str) -> bool:
        return name in self.attributes.get("class", "").split()


@dataclass
class Page(HTMLParser):
    """All elements in document order; refuses markup that is not balanced."""

    elements: list[Element] = field(default_factory=list)
    _open: list[Element] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__(convert_charrefs=True)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert len({name for name, _ in attrs}) == len(attrs), f"an attribute of {tag} came twice"
        element = Element(tag, {name: value or "" for name, value in attrs})
        self.elements.append(element)
        if tag not in VOID:
            self._open.append(element)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        assert [element.tag for element in self._open[-1:]] == [tag], f"</{tag}> closes something else"
        self._open.pop()

    def handle_data(self, data: str) -> None:
        for element in self._open:
            element.text += data

    def all(self, tag: str = "", class_: str = "") -> list[Element]:
        """Return the elements with this tag and class; either may be left open."""
        return [e for e in self.elements if tag in ("", e.tag) and (not class_ or e.has_class(class_))]

    def text(self) -> str:
        """Return what a reader sees, white space squeezed."""
        (report,) = self.all(class_="og-report")
        return " ".join(report.text.split())


def parse(html: str) -> Page:
    """Parse a whole fragment; every element must be closed."""
    page = Page()
    page.feed(html)
    page.close()
    assert not page._open, [e.tag for e in page._open]
    return page


def render(document: Any) -> str:
    """The report's fragment of a scorecard's document."""
    return render_summary(Scorecard.from_json(document))
