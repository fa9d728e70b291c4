"""Grading a case as ``pytest graders`` does, in this process, and holding the scorecard against the case."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from graders.grade import Servers
from graders.labs.definition import PERSON
from graders.plugin import LENT_SERVERS
from graders.scoring.points import NOT_ASKED
from graders.verdicts import Verdict

from .cases import REPOSITORY, Case, Cost, build

SEED = 7
EARNED, LOST, UNSCORED = 0, 1, 3
PARTS = ("measured", "cause", "next")


class Lender:
    """A pytest plugin that hands servers which run already to the grading."""

    def __init__(self, servers: Servers) -> None:
        self.servers = servers

    def pytest_addoption(self, pluginmanager: pytest.PytestPluginManager) -> None:
        """The first hook of all: registers the servers."""
        pluginmanager.register(self.servers, LENT_SERVERS)


@dataclass(frozen=True)
class Graded:
    """What a grading left: its exit code, its scorecard, and its report for people."""

    exit_code: int
    scorecard: Mapping[str, Any]
    report: str

    @property
    def criteria(self) -> dict[str, Mapping[str, Any]]:
        """The criteria that tests decide, by id; what was deselected is left out."""
        found = [criterion for lab in self.scorecard["labs"] for criterion in lab["criteria"]]
        return {
            criterion["id"]: criterion
            for criterion in found
            if criterion["marked_by"] != PERSON and (criterion["reason"] or {}).get("cause") != NOT_ASKED.cause
        }


def grade(case: Case, servers: Servers, folder: Path) -> Graded:
    """Builds the case's submission below ``folder`` and grades it with the plugin. The working folder is the root."""
    submission, out = build(case, folder / case.path.stem), folder / "report"
    argv = ["graders", f"--submission={submission}", f"--lab={case.lab.id}", f"--report-dir={out}", f"--seed={SEED}"]
    argv += ["-k", case.select, "-p", "no:cacheprovider", "-p", "no:faulthandler", "-q"]
    if case.wall_limit is not None:
        argv.append(f"--wall-limit={case.wall_limit}")
    code = pytest.main(argv, plugins=[Lender(servers)])
    scorecard = json.loads((out / "scorecard.json").read_text(encoding="utf-8"))
    return Graded(int(code), scorecard, (out / "report.html").read_text(encoding="utf-8"))


@cache
def schema() -> dict[str, Any]:
    """The scorecard's JSON Schema."""
    found: dict[str, Any] = json.loads((REPOSITORY / "docs" / "scorecard.schema.json").read_text(encoding="utf-8"))
    return found


def complaints(case: Case, graded: Graded) -> list[str]:
    """Every way in which the grading is not what the case says, a line each."""
    jsonschema.validate(graded.scorecard, schema(), cls=jsonschema.Draft202012Validator)
    costs = {cost.criterion: cost for cost in case.costs}
    wanted = costs.keys() | set(case.pending)
    found = [f"{identifier} was not graded" for identifier in sorted(wanted - graded.criteria.keys())]
    for identifier, criterion in graded.criteria.items():
        found += _about(criterion, costs.get(identifier), identifier in case.pending)
    said, pending = _said(graded, pending=False), _said(graded, pending=True)
    found += [f"no reason says {wording!r}" for wording in case.names if wording not in said]
    found += [f"no reason of what is pending says {wording!r}" for wording in case.says if wording not in pending]
    return found if not found else [*found, "", "what the reasons say:", said, pending]


def check_case(
    case: Case, servers: Servers, folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Graded:
    """The mistake costs its criteria and no others, the feedback names it; no traceback and no path comes out."""
    monkeypatch.chdir(REPOSITORY)
    graded = grade(case, servers, folder)
    terminal = capsys.readouterr().out
    wrong = complaints(case, graded)
    assert not wrong, "\n".join([case.title, *wrong])
    assert not leaks(graded, folder)
    for text in (terminal, graded.report):
        assert "Traceback (most recent call last)" not in text
        assert "INTERNALERROR" not in text
    whole = " deselected" not in terminal
    assert graded.exit_code == ((LOST if case.costs else EARNED) if whole else UNSCORED)
    return graded


def leaks(graded: Graded, folder: Path) -> list[str]:
    """Paths of this machine in the scorecard: of the submission, of the grader's working folder, of its repository."""
    text = json.dumps(graded.scorecard)
    return [path for path in (str(folder), f"{tempfile.gettempdir()}/optgrade-", str(REPOSITORY)) if path in text]


def _about(criterion: Mapping[str, Any], cost: Cost | None, pending: bool) -> Iterator[str]:
    wanted = ("earned", criterion["maximum"]) if cost is None else (cost.verdict.value, cost.earned)
    wanted = ("pending", 0) if pending else wanted
    got = criterion["verdict"], criterion["earned"]
    if got != wanted:
        yield f"{criterion['id']}: {got[0]} with {got[1]:g} points; expected {wanted[0]} with {wanted[1]:g}"


def _said(graded: Graded, *, pending: bool) -> str:
    """The reasons of what was lost, or of what is pending; criteria with one reason stand together."""
    reasons: dict[str, list[str]] = {}
    for identifier, criterion in graded.criteria.items():
        if criterion["reason"] is not None and (criterion["verdict"] == Verdict.PENDING) == pending:
            text = "\n".join(f"  {part}: {criterion['reason'][part]}" for part in PARTS)
            reasons.setdefault(text, []).append(identifier)
    return "\n".join(f"{', '.join(identifiers)}\n{text}" for text, identifiers in reasons.items())
