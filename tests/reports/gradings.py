"""Scorecards of real gradings, which the report's tests render: ``python -m tests.reports.gradings`` makes them again.

They are stored in ``tests/data/gradings/``, so that no test has to grade anything. ``python -m tests.reports.gradings FOLDER`` only builds
the submission with five mistakes, to look at it or to fix it.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from graders.core.paths import REFERENCE, REPOSITORY
from graders.selftest.corpus.builder import apply
from graders.selftest.corpus.cases import CORPUS, load

DATA = Path(__file__).resolve().parents[1] / "data" / "gradings"
KEPT = ("reference", "five-mistakes")
SEED = 7
MISTAKES = (
    "l02/no-rounding",
    "l02/calibration-default-seed",
    "l03/clustered-not-stripped",
    "l03/pruned-default-frequency",
    "summaries/deflation-inverted",
)
"""Cases of ``fixtures/submissions/mistakes/`` that one student might make at once."""


def kept(name: str) -> dict[str, Any]:
    """One of the stored scorecards."""
    found: dict[str, Any] = json.loads((DATA / f"{name}.json").read_text(encoding="utf-8"))
    return found


def build_five_mistakes(folder: Path) -> Path:
    """The reference with all five mistakes in it."""
    shutil.copytree(REFERENCE, folder, ignore=shutil.ignore_patterns("__pycache__"))
    for name in MISTAKES:
        case = load(CORPUS / "mistakes" / f"{name}.toml")
        for change in case.changes:
            apply(change, folder, case.path.name)
    return folder


def grade(submission: Path, out: Path) -> int:
    """Grades a submission as people do; the exit code."""
    options = [f"--submission={submission}", f"--report-dir={out}", f"--seed={SEED}"]
    command = [sys.executable, "-m", "pytest", "-c", "pyproject.toml", "graders", *options]
    return subprocess.run(command, cwd=REPOSITORY, check=False).returncode


def main() -> int:
    """Grades both submissions and stores their scorecards; 1 if a grading did not finish."""
    if len(sys.argv) > 1:
        print(build_five_mistakes(Path(sys.argv[1])))
        return 0
    with tempfile.TemporaryDirectory() as work:
        made = {"reference": REFERENCE, "five-mistakes": build_five_mistakes(Path(work, "five-mistakes"))}
        for name, wanted in zip(KEPT, (0, 1), strict=True):
            out = Path(work, f"report-{name}")
            if grade(made[name], out) != wanted:
                return 1
            shutil.copyfile(out / "scorecard.json", DATA / f"{name}.json")
    return 0


if __name__ == "__main__":
    sys.exit(main())
