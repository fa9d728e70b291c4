"""What a worker is given, and what it gives back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from graders.cohort.engine.bench import Workbench
from graders.cohort.engine.options import GradingOptions
from graders.cohort.engine.parcel import Parcel


@dataclass(frozen=True, kw_only=True)
class GradingTask:
    """A submission to grade."""

    parcel: Parcel
    options: GradingOptions


@dataclass(frozen=True, kw_only=True)
class GradingOutcome:
    """How a grading ended. ``fault``: why there is no scorecard, ``""`` if there is one.

    ``died``: the process that graded it ended. ``files``: the files of its report, each compressed by zlib.
    """

    files: Mapping[str, bytes] = field(default_factory=dict, repr=False)
    fault: str = ""
    died: bool = False
    seconds: float = 0.0
    worker: str = ""


Grading = Callable[[GradingTask, Workbench], GradingOutcome]
"""How a worker grades; another one than the real one has to be importable on workers."""
