"""What is graded, and how."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graders.framework.lab_plugin import LabPlugin
from graders.profiles import Profile

if TYPE_CHECKING:
    from graders.caching import Store
    from graders.sandbox import Isolation

AnyLab = LabPlugin[Any]
"""A lab whose type of evidence is not known here: the pipeline carries evidence along and never looks into it."""


@dataclass(frozen=True, kw_only=True)
class GradingConfig:
    """One submission, the labs to grade it for, and how.

    ``seed``: None if it follows from the submission's own files, and from the instructor's ``secret`` if there is one.
    ``wall_limit_s``: a run's time limit, in place of its lab's. ``store``: where results are cached between gradings;
    None for nowhere. ``workers``: how many runs go on at a time. ``quick``: only some runs of each lab, the cheapest
    first, and nothing beyond its criteria.
    """

    submission: Path
    labs: tuple[AnyLab, ...]
    profile: Profile
    isolation: Isolation
    seed: int | None = None
    secret: bytes | None = field(default=None, repr=False)
    wall_limit_s: float | None = None
    store: Store | None = None
    workers: int = field(default_factory=lambda: os.cpu_count() or 1)
    quick: bool = False

    def runs_of(self, plugin: AnyLab) -> Sequence[str]:
        """The names of the runs that this grading may make of a lab."""
        return plugin.quick_runs if self.quick else plugin.run_names
