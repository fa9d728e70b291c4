"""A case of the corpus: a small file that says how a submission differs from the reference and what that must cost.

The file is TOML, in ``fixtures/submissions/<mistakes or correct>/<lab>/``:

    title = "Values are truncated, not rounded"
    why = "astype(np.int8) looks like a conversion and truncates."
    select = "int8-0.01"            # pytest's -k: no more runs than the case's criteria depend on
    costs = ["l02.int8.quantise"]   # these criteria and no others; no points are left of them
    verdict = "lost"                # optional: their verdict
    names = ["np.rint"]             # what the reasons of the lost criteria must say
    wall_limit = 8                  # optional: the time limit of a run, in seconds

    [[changes]]                     # to a copy of reference/, in this order; ``changes.py`` describes them
    old = "np.rint(x)"
    new = "x"

A criterion with a result different from the others is a table:
``{ criterion = "…", verdict = "partial", earned = 1 }``.

Below ``correct/`` there are no ``costs``, ``verdict`` and ``names``. ``bonus`` lists the bonuses that the submission
must earn; nothing is expected of other bonuses.

Criteria that have to be graded manually this time are ``pending``, and ``says`` is what their reasons must say.

Cases of summaries and of git histories are in folders ``summaries/`` and ``history/`` instead of a lab's; each has its
``lab = "l02"``. ``based_on = "correct/summaries/polish"`` names a case whose changes come first.

``fixtures/submissions/settings.toml`` has the settings of labs that are different for the corpus.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from graders.core.paths import FIXTURES
from graders.core.verdicts import Verdict
from graders.framework import registry
from graders.framework.definition import PERSON, Lab
from graders.selftest.corpus.builder import build_submission
from graders.selftest.corpus.changes import Change, read_change
from graders.selftest.corpus.tables import CaseError, inside, items, no_others, table, text, typed, wordings

CORPUS = FIXTURES / "submissions"
MISTAKES, CORRECT = "mistakes", "correct"
WRITTEN = ("summaries", "history")
"""Folders of cases that are not a lab's: of what students write beside their code."""
CASE_KEYS = {
    "title", "why", "select", "costs", "verdict", "names", "wall_limit", "changes", "pending", "says", "lab",
    "based_on", "bonus",
}  # fmt: skip
MISTAKE_KEYS = {"costs", "verdict", "names"}
COST_KEYS = {"criterion", "verdict", "earned"}


@dataclass(frozen=True)
class Cost:
    """A criterion that the case must cost: with this verdict, and these points left of it."""

    criterion: str
    verdict: Verdict
    earned: float


@dataclass(frozen=True, kw_only=True)
class Case:
    """A submission, as changes to the reference, and what grading it must give."""

    path: Path
    lab: Lab
    title: str
    why: str
    select: str
    changes: tuple[Change, ...]
    costs: tuple[Cost, ...]
    names: tuple[str, ...]
    pending: tuple[str, ...]
    says: tuple[str, ...]
    wall_limit: float | None
    bonus: tuple[str, ...] = ()

    @property
    def id(self) -> str:
        """The case's name in pytest's output: ``mistakes/no-rounding``."""
        return f"{self.path.parent.parent.name}/{self.path.stem}"


def load(path: Path) -> Case:
    """Reads a case file. :raises CaseError: if something in it is missing, unknown or of another type."""
    data, where = read_toml(path), path.name
    no_others(data, CASE_KEYS, where)
    lab = _lab(path, data)
    mistake = path.parent.parent.name == MISTAKES
    verdict = text(data, "verdict", where) if "verdict" in data else Verdict.LOST.value
    case = Case(
        path=path,
        lab=lab,
        title=text(data, "title", where),
        why=text(data, "why", where),
        select=text(data, "select", where),
        changes=_changes(data, path, lab),
        costs=tuple(_cost(item, verdict, lab, where) for _, item in items(data, "costs", where)) if mistake else (),
        names=wordings(data, "names", where) if mistake else (),
        pending=_pending(data, lab, where),
        says=wordings(data, "says", where) if "says" in data else (),
        wall_limit=float(typed(data, "wall_limit", (int, float), where)) if "wall_limit" in data else None,
        bonus=_bonus(data, lab, where),
    )
    if not mistake and MISTAKE_KEYS & data.keys():
        raise CaseError(f"{where}: a case below {CORRECT}/ costs nothing: expected no 'costs', 'verdict' or 'names'")
    if bool(case.pending) != bool(case.says):
        raise CaseError(f"{where}: 'pending' and 'says' go together")
    if set(case.pending) & {cost.criterion for cost in case.costs}:
        raise CaseError(f"{where}: a criterion that is pending costs nothing")
    return case


