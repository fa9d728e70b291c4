"""The scorecard: everything that is known of one submission's grading, as plain JSON."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal, get_args

from graders.core.charts import Chart, read_charts
from graders.core.errors import Unscored, UsageError
from graders.core.json_value import FormError, JsonValue, is_deep
from graders.core.text import report_line
from graders.core.verdicts import Verdict
from graders.sandbox import MissingLayer
from graders.scoring.criteria import CriterionScore, format_points
from graders.scoring.device import DeviceFile, DeviceSetup
from graders.scoring.late import LateDeduction
from graders.scoring.points import Points, left_out_points, limit_bonuses, sum_points, total
from graders.scoring.runs import RunSummary

SCHEMA = "optgrade/scorecard/v1"
FILE = "scorecard.json"
# Where the seed comes from: the submission's own code, its files and an instructor's secret, or the command line.
SeedFrom = Literal["submission", "secret", "option"]
SEEDS: tuple[SeedFrom, ...] = get_args(SeedFrom)
# Keys whose values are durations or follow from them, and what code printed, which may tell the time as well.
TIME_KEYS = frozenset({"timing", "wall_s", "cpu_s", "output_tail", "output_bytes"})


@dataclass(frozen=True, kw_only=True)
class LabScore:
    """One lab's criteria, runs and charts. ``seed``: what was drawn for this lab follows from it.

    ``device``: what its files cost on a microcontroller; empty if it has none, or if this was not measured.
    ``late``: what is deducted since it was late, None for nothing.

    ``criteria`` are as graded; in ``scores``, a bonus has as much as counts, and a deduction is a line of its own.
    """

    lab: str
    title: str
    criteria: tuple[CriterionScore, ...]
    seed: int = 0
    runs: tuple[RunSummary, ...] = ()
    charts: tuple[Chart, ...] = ()
    device: tuple[DeviceFile, ...] = ()
    late: LateDeduction | None = None

    @property
    def points_before(self) -> Points:
        """The lab's four sums before anything is deducted."""
        return total(self.criteria)

    @property
    def points(self) -> Points:
        """The lab's four sums, as they count."""
        before = self.points_before
        return before if self.late is None else replace(before, earned=before.earned - self.late.points(before))

    @property
    def scores(self) -> tuple[CriterionScore, ...]:
        """The criteria, with as much of each bonus as makes up for points lost elsewhere in the lab; the deduction."""
        scores = limit_bonuses(self.criteria)
        return scores if self.late is None else (*scores, self.late.score(self.lab, self.points_before))

    def to_json(self) -> dict[str, Any]:
        """The lab as the scorecard holds it."""
        found: dict[str, Any] = {
            "lab": self.lab,
            "title": self.title,
            "seed": self.seed,
            "points": self.points.to_json(),
            "criteria": [score.to_json() for score in limit_bonuses(self.criteria)],
            "runs": [run.to_json() for run in self.runs],
            "figures": [chart.to_json() for chart in self.charts],
        }
        if self.device:
            found["device"] = [each.to_json() for each in self.device]
        if self.late is not None:
            found["late"] = self.late.to_json(self.points_before)
        return found

    @classmethod
    def from_json(cls, value: JsonValue) -> LabScore:
        """The lab in its JSON form."""
        seed, device, late = value.get("seed"), value.get("device"), value.get("late")
        return cls(
            lab=value.at("lab").text(),
            title=value.at("title").text(),
            seed=seed.whole() if seed else 0,
            criteria=tuple(CriterionScore.from_json(each) for each in value.at("criteria").items()),
            runs=tuple(RunSummary.from_json(each) for each in value.at("runs").items()),
            charts=tuple(read_charts(value.at("figures"))),
            device=tuple(DeviceFile.from_json(each) for each in device.items()) if device else (),
            late=LateDeduction.from_json(late) if late else None,
        )


