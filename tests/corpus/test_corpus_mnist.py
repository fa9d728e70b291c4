"""The notebook lab's corpus: each case graded through the real plugin, with fewer digits served than in a grading."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from graders.grade import Servers
from graders.labs import catalogue
from graders.labs.definition import Lab, load_all

from .cases import Case
from .cases import load_all as load_cases
from .grading import check_case

FEWER = {"train_images": 8000, "test_images": 1000}


@pytest.fixture(autouse=True)
def fewer_digits(monkeypatch: pytest.MonkeyPatch) -> None:
    """A case is about what a notebook does, not about how many digits it does it with."""

    def load() -> tuple[Lab, ...]:
        return tuple(
            replace(lab, settings={**lab.settings, **FEWER}) if lab.is_notebook else lab for lab in load_all()
        )

    monkeypatch.setattr(catalogue, "load_all", load)


@pytest.mark.parametrize("case", load_cases("mnist"), ids=lambda case: case.id)
def test_case(
    case: Case,
    servers: Servers,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The mistake costs its criteria and no others, and the feedback names it."""
    check_case(case, servers, tmp_path, capsys, monkeypatch)
