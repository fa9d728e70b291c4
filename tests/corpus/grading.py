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
from graders.plugin import LENT_SERVERS
from graders.scoring.points import NOT_ASKED

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
        """The criteria that were graded, by id: what a person marks and what was deselected is left out."""
        found = [criterion for lab in self.scorecard["labs"] for criterion in lab["criteria"]]
        return {
            criterion["id"]: criterion
            for criterion in found
            if criterion["verdict"] != "pending" and (criterion["reason"] or {}).get("cause") != NOT_ASKED.cause
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
    found = [f"{identifier} was not graded" for identifier in costs.keys() - graded.criteria.keys()]
    for identifier, criterion in graded.criteria.items():
        found += _about(criterion, costs.get(identifier))
    said = _said(graded)
    found += [f"no reason says {wording!r}" for wording in case.names if wording not in said]
    return found if not found else [*found, "", "what the reasons say:", said]


def leaks(graded: Graded, folder: Path) -> list[str]:
    """Paths of this machine in the scorecard: of the submission, of the grader's working folder, of its repository."""
    text = json.dumps(graded.scorecard)
    return [path for path in (str(folder), f"{tempfile.gettempdir()}/optgrade-", str(REPOSITORY)) if path in text]


def _about(criterion: Mapping[str, Any], cost: Cost | None) -> Iterator[str]:
    wanted = ("earned", criterion["maximum"]) if cost is None else (cost.verdict.value, cost.earned)
    got = criterion["verdict"], criterion["earned"]
    if got != wanted:
        yield f"{criterion['id']}: {got[0]} with {got[1]:g} points; expected {wanted[0]} with {wanted[1]:g}"


def _said(graded: Graded) -> str:
    """The reasons of what was lost; criteria that were lost for one reason stand together."""
    reasons: dict[str, list[str]] = {}
    for identifier, criterion in graded.criteria.items():
        if criterion["reason"] is not None:
            text = "\n".join(f"  {part}: {criterion['reason'][part]}" for part in PARTS)
            reasons.setdefault(text, []).append(identifier)
    return "\n".join(f"{', '.join(identifiers)}\n{text}" for text, identifiers in reasons.items())
