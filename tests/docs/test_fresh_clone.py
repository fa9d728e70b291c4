"""What a newcomer does: clone, ``make grade``, look at the report."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
# Nothing of the environment that runs this test may help the clone.
KEPT = ("PATH", "HOME", "LANG", "PIP_INDEX_URL", "UV_INDEX_URL", "UV_DEFAULT_INDEX", "PIP_CONFIG_FILE", "SSL_CERT_FILE")


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fresh clone of what is committed, with what is not committed yet laid over it."""
    folder = tmp_path_factory.mktemp("clone") / "optgrade"
    subprocess.run(["git", "clone", "--quiet", str(ROOT), str(folder)], check=True)
    listed = subprocess.run(
        ["git", "ls-files", "--modified", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    for name in filter(None, listed.stdout.decode().split("\0")):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes((ROOT / name).read_bytes())
    return folder


def make(clone: Path, *words: str) -> subprocess.CompletedProcess[str]:
    environment = {name: os.environ[name] for name in KEPT if name in os.environ}
    return subprocess.run(
        ["make", *words], cwd=clone, capture_output=True, text=True, timeout=900, check=False, env=environment
    )


@pytest.mark.parametrize(
    ("words", "earned"), [((), 80.5), (("SUBMISSION=student_template",), 0)], ids=["reference", "template"]
)
def test_make_grade_ends_with_a_report(clone: Path, words: tuple[str, ...], earned: float) -> None:
    """``make grade`` builds its environment, grades, and leaves a report; the reader sees no traceback."""
    done = make(clone, "grade", *words)
    told = done.stdout + done.stderr
    assert done.returncode == 0, told
    assert "Traceback" not in told
    scorecard = json.loads((clone / "report" / "scorecard.json").read_text(encoding="utf-8"))
    points = scorecard["points"]
    # Where the clone's own history is shallow, that of the template can't be judged and is left to a person.
    automatic = {9.5: 80.5, 18.5: 71.5}[points["pending"]]
    assert points == {"earned": earned, "automatic": automatic, "pending": 90 - automatic, "maximum": 90}
    assert automatic == 80.5 or words
    page = (clone / "report" / "report.html").read_text(encoding="utf-8")
    assert "Traceback" not in page
    assert f"{earned} of {automatic} points" in done.stdout.strip().splitlines()[-1]
