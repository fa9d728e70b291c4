"""What gradings measured for each threshold, in a file line by line, so that an interruption loses nothing."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from graders.core.errors import GraderError
from graders.framework.checks import THRESHOLDS
from graders.scoring import CriterionScore

REFERENCE, CORRECT, MISTAKES = "reference", "correct", "mistakes"
AT_LEAST = "at least"


@dataclass(frozen=True)
class Sample:
    """A value that a check compared with a threshold. ``lost``: the check failed."""

    threshold: str
    value: float
    side: str
    criterion: str
    check: str
    lost: bool

    def beyond(self, limit: float) -> bool:
        """Whether the value breaks a limit."""
        return self.value < limit if self.side == AT_LEAST else self.value > limit


@dataclass(frozen=True, kw_only=True)
class Job:
    """One grading: of the reference or of a case of the corpus, with a seed. ``load`` processes keep cores busy."""

    kind: str
    case: str
    seed: int
    load: int = 0

    def __str__(self) -> str:
        busy = f", {self.load} cores kept busy" if self.load else ""
        name = self.case if self.kind == REFERENCE else f"{self.kind}/{self.case}"
        return f"{name}, seed {self.seed}{busy}"


@dataclass(frozen=True, kw_only=True)
class Measured:
    """The result of one grading. ``inputs_digest`` identifies the reference, the model and the environment.

    ``lost`` and ``unscored``: criteria that tests decide and that had this outcome.
    """

    job: Job
    inputs_digest: str
    lost: tuple[str, ...]
    unscored: tuple[str, ...]
    samples: tuple[Sample, ...]

    def as_line(self) -> str:
        """One line of the file."""
        samples = [list(asdict(sample).values()) for sample in self.samples]
        data = {"job": asdict(self.job), "made_of": self.inputs_digest, "lost": self.lost, "unscored": self.unscored}
        return json.dumps({**data, "samples": samples}, separators=(",", ":"))


def from_line(line: str) -> Measured:
    """What a line of the file says. :raises ValueError: if it is no such line."""
    try:
        data = json.loads(line)
        return Measured(
            job=Job(**data["job"]),
            inputs_digest=data["made_of"],
            lost=tuple(data["lost"]),
            unscored=tuple(data["unscored"]),
            samples=tuple(Sample(*sample) for sample in data["samples"]),
        )
    except (KeyError, TypeError) as error:
        raise ValueError(f"no result of a grading: {error}") from None


class Results:
    """The results in a file, in the order in which they came. A last line that was cut off by a stop is dropped."""

    def __init__(self, path: Path) -> None:
        """Reads the file, if there is one. :raises GraderError: if a line is not a result."""
        self.path = path
        self._found: list[Measured] = []
        lines = path.read_text(encoding="utf-8").splitlines(keepends=True) if path.is_file() else []
        for number, line in enumerate(lines, start=1):
            try:
                self._found.append(from_line(line))
            except ValueError as error:
                if number == len(lines) and not line.endswith("\n"):
                    path.write_text("".join(lines[:-1]), encoding="utf-8")
                    break
                raise GraderError(f"{path}, line {number}: {error}; remove the line or the file") from None

    def of(self, inputs_digest: str) -> list[Measured]:
        """Those of this reference, model and environment."""
        return [each for each in self._found if each.inputs_digest == inputs_digest]

    def __iter__(self) -> Iterator[Measured]:
        return iter(self._found)

    def __len__(self) -> int:
        return len(self._found)

    def add(self, measured: Measured) -> None:
        """Appends a result, at once."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("a", encoding="utf-8") as file:
            file.write(measured.as_line() + "\n")
        self._found.append(measured)


def samples_of(criteria: Iterable[CriterionScore]) -> Iterator[Sample]:
    """Every value that a scorecard's criteria compared with a threshold."""
    for criterion in criteria:
        lost = {check.name for check in criterion.failed_checks}
        for name, evidence in criterion.evidence.items():
            compared = {**evidence.get(THRESHOLDS, {}), **evidence.get("timing", {}).get(THRESHOLDS, {})}
            for threshold, against in compared.items():
                value = float(against["value"])
                yield Sample(threshold, value, against["side"], criterion.id, name, name in lost)
