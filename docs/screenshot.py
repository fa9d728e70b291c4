"""A picture of a report, taken in headless Chromium: ``docs/screenshot.py REPORT.html OUT.png [WIDTH HEIGHT]``."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

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
    report, out = Path(sys.argv[1]), Path(sys.argv[2])
    width, height = sys.argv[3:5] if len(sys.argv) > 4 else ("1100", "1500")
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if chromium is None or not report.is_file():
        print("screenshot: needs Chromium (Debian: apt-get install chromium) and a report", file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory() as profile:
        picture = [f"--screenshot={out.resolve()}", f"--window-size={width},{height}", f"--user-data-dir={profile}"]
        command = [chromium, *OPTIONS, *picture, report.resolve().as_uri()]
        return subprocess.run(command, check=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode


if __name__ == "__main__":
    sys.exit(main())
