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

A criterion that comes out otherwise than the others is a table:
``{ criterion = "…", verdict = "partial", earned = 1 }``.

A change is to the lab's student file unless it has a ``file``. Besides ``old`` and ``new`` it may have ``content`` (the
whole file, new or replaced), ``delete = true``, ``to`` (a file or folder is moved there), ``given`` (the file of
``student_template/`` that takes the place of ``file``), ``kept`` (the same of the embedded model's files), or
``windows = true`` (a byte order mark and CRLF line ends);
``prepend`` or ``append`` (code before all other, or after it); ``compiled`` (code whose bytecode the file holds); or
it makes a git history of ``commits``, which ``repositories.py`` describes.
In a notebook ``old`` and ``new`` are about the source of its cells, whose outputs stay as they are unless there is
``outputs = "cleared"`` beside them; alone that clears all of them. ``printed`` and ``new`` are about a text in the
outputs, ``cell`` and ``count`` about the execution count of the one cell that has that text; ``prepend`` and ``append``
are the code of a cell before, or after, all others, never executed; with ``outputs`` beside ``append``, a list of them
as JSON, it has been executed, and has those.
Below ``correct/`` there are no ``costs``, ``verdict`` and ``names``. ``bonus`` names the bonuses that it must earn; of
others nothing is expected.

Criteria that only a person can decide this time are ``pending``, and ``says`` is what their reasons must say.

Cases of what is handed in beside the code are in folders ``summaries/`` and ``history/`` in the place of the lab's;
each has its ``lab = "l02"``. ``based_on = "correct/summaries/polish"`` names a case whose changes come first.
"""

from __future__ import annotations

import importlib.util
import marshal
import shutil
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from graders.core.paths import FIXTURES, REFERENCE, TEMPLATE
from graders.core.verdicts import Verdict
from graders.framework import registry
from graders.framework.definition import PERSON, Lab
from graders.selftest.corpus.notebooks import change_notebook
from graders.selftest.corpus.repositories import Plan, make_repository, read_plan
from graders.selftest.corpus.tables import CaseError, inside, items, no_others, shown, table, text, typed, wordings

__all__ = [
    "CORPUS", "CORRECT", "MISTAKES", "REFERENCE", "Case", "CaseError", "Change", "Cost", "apply", "build", "folders",
    "load", "load_all", "read_change",
]  # fmt: skip

CORPUS = FIXTURES / "submissions"
MODELS = FIXTURES / "models" / "pocket_pets"
MISTAKES, CORRECT = "mistakes", "correct"
HANDED_IN = ("summaries", "history")
"""Folders of cases that are no lab's."""
LABS = ("l02", "l03", "mnist")
CASE_KEYS = {
    "title", "why", "select", "costs", "verdict", "names", "wall_limit", "changes", "pending", "says", "lab",
    "based_on", "bonus",
}  # fmt: skip
MISTAKE_KEYS = {"costs", "verdict", "names"}
COST_KEYS = {"criterion", "verdict", "earned"}
CHANGE_KEYS = (
    {"old", "new"}, {"content"}, {"delete"}, {"to"}, {"given"}, {"kept"}, {"windows"}, {"prepend"}, {"append"},
    {"compiled"}, {"printed", "new"}, {"outputs"}, {"cell", "count"}, {"old", "new", "outputs"},
    {"append", "outputs"},
)  # fmt: skip
IN_NOTEBOOKS = ("old", "printed", "outputs", "cell", "prepend", "append")
CLEARED = "cleared"
FUTURE = "from __future__ import annotations\n"


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
    to: str | None = None
    given: str | None = None
    kept: str | None = None
    windows: bool = False
    prepend: str | None = None
    append: str | None = None
    compiled: str | None = None
    printed: str | None = None
    outputs: str | None = None
    cell: str | None = None
    count: int | None = None
    history: Plan | None = None


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
    """Reads a case file. :raises CaseError: where something in it is missing, unknown or of another type."""
    data, where = _data(path), path.name
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
    """Writes the case's submission to ``folder``, and returns where in it the submission lies.

    :raises CaseError: where a change does not apply.
    """
    shutil.copytree(REFERENCE, folder, ignore=shutil.ignore_patterns("__pycache__"))
    for change in case.changes:
        if change.history is not None:
            folder = make_repository(change.history, folder, case.path.name)
        else:
            apply(change, folder, case.path.name)
    return folder


def apply(change: Change, folder: Path, where: str) -> None:
    """Carries out a change that is no history. :raises CaseError: where it does not apply."""
    target = folder / change.file
    if change.compiled is not None:
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(_bytecode(change.compiled, target.stem))
        return
    if change.kept is not None:
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(MODELS / change.kept, target)
        return
    if change.content is not None or change.given is not None:
        target.parent.mkdir(parents=True, exist_ok=True)
        if change.content is not None:
            target.write_text(change.content, encoding="utf-8")
        else:
            shutil.copyfile(TEMPLATE / str(change.given), target)
        return
    if not (target.exists() if change.to is not None else target.is_file()):
        raise CaseError(f"{where}: there is no {change.file} to change")
    if target.suffix == ".ipynb" and any(getattr(change, kind) for kind in IN_NOTEBOOKS):
        change_notebook(change, target, where)
        return
    if change.to is not None:
        (folder / change.to).parent.mkdir(parents=True, exist_ok=True)
        target.rename(folder / change.to)
        return
    if change.delete:
        target.unlink()
        return
    content = target.read_text(encoding="utf-8")
    if change.windows:
        target.write_text(content, encoding="utf-8-sig", newline="\r\n")
        return
    if change.prepend is not None or change.append is not None:
        # Nothing may stand before an import from the future.
        head, future, rest = content.partition(FUTURE) if FUTURE in content else ("", "", content)
        text = f"{head}{future}\n{change.prepend or ''}\n{rest}\n{change.append or ''}"
        target.write_text(text, encoding="utf-8")
        return
    assert change.old is not None
    assert change.new is not None
    found = content.count(change.old)
    if found != 1:
        raise CaseError(f"{where}: {change.file} has {found} places, not 1, that read {shown(change.old)}")
    target.write_text(content.replace(change.old, change.new), encoding="utf-8")


def _bytecode(code: str, name: str) -> bytes:
    """A ``.pyc`` that is taken as it is, whatever source there may be."""
    flags = (1).to_bytes(4, "little")
    return importlib.util.MAGIC_NUMBER + flags + bytes(8) + marshal.dumps(compile(code, f"{name}.py", "exec"))


def _data(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise CaseError(f"{path.name}: {error}") from None


def _lab(path: Path, data: Mapping[str, Any]) -> Lab:
    """The lab that the case's folder is named after; in a folder that is no lab's, the one that the case names."""
    name = path.parent.name
    if name in HANDED_IN:
        name = text(data, "lab", path.name)
        if name not in LABS:
            raise CaseError(f"{path.name}: lab = {name!r}: there are {', '.join(LABS)}")
    elif "lab" in data:
        raise CaseError(f"{path.name}: the folder says that it is {name}: expected no 'lab'")
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


def read_change(item: Any, lab: Lab, where: str) -> Change:
    """A change from its table. :raises CaseError: where something in it is missing, unknown or of another type."""
    data = table(item, where)
    if "commits" in data:
        return Change("", history=read_plan(data, lab.student_file, where))
    kinds = data.keys() - {"file"}
    if kinds not in CHANGE_KEYS:
        expected = "; or ".join(" and ".join(f"'{key}'" for key in sorted(keys, reverse=True)) for keys in CHANGE_KEYS)
        raise CaseError(f"{where} has {sorted(kinds)}; expected {expected}; or 'commits'")
    file = inside(text(data, "file", where) if "file" in data else lab.student_file, where, "file")
    change = Change(
        file,
        old=text(data, "old", where) if "old" in data else None,
        new=typed(data, "new", str, where) if "new" in data else None,
        content=typed(data, "content", str, where) if "content" in data else None,
        delete="delete" in data and typed(data, "delete", bool, where),
        to=inside(text(data, "to", where), where, "to") if "to" in data else None,
        given=inside(text(data, "given", where), where, "given") if "given" in data else None,
        kept=inside(text(data, "kept", where), where, "kept") if "kept" in data else None,
        windows="windows" in data and typed(data, "windows", bool, where),
        prepend=text(data, "prepend", where) if "prepend" in data else None,
        append=text(data, "append", where) if "append" in data else None,
        compiled=text(data, "compiled", where) if "compiled" in data else None,
        printed=text(data, "printed", where) if "printed" in data else None,
        outputs=text(data, "outputs", where) if "outputs" in data else None,
        cell=text(data, "cell", where) if "cell" in data else None,
        count=typed(data, "count", int, where) if "count" in data else None,
    )
    if change.old is not None and change.old == change.new:
        raise CaseError(f"{where} puts {shown(change.old)} in the place of itself")
    if kinds in ({"delete"}, {"windows"}) and not (change.delete or change.windows):
        raise CaseError(f"{where} changes nothing")
    if change.kept is not None and not (MODELS / change.kept).is_file():
        raise CaseError(f"{where}: there is no {change.kept} in {MODELS.name}/")
    if change.given is not None and not (TEMPLATE / change.given).is_file():
        raise CaseError(f"{where}: there is no {change.given} in {TEMPLATE.name}/")
    return change


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
