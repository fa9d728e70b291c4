"""The scorecard: everything that is known of one submission's grading, as plain JSON."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from graders.core.verdicts import RunVerdict, Verdict
from graders.sandbox import MissingLayer
from graders.scoring.points import CriterionScore, Points, all_of, counted, total

SCHEMA = "optgrade/scorecard/v1"
# Where the seed comes from: the submission's own code, its files and an instructor's secret, or the command line.
SeedFrom = Literal["submission", "secret", "option"]
# Keys whose values are durations or follow from them, and what code printed, which may tell the time as well.
TIME_KEYS = frozenset({"timing", "wall_s", "cpu_s", "output_tail", "output_bytes"})


@dataclass(frozen=True, kw_only=True)
class RunSummary:
    """What reports show of a run. ``note``: how it went, in a line, if its verdict does not say all.

    ``output_tail``: the end of what it printed, of ``output_bytes`` in all. ``evidence``: facts about its artifacts,
    None if it did not finish.
    """

    run: str
    title: str
    verdict: RunVerdict
    note: str | None
    output_tail: str
    output_bytes: int
    cpu_s: float
    wall_s: float
    evidence: Mapping[str, Any] | None = None

    def as_json(self) -> dict[str, Any]:
        """The run as the scorecard holds it."""
        document: dict[str, Any] = {
            "run": self.run,
            "title": self.title,
            "verdict": self.verdict.value,
            "note": self.note,
            "output_tail": self.output_tail,
            "output_bytes": self.output_bytes,
            "cpu_s": self.cpu_s,
            "wall_s": self.wall_s,
        }
        return document if self.evidence is None else {**document, "evidence": dict(self.evidence)}

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> RunSummary:
        """The run of a scorecard's file. :raises KeyError: if something is missing. :raises ValueError: for a verdict
        that there is not.
        """
        return cls(
            run=document["run"],
            title=document["title"],
            verdict=RunVerdict(document["verdict"]),
            note=document["note"],
            output_tail=document["output_tail"],
            output_bytes=document["output_bytes"],
            cpu_s=document["cpu_s"],
            wall_s=document["wall_s"],
            evidence=document.get("evidence"),
        )


@dataclass(frozen=True, kw_only=True)
class LabScore:
    """One lab's criteria, runs and figures. ``seed``: what was drawn for this lab follows from it."""

    lab: str
    title: str
    criteria: tuple[CriterionScore, ...]
    seed: int = 0
    runs: tuple[RunSummary, ...] = ()
    figures: tuple[Mapping[str, Any], ...] = ()

    @property
    def points(self) -> Points:
        """The lab's four sums."""
        return total(self.criteria)

    def as_json(self) -> dict[str, Any]:
        """The lab as the scorecard holds it."""
        return {
            "lab": self.lab,
            "title": self.title,
            "seed": self.seed,
            "points": self.points.as_json(),
            "criteria": [score.as_json() for score in counted(self.criteria)],
            "runs": [run.as_json() for run in self.runs],
            "figures": [dict(figure) for figure in self.figures],
        }


@dataclass(frozen=True, kw_only=True)
class Scorecard:
    """One submission's grading. ``root``: the folder in it that the labs' paths count from, ``""`` for itself."""

    submission: str
    profile: str
    seed: int
    root: str = ""
    tier: str
    missing: tuple[MissingLayer, ...]
    labs: tuple[LabScore, ...]
    notices: tuple[str, ...] = ()
    seed_from: SeedFrom = "submission"
    environment: Mapping[str, str] = field(default_factory=dict)
    timing: Mapping[str, float] = field(default_factory=dict)

    @property
    def points(self) -> Points:
        """The four sums over all labs."""
        return all_of([lab.points for lab in self.labs])

    @property
    def scores(self) -> Sequence[CriterionScore]:
        """Every criterion of every lab."""
        return [score for lab in self.labs for score in lab.criteria]

    @property
    def unscored(self) -> Sequence[CriterionScore]:
        """The criteria that the grader could not decide."""
        return [score for score in self.scores if score.verdict is Verdict.UNSCORED]

    def as_json(self) -> dict[str, Any]:
        """The scorecard as plain JSON, to ``docs/scorecard.schema.json``."""
        document = {
            "schema": SCHEMA,
            "submission": self.submission,
            "root": self.root,
            "profile": self.profile,
            "seed": self.seed,
            "seed_from": self.seed_from,
            "isolation": {
                "tier": self.tier,
                "missing": [{"layer": layer.layer, "reason": layer.reason} for layer in self.missing],
            },
            "points": self.points.as_json(),
            "labs": [lab.as_json() for lab in self.labs],
            "notices": list(self.notices),
            "environment": dict(self.environment),
            "timing": {name: round(value, 3) for name, value in self.timing.items()},
        }
        cleaned: dict[str, Any] = _plain(document)
        return cleaned

    def dumps(self) -> str:
        """The scorecard's file."""
        text = json.dumps(self.as_json(), indent=2, ensure_ascii=False, allow_nan=False)
        return _ROW.sub(_in_one_line, text) + "\n"


# A list of numbers, a line each as json writes it. No string has line breaks in it, so none can look like one.
_ROW = re.compile(r"\[\n\s+-?\d[\d.eE+-]*(?:,\n\s+-?\d[\d.eE+-]*)*\n\s+\]")


def _in_one_line(row: re.Match[str]) -> str:
    return "[" + ", ".join(row.group()[1:-1].replace(",", " ").split()) + "]"


def _plain(value: Any) -> Any:
    """Only what JSON knows: numbers that are not finite become text, lone surrogates are replaced."""
    if isinstance(value, dict):
        return {_plain(str(key)): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode("utf-8")
    if value is None or isinstance(value, bool | int | float):
        return value
    # A number of another library, or anything else: told as it can be, for nothing may lose the whole scorecard.
    return _plain(value.item()) if hasattr(value, "item") else str(value)


def without_times(document: Any) -> Any:
    """A scorecard without its durations: what must be the same whenever the same submission is graded."""
    if isinstance(document, dict):
        return {key: without_times(value) for key, value in document.items() if key not in TIME_KEYS}
    if isinstance(document, list):
        return [without_times(value) for value in document]
    return document
