"""A lab as its ``lab.toml`` defines it: criteria, limits, thresholds and texts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from graders.core.errors import GraderError
from graders.core.paths import LABS, REPOSITORY
from graders.sandbox import Limits

PERSON = "person"
CLAIMED = "summary_"
"""The prefix of a summary's tolerances among thresholds."""
MODEL_TESTER, FUNCTIONS = "model_tester", "functions"
DRIVERS = {name: Path(__file__).resolve().parent / name / "driver.py" for name in (MODEL_TESTER, FUNCTIONS)}
"""The drivers that labs share, by their name in ``lab.toml``."""
OUTSIDE = "optgrade_labs"
"""The package as whose parts labs outside of this repository are imported: ``optgrade_labs.<folder>.lab``."""


@dataclass(frozen=True)
class Criterion:
    """One thing that earns points. ``marked_by`` is ``"tests"`` or ``"person"``.

    ``where``: the classes and methods of the student's file that it is about, the likeliest first. ``bonus``: its
    points make up for points lost elsewhere in the lab, and are no part of the lab's maximum.
    """

    id: str
    title: str
    points: float
    marked_by: str
    where: tuple[str, ...] = ()
    bonus: bool = False


@dataclass(frozen=True)
class Hint:
    """A likely cause and a next step; both may hold names in braces that a check fills in."""

    cause: str
    next: str


@dataclass(frozen=True)
class QuestionSpec:
    """A question that the summary answers and that is graded manually, under the criterion ``id``.

    ``keys``: words that an answer is likely to have, in several languages; a star stands for any ending.
    """

    id: str
    number: int
    text: str
    keys: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class SummarySpec:
    """What a lab asks of its summary: where it lies, which variants with what, and the questions.

    ``variants``: each variant's name with the run that makes it, ``""`` where none does; ``others``: names that may
    stand there as well. ``quantities``: what each variant needs, several in one entry where one of them is enough;
    ``sizes``: what those under ``sized`` need. ``tolerances``: by how much a claim may be from
    what was measured, in its own unit; ``relative`` ones as shares of it.
    """

    folder: str
    variants: Mapping[str, str]
    others: tuple[str, ...]
    quantities: tuple[tuple[str, ...], ...]
    sizes: tuple[tuple[str, ...], ...]
    sized: tuple[str, ...]
    tolerances: Mapping[str, float]
    relative: Mapping[str, float]
    questions: tuple[QuestionSpec, ...]

    @property
    def allowed(self) -> Mapping[str, float]:
        """All tolerances by the name of their quantity."""
        return {**self.tolerances, **self.relative}


@dataclass(frozen=True, kw_only=True)
class Lab:
    """One graded assignment: its folder, its criteria in order, and its data.

    ``history``: the rules for the git history, beside the lab's own files. ``data``: files below :attr:`root` that its
    runs read. ``report``: a report's usual place, if there is one. ``driver_name``: the shared driver of its runs, if
    the lab has no ``driver.py``. ``profile``: its runs read the profile's data set and model. ``quick``: the names of
    the runs that ``--quick`` makes, None if ``lab.toml`` has no list of them.
    """

    id: str
    title: str
    folder: Path
    student_file: str
    given: tuple[str, ...]
    preload: tuple[str, ...]
    limits: Limits
    artifact_bytes: int
    criteria: tuple[Criterion, ...]
    hints: Mapping[str, Hint]
    settings: Mapping[str, Any]
    thresholds: Mapping[str, float]
    summary: SummarySpec | None = None
    history: Mapping[str, Any] | None = None
    data: tuple[str, ...] = ()
    report: str = ""
    driver_name: str = FUNCTIONS
    profile: bool = False
    quick: tuple[str, ...] | None = None

    @property
    def root(self) -> Path:
        """Where its starter code, reference and data are: this repository, or the folder of a lab outside of it."""
        return REPOSITORY if self.folder.parent == LABS else self.folder

    @property
    def template(self) -> Path:
        """The starter code: the same relative paths as a submission."""
        return self.root / "student_template"

    @property
    def reference(self) -> Path:
        """A full-mark submission."""
        return self.root / "reference"

    @property
    def is_notebook(self) -> bool:
        """Whether a notebook is submitted, which may be anywhere and have another name."""
        return self.student_file.endswith(".ipynb")

    @property
    def data_paths(self) -> tuple[Path, ...]:
        """The lab's own data that runs may read."""
        return tuple(self.root / path for path in self.data)

    @property
    def all_thresholds(self) -> Mapping[str, float]:
        """The thresholds, and the tolerances of the summary's claims as ``summary_accuracy`` and so on."""
        claimed = self.summary.allowed if self.summary is not None else {}
        return {**self.thresholds, **{f"{CLAIMED}{name}": limit for name, limit in claimed.items()}}

    @property
    def short(self) -> str:
        """The lab's number alone: ``l02``."""
        return self.id.partition("_")[0]

    @property
    def paths(self) -> tuple[str, ...]:
        """The files and folders that are this lab's alone, from the submission's folder."""
        own: tuple[str, ...] = (self.student_file.rpartition("/")[0] or self.student_file,)
        if self.report and not self.report.startswith(f"{own[0]}/"):
            own = (*own, self.report)
        return own if self.summary is None else (*own, self.summary.folder)

    @property
    def driver(self) -> Path:
        """What runs beside the student's code: the lab's own ``driver.py``, or a shared one."""
        own = self.folder / "driver.py"
        return own if own.is_file() else DRIVERS[self.driver_name]

    @property
    def driver_files(self) -> tuple[Path, ...]:
        """The driver, and the files beside it that it loads: ``driver_….py``."""
        return (self.driver, *sorted(self.folder.glob("driver_*.py")))

    @property
    def student_module(self) -> str:
        """The name under which the student's file is imported."""
        return self.student_file.removesuffix(".py").replace("/", ".")

    def criterion(self, identifier: str) -> Criterion:
        """The criterion of that id. :raises GraderError: if there is none."""
        for criterion in self.criteria:
            if criterion.id == identifier:
                return criterion
        raise GraderError(f"{self.id}: no criterion '{identifier}' in lab.toml")

    def hint(self, name: str) -> Hint:
        """The hint of that name. :raises GraderError: if there is none."""
        if name not in self.hints:
            raise GraderError(f"{self.id}: no hint '{name}' in lab.toml")
        return self.hints[name]
