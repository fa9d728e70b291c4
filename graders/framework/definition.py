"""A lab's ``lab.toml``: what it is worth, what it allows, and what it tells a student."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from graders.core.errors import GraderError
from graders.core.paths import LABS, REPOSITORY
from graders.sandbox import Limits
from graders.sandbox.host.limits import MEBI

PERSON = "person"
CLAIMED = "summary_"
"""What the names of a summary's tolerances begin with where they stand beside thresholds."""


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
    """A question that the summary answers and a person marks, under the criterion ``id``.

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

    ``history``: what the git history is judged by, beside the lab's own files. ``data``: files of the repository that
    its runs read in place of the profile's data set and model. ``report``: a report's usual place, where there is one.
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

    @property
    def is_notebook(self) -> bool:
        """Whether a notebook is handed in, which may lie anywhere and be called otherwise."""
        return self.student_file.endswith(".ipynb")

    @property
    def data_paths(self) -> tuple[Path, ...]:
        """The lab's own data that runs may read."""
        return tuple(REPOSITORY / path for path in self.data)

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
        """What runs beside the student's code: the lab's own ``driver.py``, or the one for ModelTester classes."""
        own = self.folder / "driver.py"
        return own if own.is_file() else Path(__file__).resolve().parent / "model_tester" / "driver.py"

    @property
    def student_module(self) -> str:
        """The name under which the student's file is imported."""
        return self.student_file.removesuffix(".py").replace("/", ".")

    def criterion(self, identifier: str) -> Criterion:
        """The criterion of that id. :raises GraderError: where there is none."""
        for criterion in self.criteria:
            if criterion.id == identifier:
                return criterion
        raise GraderError(f"{self.id}: no criterion '{identifier}' in lab.toml")

    def hint(self, name: str) -> Hint:
        """The hint of that name. :raises GraderError: where there is none."""
        if name not in self.hints:
            raise GraderError(f"{self.id}: no hint '{name}' in lab.toml")
        return self.hints[name]


def load(folder: Path) -> Lab:
    """The lab defined in ``folder/lab.toml``.

    :raises GraderError: where the file can't be read or lacks something; one line that names it.
    """
    path = folder / "lab.toml"
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
        limits = data["limits"]
        criteria = tuple(
            Criterion(
                item["id"],
                item["title"],
                float(item["points"]),
                item.get("marked_by", "tests"),
                tuple(item.get("where", ())),
                item.get("bonus", False),
            )
            for item in data["criteria"]
        )
        lab = Lab(
            id=data["id"],
            title=data["title"],
            folder=folder,
            student_file=data["student_file"],
            given=tuple(data["given"]),
            preload=tuple(data["preload"]),
            limits=Limits(
                wall_s=float(limits["wall_s"]), cpu_s=float(limits["cpu_s"]), memory=int(limits["memory_mib"]) * MEBI
            ),
            artifact_bytes=int(limits["artifact_mib"]) * MEBI,
            criteria=criteria,
            hints={name: Hint(item["cause"], item["next"]) for name, item in (_shared_hints() | data["hints"]).items()},
            settings=data["settings"],
            thresholds=data["thresholds"],
            summary=_summary(data["summary"], data.get("questions", [])) if "summary" in data else None,
            history=data.get("history"),
            data=tuple(data.get("data", ())),
            report=data.get("report", ""),
        )
    except OSError as error:
        raise GraderError(f"{path}: {error.strerror}") from None
    except tomllib.TOMLDecodeError as error:
        raise GraderError(f"{path}: {error}") from None
    except KeyError as error:
        raise GraderError(f"{path}: no {error}") from None
    except UnicodeDecodeError:
        raise GraderError(f"{path}: not UTF-8") from None
    except (TypeError, ValueError, AttributeError) as error:
        raise GraderError(f"{path}: a value of another type than expected: {error}") from None
    _check(lab, path)
    return lab


@cache
def _shared_hints() -> dict[str, Any]:
    return tomllib.loads(Path(__file__).with_name("hints.toml").read_text(encoding="utf-8"))


def _summary(data: Mapping[str, Any], questions: Sequence[Mapping[str, Any]]) -> SummarySpec:
    return SummarySpec(
        folder=data["folder"],
        variants=dict(data["variants"]),
        others=tuple(data.get("others", ())),
        quantities=_alternatives(data["quantities"]),
        sizes=_alternatives(data["sizes"]),
        sized=tuple(data["sized"]),
        tolerances=dict(data.get("tolerances", {})),
        relative=dict(data.get("relative_tolerances", {})),
        questions=tuple(
            QuestionSpec(item["id"], number, item["text"], tuple(item["keys"]))
            for number, item in enumerate(questions, start=1)
        ),
    )


def _alternatives(items: Sequence[str | Sequence[str]]) -> tuple[tuple[str, ...], ...]:
    return tuple((item,) if isinstance(item, str) else tuple(item) for item in items)


def _check(lab: Lab, path: Path) -> None:
    identifiers = [criterion.id for criterion in lab.criteria]
    for identifier in identifiers:
        if identifiers.count(identifier) > 1:
            raise GraderError(f"{path}: criterion '{identifier}' stands there twice")
    for criterion in lab.criteria:
        if criterion.marked_by not in ("tests", PERSON):
            raise GraderError(f"{path}: criterion '{criterion.id}' needs marked_by tests or person")
        if criterion.bonus not in (True, False) or (criterion.bonus and criterion.marked_by == PERSON):
            raise GraderError(f"{path}: criterion '{criterion.id}': bonus is true or false, and tests give it")
        cents = criterion.points * 100
        if not (math.isfinite(cents) and cents >= 1 and abs(cents - round(cents)) < 1e-6):
            raise GraderError(f"{path}: criterion '{criterion.id}' needs points above 0, in whole cents")
    marked = {criterion.id for criterion in lab.criteria if criterion.marked_by == PERSON}
    for question in lab.summary.questions if lab.summary else ():
        if question.id not in marked:
            raise GraderError(f"{path}: question '{question.id}' is no criterion that a person marks")


@cache
def load_all() -> tuple[Lab, ...]:
    """Every lab: each folder here that has a ``lab.toml``, in order of name."""
    return tuple(load(path.parent) for path in sorted(LABS.glob("*/lab.toml")))