def load_all(folder: str) -> list[Case]:
    """Every case of a lab (``l02``), or of ``summaries`` or ``history``, in order of name.

    :raises CaseError: as :func:`load` does.
    """
    return [load(path) for kind in (CORRECT, MISTAKES) for path in sorted((CORPUS / kind / folder).glob("*.toml"))]


def folders() -> list[str]:
    """The folders that have cases, labs' and others, in order of name."""
    found = {path.name for kind in (CORRECT, MISTAKES) for path in (CORPUS / kind).iterdir() if path.is_dir()}
    return sorted(found)


def build(case: Case, folder: Path) -> Path:
    """Writes the case's submission to ``folder``, and returns where in it the submission is.

    :raises CaseError: if a change does not apply.
    """
    return build_submission(case.changes, folder, case.path.name)


def settings_of(lab: Lab) -> tuple[str, ...]:
    """The lab's settings that are different for the corpus, as ``LAB.NAME=VALUE``."""
    return tuple(f"{lab.id}.{name}={value}" for name, value in _settings().get(lab.short, {}).items())


@cache
def _settings() -> dict[str, Any]:
    return read_toml(CORPUS / "settings.toml")


def read_toml(path: Path) -> dict[str, Any]:
    """A case file's content. :raises CaseError: if it is no TOML."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise CaseError(f"{path.name}: {error}") from None


def _lab(path: Path, data: Mapping[str, Any]) -> Lab:
    """The lab that the case's folder is named after; in a folder that is not a lab's, the one that the case names."""
    name = path.parent.name
    if name in WRITTEN:
        name = text(data, "lab", path.name)
        known = [lab.short for lab in registry.definitions()]
        if name not in known:
            raise CaseError(f"{path.name}: lab = {name!r}: there are {', '.join(known)}")
    elif "lab" in data:
        raise CaseError(f"{path.name}: the folder says that it is {name}; expected no 'lab'")
    return registry.select_labs([name])[0].lab


def _changes(data: Mapping[str, Any], path: Path, lab: Lab) -> tuple[Change, ...]:
    """The changes of the case that this one is based on, and its own."""
    where = path.name
    own = tuple(read_change(item, lab, f"{where}: change {number}") for number, item in items(data, "changes", where))
    if "based_on" not in data:
        return own
    name = inside(text(data, "based_on", where), where, "based_on")
    basis = CORPUS / f"{name}.toml"
    if not basis.is_file():
        raise CaseError(f"{where}: there is no case {name!r} to be based on")
    before = load(basis)
    if before.lab.id != lab.id:
        raise CaseError(f"{where}: {name!r} is a case of another lab, {before.lab.id}")
    return before.changes + own


def _pending(data: Mapping[str, Any], lab: Lab, where: str) -> tuple[str, ...]:
    if "pending" not in data:
        return ()
    found = wordings(data, "pending", where)
    for identifier in found:
        _decided_by_tests(identifier, lab, where)
    return found


def _bonus(data: Mapping[str, Any], lab: Lab, where: str) -> tuple[str, ...]:
    found = wordings(data, "bonus", where) if "bonus" in data else ()
    known = {criterion.id for criterion in lab.criteria if criterion.bonus}
    for identifier in found:
        if identifier not in known:
            raise CaseError(f"{where}: {identifier!r} is no bonus of {lab.id}")
    return found


def _cost(item: Any, usual: str, lab: Lab, where: str) -> Cost:
    data = {"criterion": item} if isinstance(item, str) else table(item, f"{where}: an entry of costs")
    no_others(data, COST_KEYS, where)
    identifier = text(data, "criterion", where)
    points = _decided_by_tests(identifier, lab, where)
    verdict = text(data, "verdict", where) if "verdict" in data else usual
    if verdict not in set(Verdict) - {Verdict.EARNED, Verdict.PENDING, Verdict.UNSCORED}:
        raise CaseError(f"{where}: {identifier}: {verdict!r} is no verdict that costs points")
    earned = float(typed(data, "earned", (int, float), where)) if "earned" in data else 0.0
    if (verdict == Verdict.PARTIAL) != (0 < earned < points):
        raise CaseError(f"{where}: {identifier}: {earned:g} points left do not go with the verdict {verdict!r}")
    return Cost(identifier, Verdict(verdict), earned)


def _decided_by_tests(identifier: str, lab: Lab, where: str) -> float:
    """The points of a criterion that tests decide, as a rule."""
    known = {criterion.id: criterion for criterion in lab.criteria}
    if identifier not in known or known[identifier].marked_by == PERSON:
        raise CaseError(f"{where}: {identifier!r} is no criterion of {lab.id} that tests decide")
    return known[identifier].points
