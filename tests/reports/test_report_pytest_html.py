"""The fragment on a page that pytest-html really wrote."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from html import unescape
from html.parser import HTMLParser
from pathlib import Path

import pytest

from . import hostile, samples

REPOSITORY = Path(__file__).parents[2]
CONFTEST = """
import json, pathlib
from graders.reports.html import render_summary, report_title
from graders.scoring import Scorecard

CARD = Scorecard.load(pathlib.Path("card.json"))

def pytest_html_report_title(report):
    report.title = report_title(CARD.submission)

def pytest_html_results_summary(prefix, summary, postfix):
    prefix.append(render_summary(CARD))
"""


def written_by_pytest_html(folder: Path, card: object, tests: str = "def test_one(): pass\n", code: int = 0) -> str:
    (folder / "card.json").write_text(json.dumps(card))
    (folder / "conftest.py").write_text(CONFTEST)
    (folder / "test_one.py").write_text(tests)
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "--html=report.html",
        "--self-contained-html",
        f"--rootdir={folder}",
    ]
    done = subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY), "PYTEST_ADDOPTS": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == code, done.stdout + done.stderr
    return (folder / "report.html").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> str:
    return written_by_pytest_html(tmp_path_factory.mktemp("page"), samples.five_mistakes())


def test_the_fragment_stands_before_the_table_of_tests(page: str) -> None:
    assert (
        page.index("grace-hopper: grading report") < page.index('class="og-total"') < page.index('id="results-table"')
    )
    assert page.index('id="og-tests"') < page.index('class="run-count"')


def test_the_style_knows_the_parts_of_the_page(page: str) -> None:
    """What the style hides or restyles must still be there under the name it uses."""
    for name in ("environment-header", "environment", "title", "results-table"):
        assert f'id="{name}"' in page
    for name in (
        "summary__data",
        "summary__spacer",
        "run-count",
        "filter",
        "controls",
        "filters",
        "collapse",
        "logwrapper",
    ):
        assert re.search(rf'class="{name}[" ]', page), name
    assert 'class=\\"col-links\\"' in unescape(page)


def test_the_page_fetches_nothing(page: str) -> None:
    assert not re.search(r'(?:src|href)="(?:https?:)?//(?!pypi)', page)


class Handlers(HTMLParser):
    """Collects the tags of a page and the attributes that run code."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.handlers: list[str | None] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.handlers += [value for name, value in attrs if name.startswith("on")]


def test_a_hostile_submission_cannot_break_the_page(page: str, tmp_path: Path) -> None:
    harmless = Handlers(page)
    attacked = Handlers(written_by_pytest_html(tmp_path, hostile.scorecard(hostile.STRINGS["all"])))
    assert attacked.handlers == harmless.handlers == ["location.reload()"]
    assert attacked.tags.count("script") == harmless.tags.count("script") == 1
    assert attacked.tags.count("img") == harmless.tags.count("img")
