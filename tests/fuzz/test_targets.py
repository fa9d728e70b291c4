"""Some seconds of each target; ``make fuzz MINUTES=20`` goes on for longer."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fuzz.campaign import fuzz
from tests.fuzz.target import load, names

# However slow the machine is.
AT_MOST_S = 600.0


@pytest.mark.parametrize("name", names())
def test_a_few_inputs(name: str, tmp_path: Path) -> None:
    """Nothing but reading and documented refusals, within the limits of time and memory."""
    count = load(name).few
    outcome = fuzz(name, AT_MOST_S, tmp_path, "mutations", count)
    assert not outcome.findings, "\n\n".join(f"{each.input.read_bytes()[:200]!r}\n{each.text}" for each in outcome.findings)
    assert outcome.executions == count
