"""What the driver is given to do, and who is told how it goes on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from graders.cohort.engine.options import GradingOptions
from graders.cohort.engine.parcel import Content
from graders.cohort.engine.task import GradingOutcome


@dataclass(frozen=True, kw_only=True)
class Job:
    """A submission to be graded. ``id``: what the caller knows it by. ``options``: its own, None for those of all."""

    id: int
    name: str
    content: Content
    digest: str
    options: GradingOptions | None = None


class Listener(Protocol):
    """Is told how the work goes on."""

    def started(self, job: Job, worker: str) -> None:
        """A worker was given a submission."""

    def ended(self, job: Job, outcome: GradingOutcome) -> None:
        """A submission has its outcome, which must be safe when this returns."""

    def say(self, line: str) -> None:
        """Something that the instructor should know."""
