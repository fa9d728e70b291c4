"""The folders of the repository, the package and the labs."""

from __future__ import annotations

from pathlib import Path

GRADERS = Path(__file__).resolve().parents[1]
REPOSITORY = GRADERS.parent
LABS = GRADERS / "labs"
TEMPLATE = REPOSITORY / "student_template"
REFERENCE = REPOSITORY / "reference"
FIXTURES = REPOSITORY / "fixtures"
