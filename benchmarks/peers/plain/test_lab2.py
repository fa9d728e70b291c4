"""Lab 2 graded by plain pytest: the student's module is imported into the process that grades it."""

from __future__ import annotations

import importlib
import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import checks
import pytest

RESULTS: dict[str, float] = {}


@pytest.fixture(scope="session")
def student() -> Mapping[str, Any]:
    """The names of the student's module."""
    return vars(importlib.import_module("dl_in_iot_course.l02_quantization.quantization_experiments"))


@pytest.fixture(scope="session", autouse=True)
def results() -> Iterator[None]:
    """Writes the points of each criterion."""
    yield
    Path(os.environ["LAB2_RESULTS"]).write_text(json.dumps(RESULTS), encoding="utf-8")


@pytest.mark.parametrize("name", checks.CHECKS)
def test_lab2(name: str, student: Mapping[str, Any]) -> None:
    """One criterion."""
    points, check = checks.CHECKS[name]
    RESULTS[name] = 0.0
    check(student)
    RESULTS[name] = points
