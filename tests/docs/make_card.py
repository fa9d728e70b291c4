"""Stands for a grading: writes a sample's scorecard to where ``--report-dir`` asks for it."""

from __future__ import annotations

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.reports import samples

(folder,) = [word.removeprefix("--report-dir=") for word in sys.argv if word.startswith("--report-dir=")]
(Path(folder) / "scorecard.json").write_text(json.dumps(samples.five_mistakes()), encoding="utf-8")
