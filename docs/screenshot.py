"""The pictures of reports in the docs, taken in headless Chromium: ``docs/screenshot.py [FOLDER]``.

They show stored scorecards of real gradings, so nothing is graded.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, FloatRect, sync_playwright

ROOT = Path(__file__).resolve().parents[1]
GRADINGS = ROOT / "tests" / "data" / "gradings"
WIDTH, COLOURS = 1100, 220


@dataclass(frozen=True)
class Picture:
    """A part of a stored scorecard's report: from an element (or the top) on, so many pixels."""

    name: str
    scorecard: str
    height: int
    start: str = "body"


PICTURES = (
    Picture("report.png", "reference", 1300),
    Picture("report-mistakes.png", "five-mistakes", 2050),
    Picture("report-device.png", "reference", 820, "#og-device"),
    Picture("report-figures.png", "reference", 2450, "#og-f1-0 >> xpath=ancestor::figure"),
)


def main() -> int:
    """Returns the exit code: 1 where there is no Chromium."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if chromium is None:
        print("screenshot: needs Chromium (Debian: apt-get install chromium)", file=sys.stderr)
        return 1
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "docs"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--disable-gpu"])
        for picture in PICTURES:
            take(browser, picture, folder / picture.name)
        browser.close()
    return 0


def take(browser: Browser, picture: Picture, out: Path) -> None:
    """Takes a picture, and saves it in few colours, which makes it small."""
    sys.path.insert(0, str(ROOT))
    from graders.reports.html import render_page
    from graders.scoring import Scorecard

    card = Scorecard.load(GRADINGS / f"{picture.scorecard}.json")
    with tempfile.TemporaryDirectory() as work:
        file = Path(work, "report.html")
        file.write_text(render_page(card), encoding="utf-8")
        page = browser.new_page(viewport={"width": WIDTH, "height": 900}, color_scheme="light")
        page.goto(file.as_uri())
        box = page.locator(picture.start).first.bounding_box()
        top = max(box["y"] - 16, 0) if box else 0
        clip: FloatRect = {"x": 0, "y": top, "width": WIDTH, "height": picture.height}
        page.screenshot(path=out, full_page=True, clip=clip)
        page.close()
    with Image.open(out) as image:
        image.convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE).save(out, optimize=True)


if __name__ == "__main__":
    sys.exit(main())
