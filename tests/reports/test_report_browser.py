"""Real gradings' reports in a browser: nothing is fetched, nothing goes wrong, and everybody can use them."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from graders.reports.html import finish_page, render_page
from graders.scoring import Scorecard
from tests.programs import find

from . import hostile
from .browser import NARROW, OPEN_ALL, WIDE, Scheme, browsing, opened, overflow, reached_by_tab, violations
from .gradings import KEPT, kept
from .test_report_pytest_html import written_by_pytest_html

LARGEST = 2_000_000
PAGES = (*KEPT, "hostile", "within-pytest-html")
TESTS = """
import pytest

def test_passes(): print("x")
def test_fails(): assert 1 == 2
def test_skips(): pytest.skip("for a person")
"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    find("chromium")
    with browsing() as found:
        yield found


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Each report as a file: two real gradings, one whose every text wants to be more, one as grading writes it."""
    folder = tmp_path_factory.mktemp("pages")
    whole = finish_page(written_by_pytest_html(folder, kept("five-mistakes"), TESTS, code=1))
    texts = {name: render_page(Scorecard.from_json(kept(name))) for name in KEPT}
    texts |= {"hostile": render_page(Scorecard.from_json(hostile.scorecard(hostile.STRINGS["all"]))), "within-pytest-html": whole}
    files = {}
    for name, text in texts.items():
        files[name] = folder / f"{name}.html"
        files[name].write_text(text, encoding="utf-8")
    return files


@pytest.mark.parametrize("name", KEPT)
def test_a_real_report_is_small_and_quickly_made(name: str) -> None:
    card = Scorecard.from_json(kept(name))
    render_page(card)
    started = time.process_time()
    page = render_page(card)
    assert time.process_time() - started < 1
    assert len(page.encode()) < LARGEST


@pytest.mark.parametrize("name", PAGES)
def test_nothing_is_fetched_and_nothing_complains(browser: Browser, pages: dict[str, Path], name: str) -> None:
    with opened(browser, pages[name]) as found:
        found.page.evaluate(OPEN_ALL)
        for link in found.page.locator("a[href^='#']").all()[:8]:
            link.click()
        for button in found.page.locator("#show_all_details, #hide_all_details").all():
            button.click()
        assert [url.partition("#")[0] for url in found.requests] == [pages[name].as_uri()]
        assert found.complaints == []


@pytest.mark.parametrize(
    ("name", "width", "scheme"),
    [
        ("reference", WIDE, "dark"),
        ("reference", NARROW, "light"),
        ("within-pytest-html", WIDE, "light"),
        ("within-pytest-html", NARROW, "dark"),
        ("hostile", WIDE, "dark"),
        ("hostile", NARROW, "light"),
    ],
)
def test_axe_finds_nothing(browser: Browser, pages: dict[str, Path], name: str, width: int, scheme: Scheme) -> None:
    """Each page in both schemes and at both widths, with everything unfolded."""
    with opened(browser, pages[name], width=width, scheme=scheme) as found:
        found.page.evaluate(OPEN_ALL)
        assert violations(found.page) == []


@pytest.mark.parametrize("name", PAGES)
def test_a_narrow_window_is_enough(browser: Browser, pages: dict[str, Path], name: str) -> None:
    with opened(browser, pages[name], width=NARROW) as found:
        assert overflow(found.page) == 0
        found.page.evaluate(OPEN_ALL)
        assert overflow(found.page) == 0


@pytest.mark.parametrize("name", ["five-mistakes", "within-pytest-html"])
def test_all_is_reached_by_keyboard(browser: Browser, pages: dict[str, Path], name: str) -> None:
    with opened(browser, pages[name]) as found:
        wanted, reached = reached_by_tab(found.page)
        assert len(wanted) > 40
        assert set(wanted) <= set(reached)
        assert reached[: len(wanted)] == sorted(reached[: len(wanted)]), "not in the order of the page"


def test_the_keyboard_unfolds_and_follows(browser: Browser, pages: dict[str, Path]) -> None:
    with opened(browser, pages["five-mistakes"]) as found:
        summary = found.page.locator("#og-criteria ~ table summary").first
        summary.focus()
        found.page.keyboard.press("Enter")
        assert summary.evaluate("each => each.parentElement.open")
        link = found.page.locator(".og-where a").first
        link.focus()
        found.page.keyboard.press("Enter")
        target = link.get_attribute("href") or ""
        assert found.page.locator(target).evaluate("each => each.matches(':target')")


@pytest.mark.parametrize("name", ["five-mistakes", "within-pytest-html"])
def test_it_prints(browser: Browser, pages: dict[str, Path], name: str) -> None:
    """On paper, in dark mode too: light colours, the advice unfolded, no controls."""
    with opened(browser, pages[name], scheme="dark") as found:
        assert found.page.pdf(format="A4").startswith(b"%PDF-")
        found.page.emulate_media(media="print")
        assert found.page.evaluate("getComputedStyle(document.body).color") == "rgb(27, 36, 48)"
        assert not found.page.locator(".og-nav").is_visible()
        folded = found.page.locator(".og-more:not([open]) > :not(summary)").all()
        assert folded
        assert all(each.bounding_box() for each in folded)


def test_scripts_of_others_do_not_run(browser: Browser, pages: dict[str, Path], tmp_path: Path) -> None:
    """Were something to slip through the escaping, the page's policy would stop it."""
    page = pages["within-pytest-html"].read_text(encoding="utf-8")
    slipped = "<script>document.title = 'owned'</script><img src=x onerror=\"document.title = 'owned'\">"
    file = tmp_path / "slipped.html"
    file.write_text(page.replace('<div class="og-report">', f'<div class="og-report">{slipped}', 1), encoding="utf-8")
    with opened(browser, file) as found:
        assert "owned" not in found.page.title()
        assert any("Content Security Policy" in complaint for complaint in found.complaints)
        assert found.page.locator("#results-table tbody tr").count() >= 3, "pytest-html's own script runs"