@dataclass(frozen=True, kw_only=True)
class Scorecard:
    """One submission's grading. ``root``: the folder in it that the labs' paths count from, ``""`` for itself.

    ``device``: what the labs' files were measured with, None if none was. ``quick``: it is of a quick look, which
    gives no mark.
    """

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
    device: DeviceSetup | None = None
    quick: bool = False

    @property
    def points(self) -> Points:
        """The four sums over all labs, as they count."""
        return sum_points([lab.points for lab in self.labs])

    @property
    def deducted(self) -> Decimal:
        """The points that were deducted since labs were late."""
        return sum((lab.points_before.earned - lab.points.earned for lab in self.labs), Decimal(0))

    @property
    def scores(self) -> Sequence[CriterionScore]:
        """Every criterion of every lab, with as much of each bonus as counts."""
        return [score for lab in self.labs for score in lab.scores]

    @property
    def decided(self) -> Sequence[CriterionScore]:
        """The criteria that were graded automatically."""
        return [score for score in self.scores if score.decided]

    @property
    def pending(self) -> Sequence[CriterionScore]:
        """The criteria that are graded manually and have no mark yet."""
        return [score for score in self.scores if score.verdict is Verdict.PENDING]

    @property
    def left_out(self) -> Sequence[CriterionScore]:
        """The criteria that a quick look left out as a whole."""
        return [score for score in self.scores if score.verdict is Verdict.NOT_LOOKED_AT]

    @property
    def left_out_points(self) -> Decimal:
        """Their points, which are a part of the automatic ones."""
        return left_out_points(self.scores)

    @property
    def unscored(self) -> Sequence[CriterionScore]:
        """The criteria that the grader could not decide."""
        return [score for score in self.scores if score.verdict is Verdict.UNSCORED]

    @property
    def wall_s(self) -> float:
        """How long the grading took, in seconds."""
        found = self.timing.get("wall_s", 0.0)
        return found if math.isfinite(found) else 0.0

    def path(self, file: str) -> str:
        """A file of the labs', from the submission's own folder."""
        root = self.root.strip("/")
        return f"{root}/{file}" if root else file

    def require_full(self) -> None:
        """Refuses a quick look. :raises UsageError: it is one, so there is no mark."""
        if self.quick or any(score.left_out for score in self.scores):
            raise UsageError(
                f"{report_line(self.submission, 80)}: this is a quick look (--quick), which gives no mark: "
                "grade without --quick"
            )

    def require_scored(self) -> None:
        """Refuses what has no mark yet.

        :raises UsageError: it is a quick look. :raises Unscored: some criterion could not be graded; it names them.
        """
        self.require_full()
        if not self.unscored:
            return
        some = ", ".join(score.id for score in self.unscored[:3]) + (", …" if len(self.unscored) > 3 else "")
        worth = format_points(sum((score.maximum for score in self.unscored), Decimal(0)))
        raise Unscored(
            f"{len(self.unscored)} criteria ({some}; {worth} points) could not be graded, so there is no mark to "
            "export: repair what the report names, then grade all of it again"
        )

    def only(self, names: Sequence[str]) -> Scorecard:
        """The scorecard of the labs of these names, or of names that begin so; of all for none.

        :raises UsageError: it has no such lab.
        """
        known = [lab.lab for lab in self.labs]
        chosen: set[str] = set() if names else set(known)
        for name in names:
            fitting = {name} & set(known) or {each for each in known if each.startswith(name)}
            if not fitting:
                raise UsageError(f"--lab {name}: the scorecard has {', '.join(known)}")
            chosen |= fitting
        return replace(self, labs=tuple(lab for lab in self.labs if lab.lab in chosen))

    def to_json(self) -> dict[str, Any]:
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
            "points": self.points.to_json(),
            "labs": [lab.to_json() for lab in self.labs],
            "notices": list(self.notices),
            "environment": dict(self.environment),
            "timing": {name: round(value, 3) for name, value in self.timing.items()},
        }
        if self.device is not None:
            document["device"] = self.device.to_json()
        if self.quick:
            document["quick"] = True
        cleaned: dict[str, Any] = _plain(document)
        return cleaned

    def dumps(self) -> str:
        """The scorecard's file."""
        text = json.dumps(self.to_json(), indent=2, ensure_ascii=False, allow_nan=False)
        return _ROW.sub(_in_one_line, text) + "\n"

    @classmethod
    def from_json(cls, document: object) -> Scorecard:
        """The scorecard in its JSON form: the only reader of scorecards.

        :raises UsageError: it is no scorecard, or one whose points are not the sum of its criteria.
        """
        if not isinstance(document, dict) or document.get("schema") != SCHEMA:
            raise UsageError(f"not a scorecard: expected a JSON object with schema {SCHEMA}")
        if is_deep(document):
            raise UsageError("not a scorecard: its lists and objects are nested too deeply")
        value = JsonValue(document)
        try:
            scorecard = _read(value)
            stated = Points.from_json(value.at("points"))
        except FormError as error:
            raise UsageError(f"not a scorecard of this version: {error}") from None
        found = scorecard.points
        if stated != found:
            raise UsageError(
                f"its points ({_sums(stated)}) are not the sum of its criteria ({_sums(found)}): "
                "it was changed after grading"
            )
        return scorecard

    @classmethod
    def loads(cls, text: str) -> Scorecard:
        """The scorecard in a file's text. :raises UsageError: it is no JSON, or no scorecard."""
        try:
            document = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise UsageError(f"can't be read: not JSON: {error}") from None
        return cls.from_json(document)

    @classmethod
    def load(cls, path: Path) -> Scorecard:
        """The scorecard in a file. :raises UsageError: it can't be read, or is none."""
        try:
            return cls.loads(path.read_text(encoding="utf-8"))
        except OSError as error:
            raise UsageError(f"{path}: can't be read: {error.strerror}") from None
        except UnicodeDecodeError:
            raise UsageError(f"{path}: can't be read: not UTF-8") from None
        except UsageError as error:
            raise UsageError(f"{path}: {error}") from None


