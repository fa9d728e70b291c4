"""The class's page in a browser: nothing is fetched, and everybody can use it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from graders.cohort.intake import Submitted
from graders.cohort.leaderboard import ChosenNames
from graders.cohort.similarity.comparison import compare
from graders.cohort.similarity.files import EqualFiles
from graders.cohort.similarity.page import render_page as render_similarity
from graders.cohort.similarity.sources import _source
from tests.cohort.test_leaderboard import board
from tests.cohort.test_page import LARGEST, documents, page_of
from tests.cohort.test_similarity import function
from tests.programs import find
from tests.reports.browser import NARROW, OPEN_ALL, WIDE, Scheme, browsing, opened, overflow, reached_by_tab, violations


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    find("chromium")
    with browsing() as found:
        yield found


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("class")
    broken = Submitted(name="zoe", students=("王小明",), path=None, problem="zoe.zip is not a ZIP archive, or a damaged one")
    (folder / "index.html").write_text(page_of(folder, [*documents(12)], broken), encoding="utf-8")
    return folder / "index.html"


@pytest.mark.parametrize(("width", "scheme"), [(WIDE, "light"), (WIDE, "dark"), (NARROW, "light"), (NARROW, "dark")])
def test_axe_finds_nothing(browser: Browser, page: Path, width: int, scheme: Scheme) -> None:
    with opened(browser, page, width=width, scheme=scheme) as found:
        found.page.evaluate(OPEN_ALL)
        assert violations(found.page) == []
        assert overflow(found.page) == 0
        assert [url.partition("#")[0] for url in found.requests] == [page.as_uri()]
        assert found.complaints == []


def test_a_class_of_200_is_as_accessible(browser: Browser, tmp_path: Path) -> None:
    """Under 3 MB, nothing fetched, nothing that axe finds."""
    path = tmp_path / "index.html"
    path.write_text(page_of(tmp_path, [*documents(200)]), encoding="utf-8")
    assert path.stat().st_size < LARGEST
    with opened(browser, path) as found:
        found.page.evaluate(OPEN_ALL)
        assert violations(found.page) == []
        assert [url.partition("#")[0] for url in found.requests] == [path.as_uri()]
        assert found.complaints == []


@pytest.fixture(scope="module")
def others(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """The page of similarity, with a pair and equal files, and the one for students."""
    folder = tmp_path_factory.mktemp("others")
    half = function(1).split("\n")
    texts = {"ada": function(1), "bob": function(1), "eve": "\n".join(half[: len(half) * 6 // 10]) + function(2, 16)}
    class_ = {name: [_source("lab/work.py", "code", text)] for name, text in texts.items()}
    equal = [EqualFiles("submitted", ("ada", "eve"), ("a.h5 = b.h5",))]
    pages = {"similarity.html": render_similarity(compare(class_, []), equal, class_, {name: name.title() for name in texts})}
    pages["leaderboard.html"] = board(folder / "store", ChosenNames({"student0001": "Fox"}))
    for name, text in pages.items():
        (folder / name).write_text(text, encoding="utf-8")
    return [folder / name for name in pages]


@pytest.mark.parametrize(("width", "scheme"), [(WIDE, "light"), (NARROW, "dark")])
def test_axe_finds_nothing_on_the_others(browser: Browser, others: list[Path], width: int, scheme: Scheme) -> None:
    for path in others:
        with opened(browser, path, width=width, scheme=scheme) as found:
            found.page.evaluate(OPEN_ALL)
            assert violations(found.page) == []
            assert overflow(found.page) == 0
            assert [url.partition("#")[0] for url in found.requests] == [path.as_uri()]
            assert found.complaints == []


def test_the_table_is_filtered_and_sorted_by_keyboard(browser: Browser, page: Path) -> None:
    with opened(browser, page) as found:
        rows = found.page.locator("#oc-submissions tbody tr:visible")
        assert rows.count() == 13
        found.page.locator("#oc-text").focus()
        found.page.keyboard.type("王小明")
        assert rows.count() == 1
        assert found.page.locator("#oc-shown").inner_text() == "1 of 13 shown"
        found.page.locator("#oc-text").fill("")
        found.page.locator("#oc-kind").select_option("not graded")
        assert rows.count() == 1
        found.page.locator("#oc-kind").select_option("")
        points = found.page.locator("#oc-submissions th", has_text="Points")
        for order in ("ascending", "descending"):
            points.locator("button").focus()
            found.page.keyboard.press("Enter")
            assert points.get_attribute("aria-sort") == order
            shown = [float(each or 0) for each in rows.locator("td:nth-child(3)").evaluate_all("all => all.map(e => e.dataset.sort)")]
            assert shown == sorted(shown, reverse=order == "descending")


def test_all_is_reached_by_keyboard(browser: Browser, page: Path) -> None:
    with opened(browser, page) as found:
        wanted, reached = reached_by_tab(found.page)
        assert len(wanted) > 30
        assert set(wanted) <= set(reached)
