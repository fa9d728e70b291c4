"""Limits of wall time on a busy machine."""

from __future__ import annotations

import os

import pytest

from graders.core import load


@pytest.mark.parametrize(
    ("processes", "cores", "seconds"), [(0.1, 2, 60), (2, 2, 60), (6, 2, 180), (50, 2, 300), (8, 64, 60), (4, None, 240)]
)
def test_a_limit_grows_with_the_processes_that_wait(
    monkeypatch: pytest.MonkeyPatch, processes: float, cores: int | None, seconds: float
) -> None:
    """By as much as there are processes for each core, within bounds; never below itself."""
    monkeypatch.setattr(os, "getloadavg", lambda: (processes, 0.0, 0.0))
    monkeypatch.setattr(os, "cpu_count", lambda: cores)
    assert load.stretched(60) == seconds


def test_a_system_that_does_not_say_leaves_limits_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Windows has no such number, and some containers give none."""

    def unknown() -> tuple[float, float, float]:
        raise OSError("no load average")

    monkeypatch.setattr(os, "getloadavg", unknown)
    assert load.stretched(60) == 60
    monkeypatch.delattr(os, "getloadavg")
    assert load.stretched(60) == 60
