"""Reports in headless Chromium, driven by Playwright: what a page fetches, says and lets a keyboard do."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal

from playwright.sync_api import Browser, Page, sync_playwright

from tests.programs import find

Scheme = Literal["light", "dark"]
NARROW, WIDE = 400, 1100
# What is folded away is looked at as well; of matrices, which all have one name and one form, only the first.
OPEN_ALL = "document.querySelectorAll('details:not([name])').forEach(each => { each.open = true; })"
TABBABLE = """() => [...document.querySelectorAll('a[href], summary, button, input, [tabindex="0"]')]
    .filter(each => each.checkVisibility() && !each.disabled)
    .map((each, number) => { each.dataset.tab = number; return number; })"""


@contextmanager
def browsing() -> Iterator[Browser]:
    """A browser for several pages; it is Debian's, for Playwright would have to download its own."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find("chromium"), args=["--disable-gpu"])
        yield browser
        browser.close()


@dataclass
class Opened:
    """A page, with what it asked for and complained about since it was opened."""

    page: Page
    requests: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)


@contextmanager
def opened(browser: Browser, file: Path, *, width: int = WIDE, scheme: Scheme = "light") -> Iterator[Opened]:
    """The page at ``file`` in a window of this width."""
    context = browser.new_context(color_scheme=scheme, viewport={"width": width, "height": 800})
    page = context.new_page()
    found = Opened(page)
    page.on("request", lambda request: found.requests.append(request.url))
    page.on("console", lambda message: found.complaints.append(f"{message.type}: {message.text}"))
    page.on("pageerror", lambda error: found.complaints.append(str(error)))
    page.on("dialog", lambda dialog: (found.complaints.append(f"dialog: {dialog.message}"), dialog.dismiss()))
    page.goto(file.resolve().as_uri())
    yield found
    context.close()


@cache
def _axe() -> str:
    return files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8")


def violations(page: Page) -> list[str]:
    """What axe-core finds wrong with the page, a line each: how serious, the rule, and where."""
    page.evaluate(_axe())
    found: Any = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    return [
        f"{rule['impact']}: {rule['id']}: {[node['target'] for node in rule['nodes'][:3]]}"
        for rule in found["violations"]
    ]


def overflow(page: Page) -> int:
    """By how many pixels the page is wider than its window."""
    wider: int = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    return wider


def reached_by_tab(page: Page) -> tuple[list[int], list[int]]:
    """The numbers of all links, summaries, controls and scrolling parts, and of those that the tab key comes to."""
    wanted: list[int] = page.evaluate(TABBABLE)
    reached = []
    for _ in range(len(wanted) + 3):
        page.keyboard.press("Tab")
        number = page.evaluate("document.activeElement?.dataset.tab")
        if number is not None:
            reached.append(int(number))
    return wanted, reached
