"""A run of the lab's: its problem, and a session in which the student's optimizers are used."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from graders.core.errors import RunError
from graders.core.result import attempt
from graders.framework.context import LabContext
from graders.framework.model_tester.tfmot_errors import explained
from graders.framework.repairer import Repairer
from graders.framework.runner import RunLog, as_missing
from graders.labs.kenning_compression.networks import CLASSES
from graders.labs.kenning_compression.problems import Made, Problem, make
from graders.sandbox import Session

PRUNING, CLUSTERING = "TensorFlowPruningOptimizer", "TensorFlowClusteringOptimizer"


def problem_of(context: LabContext, log: RunLog, problem: Problem) -> Made:
    """The files of a run's problem."""
    return make(problem, context.made_data / log.name, context.drawn(f"problem of {log.name}"))


def file_name(context: LabContext, run: str) -> str:
    """The file that a run has to write, with a random name, so that none can be hard-coded."""
    return f"{run}-{context.drawn(f'file name of {run}').randrange(16**6):06x}.h5"


def define(session: Session, made: Made) -> None:
    """Tells a run which data and which model there are."""
    facts = {"images": str(made.images), "classes": CLASSES}
    session.call("problem", {**facts, "specification": made.specification})


def _used(use: Callable[[Session], None], session: Session) -> bool:
    use(session)
    return True


def drive(context: LabContext, log: RunLog, use: Callable[[Session], None]) -> RunError | None:
    """Uses a run, again after each failure that can be repaired; what it ended with."""
    repairer = Repairer(context, log)
    while True:
        session = context.open(log.name, edits=repairer.edits)
        try:
            reply = attempt(partial(_used, use, session))
        finally:
            log.records.append(session.end())
        if not isinstance(reply.error, RunError):
            reply.get()
            return None
        if not repairer.accept(reply.error):
            return explained(as_missing(reply.error))
