"""A few seconds of each target; ``make fuzz MINUTES=20`` goes on for longer."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fuzz.campaign import fuzz
from tests.fuzz.target import load, names

SECONDS = 4.0


@pytest.mark.parametrize("name", names())
def test_for_some_seconds(name: str, tmp_path: Path) -> None:
    """Nothing but reading and documented refusals, within the limits of time and memory."""
    outcome = fuzz(name, SECONDS + 8, tmp_path, "mutations", count=40 * len(load(name).seeds()))
    assert not outcome.findings, "\n\n".join(f"{finding.input.read_bytes()[:200]!r}\n{finding.text}" for finding in outcome.findings)
    assert outcome.executions > len(load(name).seeds()) // 2
