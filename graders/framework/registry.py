"""Every lab with its plan: the one place that knows how a lab's folder is used."""

from __future__ import annotations

import importlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, cast

from graders.core.errors import UsageError
from graders.framework.definition import Lab, load_all

if TYPE_CHECKING:
    from graders.framework.context import LabContext, PlannedRun, RunResult


class Plan(Protocol):
    """What a lab's ``plan.py`` offers."""

    def plans(self, context: LabContext) -> list[PlannedRun]:
        """The runs themselves."""

    def prepare(self, context: LabContext) -> None:
        """Measures in advance what runs are held against."""

    def baseline_file(self, context: LabContext, name: str) -> Path:
        """A file that latency is compared with."""


class Charts(Protocol):
    """What a lab's ``charts.py`` offers."""

    def describe(self, evidence: Any) -> dict[str, Any]:
        """A run's facts for the scorecard."""

    def charts(self, context: LabContext, results: Mapping[str, RunResult]) -> list[dict[str, Any]]:
        """The lab's charts for the report."""


class HandedInModule(Protocol):
    """What the ``static_review.py`` of a lab offers that has one."""

    def read(self, root: Path, lab: Lab, results: Mapping[str, RunResult]) -> Any:
        """What is told of a submission without running it."""


@dataclass(frozen=True)
class LabPlugin:
    """A lab and, loaded when first asked for, its code."""

    lab: Lab

    @cached_property
    def plan(self) -> Plan:
        """The lab's ``plan.py``."""
        return cast("Plan", importlib.import_module(f"graders.labs.{self.lab.id}.plan"))

    @cached_property
    def charts(self) -> Charts:
        """The lab's ``charts.py``."""
        return cast("Charts", importlib.import_module(f"graders.labs.{self.lab.id}.charts"))

    @cached_property
    def handed_in(self) -> HandedInModule:
        """The lab's ``static_review.py``, if it has one."""
        return cast("HandedInModule", importlib.import_module(f"graders.labs.{self.lab.id}.static_review"))

    @cached_property
    def run_names(self) -> list[str]:
        """The names of the lab's runs, for parametrising its tests."""
        runs = importlib.import_module(f"graders.labs.{self.lab.id}.runs")
        names: list[str] = runs.run_names(self.lab.settings)
        return names


def select_labs(names: Sequence[str]) -> list[LabPlugin]:
    """The labs of these ids, or of ids that begin so (``l02``); all of them for no names.

    :raises UsageError: for a name that fits no lab.
    """
    entries = [LabPlugin(lab) for lab in load_all()]
    for name in names:
        if not any(entry.lab.id == name or entry.lab.id.startswith(f"{name}_") for entry in entries):
            known = ", ".join(entry.lab.id for entry in entries)
            raise UsageError(f"--lab {name}: no such lab; there are {known}")
    if not names:
        return entries
    return [entry for entry in entries if any(entry.lab.id == n or entry.lab.id.startswith(f"{n}_") for n in names)]
