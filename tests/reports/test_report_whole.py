"""Whole pages: as grading finishes pytest-html's, and made again from a scorecard alone."""

from __future__ import annotations

import json
import re
from base64 import b64encode
from hashlib import sha256
from pathlib import Path

import pytest

from graders.cli import main
from graders.reports.html import finish_page, render_page
from graders.scoring import Scorecard

from . import hostile, samples
from .test_report_pytest_html import Handlers, written_by_pytest_html


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> str:
    return finish_page(written_by_pytest_html(tmp_path_factory.mktemp("whole"), samples.five_mistakes()))


def test_the_page_has_a_language_a_main_part_and_names_for_its_boxes(page: str) -> None:
    assert '<html lang="en">' in page
    assert page.count("<main>") == page.count("</main>") == 1
    assert page.index("<main>") < page.index('id="title"') < page.index('id="results-table"') < page.index("</main>")
    boxes = re.findall(r"<input [^>]*>", page)
    assert boxes
    assert all('aria-label="Show tests that are ' in box for box in boxes)


def test_the_policy_allows_this_script_and_no_other(page: str) -> None:
    (policy,) = re.findall(r'http-equiv="Content-Security-Policy" content="([^"]*)"', page)
    (script,) = re.findall(r"<script>(.*?)</script>", page, re.DOTALL)
    digest = b64encode(sha256(script.encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}';" in policy
    assert "default-src 'none'" in policy
    assert "http" not in policy


def test_no_attribute_runs_code(page: str) -> None:
    assert Handlers(page).handlers == []


def test_a_page_by_itself_has_no_script_at_all() -> None:
    page = render_page(Scorecard.from_json(hostile.scorecard(hostile.STRINGS["all"])))
    found = Handlers(page)
    assert found.handlers == []
    assert "script" not in found.tags
    assert "script-src 'none'" in page
    assert "og-tests" not in page.partition("</style>")[2]


def test_a_report_is_made_anew_from_its_scorecard(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    card = tmp_path / "scorecard.json"
    card.write_text(json.dumps(samples.five_mistakes()), encoding="utf-8")
    assert main(["report", str(card)]) == 0
    assert "grace-hopper: grading report" in (tmp_path / "report.html").read_text(encoding="utf-8")
    assert main(["report", str(card), "--into", str(tmp_path / "other.html")]) == 0
    assert capsys.readouterr().out.splitlines() == [str(tmp_path / name) for name in ("report.html", "other.html")]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "not JSON"),
        ("[]", "not a scorecard"),
        ('{"schema": "optgrade/scorecard/v2"}', "not a scorecard"),
        ('{"schema": "optgrade/scorecard/v1"}', "not a scorecard of this version"),
        (None, "No such file"),
    ],
)
def test_what_is_no_scorecard_is_told_in_one_line(
    content: str | None, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    card = tmp_path / "scorecard.json"
    if content is not None:
        card.write_text(content, encoding="utf-8")
    assert main(["report", str(card)]) == 4
    (line,) = capsys.readouterr().err.splitlines()
    assert said in line
    assert not (tmp_path / "report.html").exists()
