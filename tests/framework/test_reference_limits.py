"""Time limits: what the reference took on a real profile, and how busy the machine is, show what others may take."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from graders.framework.model_tester.references import STUDENT_TIMES, Cost, ReferenceFile
from graders.sandbox import Limits

USUAL = Limits(wall_s=180.0, cpu_s=240.0)
FILE = Path("int8.tflite")


def test_a_slow_reference_gives_more_time() -> None:
    """Each limit is a multiple of what the reference took; memory and the like stay."""
    limits = ReferenceFile(FILE, Cost(wall_s=100.0, cpu_s=90.0)).limits(USUAL)
    assert (limits.wall_s, limits.cpu_s) == (100.0 * STUDENT_TIMES, 90.0 * STUDENT_TIMES)
    assert limits.memory == USUAL.memory


def test_a_fast_reference_takes_no_time_away() -> None:
    """Limits are never below the usual ones."""
    assert ReferenceFile(FILE, Cost(wall_s=1.0, cpu_s=100.0)).limits(USUAL) == USUAL.at_least(180.0, 400.0)


def test_a_run_that_does_more_gets_more() -> None:
    """A run that calibrates on more samples than the reference's did may take that much longer."""
    cost = ReferenceFile(FILE, Cost(wall_s=100.0, cpu_s=100.0))
    assert cost.limits(USUAL, 2.5).wall_s == 2.5 * cost.limits(USUAL).wall_s


def test_limits_of_the_embedded_profile_stay() -> None:
    """A file that is shipped or made there has no cost."""
    assert ReferenceFile(FILE).limits(USUAL, 3.0) == USUAL


@pytest.mark.parametrize(("asked_for", "seconds"), [(False, 540.0), (True, 180.0)])
def test_a_busy_machine_gives_more_wall_time(
    asked_for: bool, seconds: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Three processes for each core: a run may last three times as long, unless the user said how long. CPU time stays."""
    monkeypatch.setattr(os, "getloadavg", lambda: (12.0, 0.0, 0.0))
    monkeypatch.setattr(os, "cpu_count", lambda: 4)
    limits = replace(USUAL, asked_for=asked_for).on_this_machine()
    assert (limits.wall_s, limits.cpu_s) == (seconds, USUAL.cpu_s)
