"""A run of the lab's: a session in which one function of the student's is called, case by case."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from graders.core.errors import RunError
from graders.core.result import Result, attempt, failure
from graders.core.verdicts import Verdict
from graders.framework.context import LabContext
from graders.framework.repairer import Repairer
from graders.framework.runner import RunLog, as_missing
from graders.sandbox import Reply

BAD_RETURN = "BadReturn"
"""What the driver raises for a value that is none of those in the assignment."""


@dataclass(frozen=True, eq=False)
class Call:
    """An operation of the driver's, with its parameters."""

    operation: str
    parameters: Mapping[str, Any] = field(default_factory=dict)
    arrays: Mapping[str, Any] = field(default_factory=dict)


def call_all(context: LabContext, log: RunLog, calls: Sequence[Call]) -> list[Result[Reply]]:
    """The answer to each call, all of them in one process; again from the start after each repair.

    :raises RunError: what all of them ended with, if none has an answer.
    """
    repairer = Repairer(context, log)
    while True:
        session = context.open(log.name, edits=repairer.edits)
        try:
            replies = [
                attempt(partial(session.call, each.operation, _parameters(context, each), dict(each.arrays)))
                for each in calls
            ]
        finally:
            log.records.append(session.end())
        first = next((each.error for each in replies if isinstance(each.error, RunError)), None)
        if first is None or not repairer.accept(first):
            break
    answered = [failure(as_missing(each.error)) if isinstance(each.error, RunError) else each for each in replies]
    if all(isinstance(each.error, RunError) for each in answered):
        answered[0].get()
    return answered


def _parameters(context: LabContext, call: Call) -> dict[str, Any]:
    return {"module": context.lab.student_module, **call.parameters}


def array(reply: Reply, name: str, shape: Sequence[int] | None = None) -> Any:
    """An array of an answer; a run may have sent anything. :raises RunError: it is not there."""
    found = reply.arrays.get(name)
    if found is None or found.dtype.kind not in "biuf":
        raise RunError(Verdict.TAMPERED, f"what came out of the run has no array {name}")
    if shape is not None and found.shape != tuple(shape):
        message = f"an array of the shape {list(found.shape)} was returned, not {list(shape)}"
        raise RunError(Verdict.LOST, message, exception=BAD_RETURN)
    return found
