"""A case's grading against what the case says it must be."""

from __future__ import annotations

import json
from collections.abc import Iterator
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema

from graders.cohort.engine.in_process import Graded, paths_in
from graders.cohort.engine.options import GradingOptions
from graders.core.exit_codes import ExitCode
from graders.core.paths import REPOSITORY
from graders.core.verdicts import Verdict
from graders.scoring import CriterionScore, Reason
from graders.selftest.corpus.cases import Case, Cost, settings_of

SEED = 7
PARTS = ("measured", "cause", "next")
KINDS = {"summaries": "summary", "history": "history"}
FAULTS = ("Traceback (most recent call last)", "INTERNALERROR")


def options_for(case: Case) -> GradingOptions:
    """How a case is graded: no more than what its criteria depend on."""
    return GradingOptions(
        labs=(case.lab.id,),
        select=case.select,
        seed=SEED,
        wall_limit=case.wall_limit,
        settings=tuple(settings_of(case.lab)),
    )


def mismatches(case: Case, graded: Graded, folder: Path | None = None) -> list[str]:
    """Every way in which the grading is not what the case says, a line each.

    :param folder: where the submission was, which must not show.
    """
    found = [*_about_criteria(case, graded), *_about_written(case, graded), *_about_output(case, graded, folder)]
    lost, pending = _reasons(graded, pending=False), _reasons(graded, pending=True)
    found += [f"no reason says {wording!r}" for wording in case.names if wording not in lost]
    found += [f"no reason of a pending criterion says {wording!r}" for wording in case.says if wording not in pending]
    return found if not found else [*found, "", "the reasons:", lost, pending]


def _about_criteria(case: Case, graded: Graded) -> Iterator[str]:
    costs = {cost.criterion: cost for cost in case.costs}
    wanted = costs.keys() | set(case.pending) | set(case.bonus)
    yield from (f"{identifier} was not graded" for identifier in sorted(wanted - graded.criteria.keys()))
    for identifier, criterion in graded.criteria.items():
        if not criterion.bonus:
            yield from _about(criterion, costs.get(identifier), identifier in case.pending)
        elif identifier in case.bonus and criterion.verdict is not Verdict.EARNED:
            yield f"{identifier}: {criterion.verdict}; expected to be earned, which is a bonus"


def _about(criterion: CriterionScore, cost: Cost | None, pending: bool) -> Iterator[str]:
    wanted = ("earned", float(criterion.maximum)) if cost is None else (cost.verdict.value, cost.earned)
    wanted = ("pending", 0.0) if pending else wanted
    got = criterion.verdict.value, float(criterion.earned)
    if got != wanted:
        yield f"{criterion.id}: {got[0]} with {got[1]:g} points; expected {wanted[0]} with {wanted[1]:g}"


def _about_written(case: Case, graded: Graded) -> Iterator[str]:
    """A case of a summary or a history decides all criteria of that kind, and shows the answers to be marked."""
    kind = KINDS.get(case.path.parent.name)
    if kind is None:
        return
    group = f"{case.lab.short}.{kind}."
    decided = {criterion.id for criterion in case.lab.criteria if criterion.id.startswith(group)}
    yield from (f"{identifier} was not graded" for identifier in sorted(decided - graded.criteria.keys()))
    if kind == "summary" and not (case.costs or case.pending):
        for score in graded.scorecard.scores:
            if ".question." in score.id and "passage" not in str(score.evidence):
                yield f"no passage is shown for {score.id}"


def _about_output(case: Case, graded: Graded, folder: Path | None) -> Iterator[str]:
    made_up = graded.scorecard.points.earned == graded.scorecard.points.automatic and _bonus(graded) > 0
    loses = bool(case.costs) and not made_up
    yield from about_output(graded, folder, loses=loses, whole=" deselected" not in graded.terminal)


def about_output(graded: Graded, folder: Path | None, *, loses: bool, whole: bool) -> Iterator[str]:
    """The grader shows no fault of its own and no path of this machine, and the exit code is that of the score."""
    try:
        jsonschema.validate(graded.scorecard.to_json(), schema(), cls=jsonschema.Draft202012Validator)
    except jsonschema.ValidationError as error:
        yield f"the scorecard is not valid: {error.message[:300]}"
    for path in paths_in(graded.scorecard, [folder] if folder else []):
        yield f"a path of this machine in the scorecard: {path}"
    for fault in FAULTS:
        for place, text in (("terminal", graded.terminal), ("report", graded.report)):
            if fault in text:
                yield f"{fault} in the {place}"
    code = (ExitCode.LOST if loses else ExitCode.OK) if whole else ExitCode.UNSCORED
    if graded.exit_code != code:
        yield f"exit code {graded.exit_code}; expected {code}"


def _bonus(graded: Graded) -> Decimal:
    return sum((each.earned for each in graded.criteria.values() if each.bonus), Decimal(0))


@cache
def schema() -> dict[str, Any]:
    """The scorecard's JSON Schema."""
    found: dict[str, Any] = json.loads((REPOSITORY / "docs" / "scorecard.schema.json").read_text(encoding="utf-8"))
    return found


def _reasons(graded: Graded, *, pending: bool) -> str:
    """The reasons of lost criteria, or of pending ones; criteria with the same reason come together."""
    reasons: dict[str, list[str]] = {}
    for identifier, criterion in graded.criteria.items():
        if not criterion.bonus and criterion.reason is not None and (criterion.verdict is Verdict.PENDING) == pending:
            reasons.setdefault(reason_text(criterion.reason), []).append(identifier)
    return "\n".join(f"{', '.join(identifiers)}\n{text}" for text, identifiers in reasons.items())


def reason_text(reason: Reason) -> str:
    """A reason's parts, a line each."""
    return "\n".join(f"  {part}: {getattr(reason, part)}" for part in PARTS)
