"""A case of the corpus: a small file that says how a submission differs from the reference and what that must cost.

The file is TOML, in ``fixtures/submissions/<mistakes or correct>/<lab>/``:

    title = "Values are cut off, not rounded"
    why = "astype(np.int8) looks like a conversion and is a truncation."
    select = "int8-0.01"            # pytest's -k: no more runs than the case's criteria depend on
    costs = ["l02.int8.quantise"]   # these criteria and no others; no points are left of them
    verdict = "lost"                # optional: their verdict
    names = ["np.rint"]             # what the reasons of the lost criteria must say
    wall_limit = 8                  # optional: the time limit of a run, in seconds

    [[changes]]                     # to a copy of reference/, in this order
    old = "np.rint(x)"              # stands there exactly once
    new = "x"

A criterion that comes out otherwise than the others is a table: ``{ criterion = "…", verdict = "partial", earned = 1 }``.
A change is to the lab's student file unless it has a ``file``. Besides ``old`` and ``new`` it may have ``content`` (the
whole file, new or replaced), ``delete = true``, or ``windows = true`` (a byte order mark and CRLF line ends).
Below ``correct/`` there are no ``costs``, ``verdict`` and ``names``.
"""

from __future__ import annotations

import shutil
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, TypeVar

from graders.labs import catalogue
from graders.labs.definition import PERSON, Lab
from graders.verdicts import Verdict

REPOSITORY = Path(__file__).resolve().parents[2]
CORPUS = REPOSITORY / "fixtures" / "submissions"
REFERENCE = REPOSITORY / "reference"
MISTAKES, CORRECT = "mistakes", "correct"
CASE_KEYS = {"title", "why", "select", "costs", "verdict", "names", "wall_limit", "changes"}
MISTAKE_KEYS = {"costs", "verdict", "names"}
COST_KEYS = {"criterion", "verdict", "earned"}
CHANGE_KEYS = ({"old", "new"}, {"content"}, {"delete"}, {"windows"})
SHOWN = 60

T = TypeVar("T")


class CaseError(ValueError):
    """A case file that is wrong, or a change that does not apply; the message names the file and the text."""


@dataclass(frozen=True)
class Cost:
    """A criterion that the case must cost: with this verdict, and these points left of it."""

    criterion: str
    verdict: Verdict
    earned: float


@dataclass(frozen=True)
class Change:
    """One change to a copy of the reference. Which fields are set says what kind it is."""

    file: str
    old: str | None = None
    new: str | None = None
    content: str | None = None
    delete: bool = False
    windows: bool = False


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
    wall_limit: float | None

    @property
    def id(self) -> str:
        """The case's name in pytest's output: ``mistakes/no-rounding``."""
        return f"{self.path.parent.parent.name}/{self.path.stem}"


def load(path: Path) -> Case:
    """Reads a case file. :raises CaseError: where something in it is missing, unknown or of another type."""
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise CaseError(f"{path.name}: {error}") from None
    where = path.name
    _no_others(data, CASE_KEYS, where)
    lab = _lab(path)
    mistake = path.parent.parent.name == MISTAKES
    verdict = _text(data, "verdict", where) if "verdict" in data else Verdict.LOST.value
    case = Case(
        path=path,
        lab=lab,
        title=_text(data, "title", where),
        why=_text(data, "why", where),
        select=_text(data, "select", where),
        changes=tuple(
            _change(item, lab, f"{where}: change {number}") for number, item in _items(data, "changes", where)
        ),
        costs=tuple(_cost(item, verdict, lab, where) for _, item in _items(data, "costs", where)) if mistake else (),
        names=tuple(_wording(item, where) for _, item in _items(data, "names", where)) if mistake else (),
        wall_limit=float(_typed(data, "wall_limit", (int, float), where)) if "wall_limit" in data else None,
    )
    if not mistake and MISTAKE_KEYS & data.keys():
        raise CaseError(f"{where}: a case below {CORRECT}/ costs nothing: expected no 'costs', 'verdict' or 'names'")
    return case


def load_all(lab: str) -> list[Case]:
    """Every case of a lab, by its short name (``l02``), in order of name. :raises CaseError: as :func:`load` does."""
    return [load(path) for kind in (CORRECT, MISTAKES) for path in sorted((CORPUS / kind / lab).glob("*.toml"))]


def build(case: Case, folder: Path) -> Path:
    """Writes the case's submission to ``folder``. :raises CaseError: where a change does not apply."""
    shutil.copytree(REFERENCE, folder, ignore=shutil.ignore_patterns("__pycache__"))
    for change in case.changes:
        _apply(change, folder, case.path.name)
    return folder


