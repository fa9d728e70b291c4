"""The outcome of grading an entry, as plain data that is written to a file and compared with a later run's."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from graders.cohort.engine.in_process import decided
from graders.core.errors import UsageError
from graders.scoring import Scorecard

SCHEMA = "optgrade/regression/v1"


@dataclass(frozen=True)
class Criterion:
    """A criterion's outcome: verdict, points, and its reason in two lines, empty if it was earned."""

    verdict: str
    earned: float
    maximum: float
    measured: str
    cause: str


@dataclass(frozen=True, kw_only=True)
class Record:
    """One entry's grading.

    ``parts``: hashes of what it depended on, by kind. ``expected``: a case states the outcome. ``wrong``: the
    differences from that, a line each. ``fault``: why there is no grading at all. ``cached``: it is an earlier run's,
    since nothing that it depends on changed.
    """

    name: str
    title: str
    parts: Mapping[str, str]
    criteria: Mapping[str, Criterion] = field(default_factory=dict)
    wrong: tuple[str, ...] = ()
    expected: bool = False
    fault: str = ""
    seconds: float = 0.0
    cached: bool = False

    @property
    def earned(self) -> float:
        """All points."""
        return round(sum(criterion.earned for criterion in self.criteria.values()), 2)

    @property
    def unscored(self) -> bool:
        """Whether anything could not be graded."""
        return bool(self.fault) or any(each.verdict == "unscored" for each in self.criteria.values())


@dataclass(frozen=True)
class Regression:
    """A whole run: every entry's record by name, and the environment."""

    records: Mapping[str, Record]
    environment: Mapping[str, str]

    def containing(self, words: Sequence[str]) -> Regression:
        """The run without the entries that have none of these words in their names."""
        found = {name: record for name, record in self.records.items() if any(word in name for word in words)}
        return Regression(found, self.environment)

    def dumps(self) -> str:
        """The run as JSON text."""
        records = [_as_json(record) for record in self.records.values()]
        return json.dumps({"schema": SCHEMA, "environment": dict(self.environment), "records": records}, indent=1)


def criteria_of(scorecard: Scorecard) -> dict[str, Criterion]:
    """The outcomes of criteria that tests decide, without deselected ones."""
    found = {}
    for identifier, each in decided(scorecard).items():
        measured, cause = (each.reason.measured, each.reason.cause) if each.reason else ("", "")
        earned, maximum = float(each.earned), float(each.maximum)
        found[identifier] = Criterion(each.verdict.value, earned, maximum, measured, cause)
    return found


def read_regression(path: Path) -> Regression:
    """An earlier run, from its file. :raises UsageError: in one line, if it is not one."""
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        if data["schema"] != SCHEMA:
            raise UsageError(f"{path}: expected schema {SCHEMA}, found {data['schema']}")
        records = [_record(item) for item in data["records"]]
        return Regression({record.name: record for record in records}, data["environment"])
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}; give a file that regress wrote with --save") from None
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise UsageError(f"{path}: not a file that regress wrote with --save ({error})") from None


def _as_json(record: Record) -> dict[str, Any]:
    data = asdict(record)
    # The file's key is older than the name.
    return {**data, "kept": data.pop("cached")}


def _record(data: dict[str, Any]) -> Record:
    criteria = {name: Criterion(**item) for name, item in data["criteria"].items()}
    fields = {name: value for name, value in data.items() if name != "kept"}
    return Record(**{**fields, "criteria": criteria, "wrong": tuple(data["wrong"]), "cached": data["kept"]})
