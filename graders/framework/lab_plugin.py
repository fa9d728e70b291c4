"""A lab as one object: its definition, and the code that runs, measures and shows it."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar

from graders.core.charts import Chart
from graders.core.errors import GraderError
from graders.framework.definition import Lab

if TYPE_CHECKING:
    from typing import Self

    from graders.framework.context import LabContext
    from graders.framework.model_files import ModelFile
    from graders.framework.model_stats import ModelStats
    from graders.framework.runner import PlannedRun, RunResult

E = TypeVar("E")
"""What a lab measures of a run: one type, or a union with one member for each kind of run."""


class LabPlugin(Generic[E]):
    """A lab: each ``lab.py`` exports one as ``LAB``.

    Collecting tests imports every ``lab.py``, so methods import on their own what takes long to import.
    """

    makes_reference_files: ClassVar[bool] = False
    """Whether :meth:`make_reference_files` makes any."""

    def __init__(self, lab: Lab) -> None:
        """:param lab: what the lab's ``lab.toml`` says."""
        self.lab = lab

    def with_lab(self, lab: Lab) -> Self:
        """The same lab with another definition, such as with other settings."""
        other = copy.copy(self)
        other.lab = lab
        return other

    @property
    def run_names(self) -> Sequence[str]:
        """The names of the lab's runs, in the order of reports; known before anything is drawn."""
        raise NotImplementedError

    @property
    def quick_runs(self) -> Sequence[str]:
        """The runs that ``--quick`` makes, in the order of :attr:`run_names`: those that ``lab.toml`` lists.

        Without a list, one of each kind: of runs whose names begin alike, up to the first hyphen, the one of a value
        that is drawn, or else the first.

        :raises GraderError: if the list names a run that the lab doesn't have.
        """
        from graders.framework.quick_runs import listed_runs, one_of_each_kind

        return one_of_each_kind(self.run_names) if self.lab.quick is None else listed_runs(self.lab, self.run_names)

    def plan_runs(self, context: LabContext) -> Sequence[PlannedRun[E]]:
        """The runs of :attr:`run_names` for this context's seed."""
        raise NotImplementedError

    def prepare(self, context: LabContext) -> None:
        """Measures in advance what runs are compared with, while the runner's libraries are being imported."""

    def require_work(self, evidence: E) -> None:
        """Fails if a run shows no work of the student's that succeeded: a run of untouched starter code does not.

        :raises RunError: what the run lacks.
        """

    def describe(self, evidence: E) -> dict[str, Any]:  # noqa: ARG002 - for labs that show more
        """A run's facts for the scorecard: plain JSON values."""
        return {}

    def comparable(self, results: Mapping[str, RunResult[E]]) -> dict[str, dict[str, Any]]:
        """The facts of each finished run that a summary's numbers can be held against: its description, as a rule."""
        return {name: self.describe(each.evidence) for name, each in results.items() if each.evidence is not None}

    def model_files(self, results: Mapping[str, RunResult[E]]) -> Sequence[ModelFile]:
        """The ``.tflite`` files of which reports show what they cost on a device: by default all among the evidence."""
        from graders.framework.model_files import find_model_files

        return [file for name, each in results.items() for file in find_model_files(name, each.evidence)]

    def charts(self, context: LabContext, results: Mapping[str, RunResult[E]]) -> list[Chart]:  # noqa: ARG002
        """The lab's charts for the report."""
        return []

    def static_review(self, root: Path, lab: Lab, results: Mapping[str, RunResult[E]]) -> object:  # noqa: ARG002
        """What the lab reads of a submission without running it: the fixture ``static_review`` of its tests.

        :param lab: the lab as the submission below ``root`` has it. :param results: of its runs so far, by name.
        """
        raise GraderError(f"{self.lab.id} reviews nothing without running it")

    def unstarted(self, root: Path, lab: Lab) -> str:
        """Why the lab in ``root`` counts as not started, in one line with a gap; ``""`` if work was done.

        :param lab: as for :meth:`static_review`.
        """
        from graders.framework.unstarted import unstarted_module

        return unstarted_module(root, lab) if lab.student_file.endswith(".py") else ""

    def latency_baseline(self, context: LabContext, name: str) -> Path:  # noqa: ARG002
        """The file that a latency is compared with, by the name that a test gives it."""
        raise GraderError(f"{self.lab.id} has no file {name}")

    def model_stats(self, context: LabContext) -> ModelStats | None:  # noqa: ARG002
        """The size of the model that summaries are about; None if claims can't be compared with a model."""
        return None

    def drawn_values(self, context: LabContext) -> Mapping[str, str]:  # noqa: ARG002
        """What is drawn for a grading and must not show before it is used, by what it is, as texts."""
        return {}

    def make_reference_files(self, context: LabContext, folder: Path) -> list[Path]:  # noqa: ARG002
        """Makes the files that are stored with a profile, so that a grading need not make them; their paths.

        :param context: of a profile that stores none.
        """
        return []