def _apply(change: Change, folder: Path, where: str) -> None:
    target = folder / change.file
    if change.content is not None:
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(change.content, encoding="utf-8")
        return
    if not target.is_file():
        raise CaseError(f"{where}: there is no {change.file} to change")
    if change.delete:
        target.unlink()
        return
    text = target.read_text(encoding="utf-8")
    if change.windows:
        target.write_text(text, encoding="utf-8-sig", newline="\r\n")
        return
    assert change.old is not None
    assert change.new is not None
    found = text.count(change.old)
    if found != 1:
        raise CaseError(f"{where}: {change.file} has {found} places, not 1, that read {_shown(change.old)}")
    target.write_text(text.replace(change.old, change.new), encoding="utf-8")


def _shown(text: str) -> str:
    line = " ".join(text.split())
    return repr(line if len(line) <= SHOWN else line[:SHOWN] + "…")


def _lab(path: Path) -> Lab:
    name = path.parent.name
    return catalogue.chosen([name])[0].lab


def _change(item: Any, lab: Lab, where: str) -> Change:
    table = _table(item, where)
    kinds = table.keys() - {"file"}
    if kinds not in CHANGE_KEYS:
        expected = "; or ".join(" and ".join(f"'{key}'" for key in sorted(keys, reverse=True)) for keys in CHANGE_KEYS)
        raise CaseError(f"{where} has {sorted(kinds)}; expected {expected}")
    file = _text(table, "file", where) if "file" in table else lab.student_file
    if PurePosixPath(file).is_absolute() or ".." in PurePosixPath(file).parts:
        raise CaseError(f"{where}: file = {file!r}: expected a path below the submission")
    change = Change(
        file,
        old=_text(table, "old", where) if "old" in table else None,
        new=_typed(table, "new", str, where) if "new" in table else None,
        content=_typed(table, "content", str, where) if "content" in table else None,
        delete="delete" in table and _typed(table, "delete", bool, where),
        windows="windows" in table and _typed(table, "windows", bool, where),
    )
    if change.old is not None and change.old == change.new:
        raise CaseError(f"{where} puts {_shown(change.old)} in the place of itself")
    if change.old is None and change.content is None and not (change.delete or change.windows):
        raise CaseError(f"{where} changes nothing")
    return change


def _cost(item: Any, usual: str, lab: Lab, where: str) -> Cost:
    table = {"criterion": item} if isinstance(item, str) else _table(item, f"{where}: an entry of costs")
    _no_others(table, COST_KEYS, where)
    identifier = _text(table, "criterion", where)
    known = {criterion.id: criterion for criterion in lab.criteria}
    if identifier not in known or known[identifier].marked_by == PERSON:
        raise CaseError(f"{where}: {identifier!r} is no criterion of {lab.id} that tests decide")
    verdict = _text(table, "verdict", where) if "verdict" in table else usual
    if verdict not in set(Verdict) - {Verdict.EARNED, Verdict.PENDING, Verdict.UNSCORED}:
        raise CaseError(f"{where}: {identifier}: {verdict!r} is no verdict that costs points")
    earned = float(_typed(table, "earned", (int, float), where)) if "earned" in table else 0.0
    if (verdict == Verdict.PARTIAL) != (0 < earned < known[identifier].points):
        raise CaseError(f"{where}: {identifier}: {earned:g} points left do not go with the verdict {verdict!r}")
    return Cost(identifier, Verdict(verdict), earned)


def _wording(item: Any, where: str) -> str:
    if not isinstance(item, str) or not item.strip():
        raise CaseError(f"{where}: names: expected texts, found {item!r}")
    return item


def _table(item: Any, where: str) -> Mapping[str, Any]:
    if not isinstance(item, dict):
        raise CaseError(f"{where}: expected a table, found {item!r}")
    return item


def _items(data: Mapping[str, Any], key: str, where: str) -> list[tuple[int, Any]]:
    """The entries of a list, counted from 1; there must be one."""
    found: list[Any] = _typed(data, key, list, where)
    if not found:
        raise CaseError(f"{where}: '{key}' is empty")
    return list(enumerate(found, start=1))


def _no_others(data: Mapping[str, Any], known: set[str], where: str) -> None:
    unknown = sorted(data.keys() - known)
    if unknown:
        raise CaseError(f"{where}: unknown key '{unknown[0]}'; there are {', '.join(sorted(known))}")


def _text(data: Mapping[str, Any], key: str, where: str) -> str:
    text: str = _typed(data, key, str, where)
    if not text.strip():
        raise CaseError(f"{where}: '{key}' is empty")
    return text


def _typed(data: Mapping[str, Any], key: str, kind: type[T] | tuple[type, ...], where: str) -> Any:
    if key not in data:
        raise CaseError(f"{where}: no '{key}'")
    value = data[key]
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
        names = " or ".join(each.__name__ for each in (kind if isinstance(kind, tuple) else (kind,)))
        raise CaseError(f"{where}: {key} = {value!r}: expected {names}")
    return value
