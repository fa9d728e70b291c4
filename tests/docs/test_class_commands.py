"""The commands of docs/cohort.md in their order, as an instructor types them: from a folder of repositories to marks."""

from __future__ import annotations

import csv
import json
import re
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import pytest

from graders.core.paths import REPOSITORY
from tests.cohort.test_versions import commit

pytestmark = pytest.mark.e2e

PAGE = REPOSITORY / "docs" / "cohort.md"
COMMAND = re.compile(r"^ {7}python -m graders (.+)$|^ {4}python -m graders (cohort .+ --against .+)$", re.MULTILINE)
POLICY = re.compile(r"( {4}\[late\]\n(?: {4}.+\n)+)")
ROSTER = """student,submission,group,submitted_at,extension_days
ada@example.org,lab2-ada,,,
alan@example.org,lab2-team,red,2026-12-02T10:00+01:00,
grace@example.org,lab2-team,red,2026-12-02T10:00+01:00,
"""
CANVAS = "Student,ID,SIS Login ID,Section,Lab 2 (101)\nAda,1,ada@example.org,S,\nAlan,2,alan@example.org,S,\nGrace,3,grace@example.org,S,\n"
MOODLE = (
    "Identifier,Full name,Email address,Grade,Last modified (grade)\nParticipant 1,Ada,ada@example.org,,-\n"
    "Participant 2,Alan,alan@example.org,,-\nParticipant 3,Grace,grace@example.org,,-\n"
)


def test_the_pages_commands_lead_from_repositories_to_marks(tmp_path: Path) -> None:
    """Nothing of the lab is in the submissions: what matters is that each command does its part."""
    text = PAGE.read_text(encoding="utf-8")
    commands = [one or other for one, other in COMMAND.findall(text)]
    assert len(commands) == 9
    commit(tmp_path / "submissions" / "lab2-ada", "2026-11-29T10:00:00+01:00", {"README.md": "Nothing yet.\n"})
    commit(tmp_path / "submissions" / "lab2-ada", "2026-12-01T10:00:00+01:00", {"late.md": "Late.\n"})
    (tmp_path / "submissions" / "lab2-team").mkdir()
    (tmp_path / "submissions" / "lab2-team" / "README.md").write_text("Ours.\n", encoding="utf-8")
    policy = POLICY.search(text)
    assert policy
    files = {"roster.csv": ROSTER, "grades.csv": CANVAS, "worksheet.csv": MOODLE, "cohort.toml": policy[1].replace("\n    ", "\n")}
    for name, content in files.items():
        (tmp_path / name).write_text(content, encoding="utf-8")
    outputs = []
    for command in commands:
        done = subprocess.run(
            [sys.executable, "-m", "graders", *command.split()], cwd=tmp_path, capture_output=True, text=True, timeout=900, check=False
        )
        assert done.returncode in (0, 1, 3), done.stdout + done.stderr
        assert "Traceback" not in done.stderr
        outputs.append(done.stdout)
        if "--at" in command:
            assert "1 graded, 1 not in time" in done.stdout
        elif "--marks" not in command and "cohort " in command:
            fill_in(tmp_path / "class" / "marks.toml")
    marked, compared = outputs[2], outputs[-1]
    assert "graded now: 0" in marked
    assert "against class: points of " in compared
    cards = {path.parent.name: json.loads(path.read_text(encoding="utf-8")) for path in tmp_path.glob("class/reports/*/scorecard.json")}
    points = {name: card["points"] for name, card in cards.items()}
    assert {name: each["pending"] for name, each in points.items()} == {"lab2-ada": 0, "lab2-team": 0}
    # A tenth of a point by hand for each of at least four answers; a team that is two days late has a fifth less, of all.
    late = cards["lab2-team"]["labs"][0]["late"]
    assert (late["days"], late["before"] >= 0.4) == (2, True)
    assert points["lab2-team"]["earned"] == pytest.approx(0.8 * late["before"])
    expected = [str(Decimal(str(points[name]["earned"])).normalize()) for name in ("lab2-ada", "lab2-team", "lab2-team")]
    for name, column in (("grades.filled.csv", "Lab 2 (101)"), ("worksheet.filled.csv", "Grade")):
        with (tmp_path / name).open(encoding="utf-8") as file:
            assert [row[column] for row in csv.DictReader(file)] == expected
    results = {path.parent.name: json.loads(path.read_text(encoding="utf-8"))["score"] for path in tmp_path.glob("results/*/results.json")}
    assert results == {name: each["earned"] for name, each in points.items()}


def fill_in(path: Path) -> None:
    """Gives every passage a tenth of a point."""
    path.write_text(path.read_text(encoding="utf-8").replace('points = ""', 'points = "0.1"'), encoding="utf-8")
