"""What a worker is given, and what it gives back."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from graders.cohort.engine.bench import Workbench
from graders.cohort.engine.options import GradingOptions
from graders.cohort.engine.parcel import Parcel
from graders.core.errors import GraderError, UsageError
from graders.pipeline.output import SCORECARD_FILE
from graders.scoring import Scorecard


@dataclass(frozen=True, kw_only=True)
class GradingTask:
    """A submission to grade.

    ``options``: those of all submissions, for which the worker's servers are started. ``own``: this one's, None if they
    are the same; its labs are among theirs.
    """

    parcel: Parcel
    options: GradingOptions
    own: GradingOptions | None = None

    @property
    def chosen(self) -> GradingOptions:
        """How this submission is graded."""
        return self.own or self.options


@dataclass(frozen=True, kw_only=True)
class GradingOutcome:
    """How a grading ended. ``fault``: why there is no scorecard, ``""`` if there is one.

    ``died``: the process that graded it ended. ``files``: the files of its report, each compressed by zlib.
    ``exit_code`` and ``terminal``: pytest's, and what it printed.
    """

    files: Mapping[str, bytes] = field(default_factory=dict, repr=False)
    fault: str = ""
    died: bool = False
    seconds: float = 0.0
    worker: str = ""
    exit_code: int = 0
    terminal: str = field(default="", repr=False)

    def scorecard(self) -> Scorecard:
        """The scorecard that came. :raises GraderError: there is none, or it can't be read; the message says why."""
        data = self.files.get(SCORECARD_FILE)
        if data is None:
            raise GraderError(self.fault or "the worker sent no scorecard")
        try:
            return Scorecard.loads(zlib.decompress(data).decode())
        except (UsageError, ValueError, zlib.error) as error:
            raise GraderError(f"the worker's scorecard can't be read: {error}") from None


Grading = Callable[[GradingTask, Workbench], GradingOutcome]
"""How a worker grades; another one than the real one has to be importable on workers."""
