"""A scorecard as the formats read it: points in exact cents, text as it was handed in."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import Any

from graders.core.errors import Unscored, UsageError

SCHEMA = "optgrade/scorecard/v1"
FILE = "scorecard.json"
CENT = Decimal("0.01")
PARTS = ("measured", "expected", "cause", "next")


@dataclass(frozen=True)
class Line:
    """A line of the student's, below the submission's own folder."""

    file: str
    line: int


@dataclass(frozen=True)
class Why:
    """A reason, as the scorecard has it."""

    measured: str
    expected: str
    cause: str
    next: str


@dataclass(frozen=True, kw_only=True)
class Item:
    """A criterion. ``drawn``: what cost points shows in nothing but values that were drawn for the grading.

    ``bonus``: it adds nothing to the maximum, and earned is as much of it as counts.
    """

    id: str
    lab: str
    title: str
    earned: Decimal
    maximum: Decimal
    verdict: str
    marked_by: str
    why: Why | None
    drawn: bool
    lines: tuple[Line, ...]
    bonus: bool = False

    @property
    def passed(self) -> bool:
        """Whether nothing was lost: of a bonus nothing ever is."""
        return self.bonus or self.earned == self.maximum

    @property
    def lost(self) -> Decimal:
        """Points that were there to be earned and were not; of what is pending or unscored, none are known yet."""
        return Decimal(0) if self.bonus or self.verdict in ("pending", "unscored") else self.maximum - self.earned


@dataclass(frozen=True)
class Sums:
    """``automatic + pending = maximum``; ``earned`` is a part of ``automatic``."""

    earned: Decimal
    automatic: Decimal
    pending: Decimal
    maximum: Decimal


@dataclass(frozen=True, kw_only=True)
class Card:
    """One submission's scorecard."""

    submission: str
    profile: str
    seed: int
    tier: str
    labs: Mapping[str, str]
    items: tuple[Item, ...]
    notices: tuple[str, ...]
    seconds: float

    @cached_property
    def sums(self) -> Sums:
        """The four sums over the criteria."""
        pending, maximum = most(self.pending), most(self.items)
        earned = sum((item.earned for item in self.items), Decimal(0))
        return Sums(earned, maximum - pending, pending, maximum)

    @property
    def graded(self) -> Sequence[Item]:
        """What was decided automatically."""
        return [item for item in self.items if item.verdict not in ("pending", "unscored")]

    @property
    def pending(self) -> Sequence[Item]:
        """What a person has to mark."""
        return [item for item in self.items if item.verdict == "pending"]

    @property
    def unscored(self) -> Sequence[Item]:
        """What the grader could not decide."""
        return [item for item in self.items if item.verdict == "unscored"]

    def require_scored(self) -> None:
        """Refuses what has no mark yet. :raises Unscored: it names the first criteria."""
        if self.unscored:
            some = ", ".join(item.id for item in self.unscored[:3]) + (", …" if len(self.unscored) > 3 else "")
            raise Unscored(
                f"{len(self.unscored)} criteria ({some}; {written(most(self.unscored))} points) could not be graded, "
                "so there is no mark to export: grade again, all of it, and repair what the report says"
            )

    def only(self, labs: Sequence[str]) -> Card:
        """The scorecard of these labs alone, or of all for none. :raises UsageError: it has no such lab."""
        chosen: set[str] = set() if labs else set(self.labs)
        for asked in labs:
            fitting = {asked} & set(self.labs) or {name for name in self.labs if name.startswith(asked)}
            if not fitting:
                raise UsageError(f"--lab {asked}: the scorecard has {', '.join(self.labs)}")
            chosen |= fitting
        return replace(
            self,
            labs={name: title for name, title in self.labs.items() if name in chosen},
            items=tuple(item for item in self.items if item.lab in chosen),
        )


def most(items: Iterable[Item]) -> Decimal:
    """What the criteria are worth together."""
    return sum((item.maximum for item in items), Decimal(0))


def written(points: Decimal) -> str:
    """Points as short as they can be told: ``0.75``, ``2``."""
    text = f"{points:.2f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def read(document: Any) -> Card:
    """A scorecard from its JSON.

    :raises UsageError: it is no scorecard, or one whose sums are not those of its criteria.
    """
    if not isinstance(document, dict) or document.get("schema") != SCHEMA:
        raise UsageError(f"not a scorecard: a JSON object with schema {SCHEMA} is expected")
    try:
        card = _card(document)
        stated = {name: _points(document["points"][name]) for name in vars(card.sums)}
    except (KeyError, TypeError, ValueError, ArithmeticError) as error:
        raise UsageError(f"not a scorecard of this version: {type(error).__name__} {error}") from None
    if stated != vars(card.sums):
        raise UsageError(
            f"its points ({written(stated['earned'])} of {written(stated['maximum'])}) are not the sum of its criteria "
            f"({written(card.sums.earned)} of {written(card.sums.maximum)}): it was changed after grading"
        )
    return card


def load(path: Path) -> Card:
    """The scorecard in a file. :raises UsageError: it can't be read, or is none."""
    try:
        return read(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError) as error:
        raise UsageError(f"{path}: can't be read ({error})") from None
    except UsageError as error:
        raise UsageError(f"{path}: {error}") from None


def found(sources: Iterable[Path]) -> list[Path]:
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


def _card(document: Mapping[str, Any]) -> Card:
    root = str(document.get("root", "")).strip("/")
    return Card(
        submission=str(document["submission"]),
        profile=str(document["profile"]),
        seed=int(document["seed"]),
        tier=str(document["isolation"]["tier"]),
        labs={str(lab["lab"]): str(lab["title"]) for lab in document["labs"]},
        items=tuple(_item(str(lab["lab"]), each, root) for lab in document["labs"] for each in lab["criteria"]),
        notices=tuple(str(notice) for notice in document["notices"]),
        seconds=float(document["timing"].get("wall_s", 0)),
    )


def _item(lab: str, criterion: Mapping[str, Any], root: str) -> Item:
    reason = criterion["reason"]
    against = [check for check in criterion["checks"] if check["verdict"] != "earned"]
    places = [place for check in against for place in check.get("places", ())]
    return Item(
        id=str(criterion["id"]),
        lab=lab,
        title=str(criterion["title"]),
        earned=_points(criterion["earned"]),
        maximum=_points(criterion["maximum"]),
        verdict=str(criterion["verdict"]),
        marked_by=str(criterion["marked_by"]),
        why=Why(*(str(reason[part]) for part in PARTS)) if reason else None,
        drawn=_by_drawn_values(against),
        lines=tuple(dict.fromkeys(_line(place, root) for place in places)),
        bonus=criterion.get("bonus") is not None,
    )


def _by_drawn_values(against: Sequence[Mapping[str, Any]]) -> bool:
    """Whether the criterion's reason, which is the first failed check's, is of a value that nobody is shown."""
    return bool(against) and bool(against[0].get("drawn"))


def _line(place: Mapping[str, Any], root: str) -> Line:
    file = str(place["file"])
    return Line(f"{root}/{file}" if root else file, int(place["line"]))


def _points(value: Any) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"points are numbers, not {value!r:.40}")
    return Decimal(str(value)).quantize(CENT)
