"""The pictures of reports in the docs, taken in headless Chromium: ``docs/screenshot.py [FOLDER]``.

They show the kept scorecards of real gradings, so nothing is graded. ``docs/screenshot.py PAGE.html OUT.png [WIDTH
HEIGHT]`` takes a picture of any page.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import Image

ROOT = Path(__file__).resolve().parents[1]
KEPT = ROOT / "tests" / "reports" / "data"
# Which kept scorecard is which picture, and how high: what is below is not shown.
PICTURES = {"report.png": ("reference", 2350), "report-mistakes.png": ("five-mistakes", 2050)}
WIDTH, COLOURS = 1100, 220
OPTIONS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
)


def main() -> int:
    """Returns the exit code: 1 where there is no Chromium or no report."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if chromium is None:
        print("screenshot: needs Chromium (Debian: apt-get install chromium)", file=sys.stderr)
        return 1
    if len(sys.argv) > 2:
        width, height = sys.argv[3:5] if len(sys.argv) > 4 else (str(WIDTH), "1500")
        return taken(chromium, Path(sys.argv[1]), Path(sys.argv[2]), int(width), int(height))
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "docs"
    return max(pictured(chromium, name, folder / picture, height) for picture, (name, height) in PICTURES.items())


def pictured(chromium: str, name: str, out: Path, height: int) -> int:
    """A picture of a kept scorecard's report."""
    sys.path.insert(0, str(ROOT))
    from graders.reports.html import render_page

    with tempfile.TemporaryDirectory() as work:
        page = Path(work, f"{name}.html")
        page.write_text(render_page(json.loads((KEPT / f"{name}.json").read_text(encoding="utf-8"))), encoding="utf-8")
        return taken(chromium, page, out, WIDTH, height)


def taken(chromium: str, page: Path, out: Path, width: int, height: int) -> int:
    """A picture of a page, in few colours, which makes it small."""
    if not page.is_file():
        print(f"screenshot: there is no {page}", file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory() as profile:
        picture = [f"--screenshot={out.resolve()}", f"--window-size={width},{height}", f"--user-data-dir={profile}"]
        command = [chromium, *OPTIONS, *picture, page.resolve().as_uri()]
        code = subprocess.run(command, check=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode
    if code == 0:
        with Image.open(out) as image:
            image.convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE).save(out, optimize=True)
    return code


if __name__ == "__main__":
    sys.exit(main())