def find_scorecards(sources: Iterable[Path]) -> list[Path]:
    """The scorecards' files: each source is one, or a folder with some in it at any depth, in the order of names.

    :raises UsageError: a source has none.
    """
    files: dict[Path, None] = {}
    for source in sources:
        inside = sorted(source.rglob(FILE)) if source.is_dir() else [source]
        if not inside or not all(path.is_file() for path in inside):
            raise UsageError(f"{source}: no {FILE} there; pytest graders --submission PATH writes one to report/")
        files |= dict.fromkeys(inside)
    return list(files)


def _sums(points: Points) -> str:
    return f"{format_points(points.earned)} of {format_points(points.maximum)}"


def _read(value: JsonValue) -> Scorecard:
    root, isolation = value.get("root"), value.at("isolation")
    seed_from, device, quick = value.get("seed_from"), value.get("device"), value.get("quick")
    return Scorecard(
        submission=value.at("submission").text(),
        profile=value.at("profile").text(),
        seed=value.at("seed").whole(),
        root=root.text() if root else "",
        tier=isolation.at("tier").text(),
        missing=tuple(
            MissingLayer(each.at("layer").text(), each.at("reason").text()) for each in isolation.at("missing").items()
        ),
        labs=tuple(LabScore.from_json(each) for each in value.at("labs").items()),
        notices=value.at("notices").texts(),
        seed_from=_seed_from(seed_from) if seed_from else "submission",
        environment={name: each.text() for name, each in value.at("environment").entries()},
        timing={name: each.number() for name, each in value.at("timing").entries()},
        device=DeviceSetup.from_json(device) if device else None,
        quick=quick.flag() if quick else False,
    )


def _seed_from(value: JsonValue) -> SeedFrom:
    for known in SEEDS:
        if value.raw == known:
            return known
    raise FormError(f"{value.place}: expected one of {', '.join(SEEDS)}, not {value.text()[:40]!r}")


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
    # A number of another library, or anything else: written as text, for nothing may lose the whole scorecard.
    return _plain(value.item()) if hasattr(value, "item") else str(value)


def without_times(document: Any) -> Any:
    """A scorecard without its durations: what must be the same whenever the same submission is graded."""
    if isinstance(document, dict):
        return {key: without_times(value) for key, value in document.items() if key not in TIME_KEYS}
    if isinstance(document, list):
        return [without_times(value) for value in document]
    return document
