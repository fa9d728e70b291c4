"""The reference, looked at as students look at their own work; ``docs/test_same_again.py`` grades all of it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from graders.core.paths import REPOSITORY
from graders.framework import registry

LOSING_NOTHING = {"earned", "pending", "not_looked_at"}


def test_the_reference_loses_nothing(tmp_path: Path) -> None:
    """Each criterion that a quick look decides is earned or waits for manual grading, in every lab."""
    words = [sys.executable, "-m", "pytest", "graders", "--submission=reference", "--quick", "--no-cache"]
    words += ["-p", "no:cacheprovider", "--wall-limit=600", f"--report-dir={tmp_path}"]
    done = subprocess.run(words, cwd=REPOSITORY, capture_output=True, text=True, timeout=1200, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    labs = {card["lab"]: card for card in json.loads((tmp_path / "scorecard.json").read_text(encoding="utf-8"))["labs"]}
    assert list(labs) == [entry.lab.id for entry in registry.select_labs([])]
    for lab, card in labs.items():
        # A bonus that the reference does not go for costs nothing.
        verdicts = {each["id"]: each["verdict"] for each in card["criteria"] if each["maximum"]}
        assert {name for name, verdict in verdicts.items() if verdict not in LOSING_NOTHING} == set()
        assert list(verdicts.values()).count("earned") >= 3, lab
