"""A lab of plain functions: each of its runs calls one function of the student's with arguments of the grader's."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graders.core.errors import RunError
from graders.core.result import attempt
from graders.core.verdicts import Verdict
from graders.framework.lab_plugin import LabPlugin
from graders.framework.lab_toml import load

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from graders.framework.context import LabContext
    from graders.framework.runner import PlannedRun, RunLog
    from graders.sandbox import Reply


@dataclass(frozen=True, eq=False)
class Call:
    """A call of a student's function: arguments are arrays, numbers, texts, or lists of the latter."""

    function: str
    arguments: Sequence[Any]


@dataclass(frozen=True, eq=False)
class Returned:
    """What a call returned: an array, a number, a text, or a list of them."""

    function: str
    arguments: tuple[Any, ...]
    value: Any

    def array(self) -> NDArray[Any]:
        """The value, which must be an array. :raises RunError: if it is anything else."""
        import numpy as np

        if not isinstance(self.value, np.ndarray):
            message = f"{self.function} returned {type(self.value).__name__}, not an array"
            raise RunError(Verdict.FAILED, message)
        return self.value


class FunctionLab(LabPlugin[Returned]):
    """A lab whose student writes functions; ``driver = "functions"``, the default, runs them."""

    def __init__(self, file: str, calls: Mapping[str, Callable[[LabContext], Call]]) -> None:
        """:param file: ``__file__`` of the lab's ``lab.py``. :param calls: what each run calls, by the run's name."""
        super().__init__(load(Path(file).parent))
        self._calls = dict(calls)

    @property
    def run_names(self) -> Sequence[str]:
        """One run for each call."""
        return list(self._calls)

    def plan_runs(self, context: LabContext) -> Sequence[PlannedRun[Returned]]:  # noqa: ARG002
        """One run for each call."""
        from graders.framework.runner import PlannedRun

        return [
            PlannedRun(name=name, title=name.replace("-", " "), execute=partial(_run, make=make))
            for name, make in self._calls.items()
        ]

    def describe(self, evidence: Returned) -> dict[str, Any]:
        """The function that was called."""
        return {"function": evidence.function}


def _run(context: LabContext, log: RunLog, make: Callable[[LabContext], Call]) -> Returned:
    import numpy as np

    from graders.framework.repairer import Repairer
    from graders.framework.runner import as_missing

    call = make(context)
    arrays = {f"argument_{place}": each for place, each in enumerate(call.arguments) if isinstance(each, np.ndarray)}
    values = [None if isinstance(each, np.ndarray) else each for each in call.arguments]
    parameters = {"module": context.lab.student_module, "function": call.function, "values": values}
    repairer = Repairer(context, log)
    while True:
        session = context.open(log.name, edits=repairer.edits)
        try:
            reply = attempt(partial(session.call, "call", parameters, arrays))
        finally:
            log.records.append(session.end())
        if not isinstance(reply.error, RunError):
            break
        if not repairer.accept(reply.error):
            raise as_missing(reply.error)
    return Returned(call.function, tuple(call.arguments), _value(reply.get().facts.get("returned"), reply.get()))


def _value(described: object, reply: Reply, *, nested: bool = False) -> Any:
    """What a run described; it may have written anything, so each form is checked.

    :raises RunError: for what the driver never sends.
    """
    match described:
        case {"array": str(name)} if name in reply.arrays and reply.arrays[name].dtype.kind in "biuf":
            return reply.arrays[name]
        case {"items": list(items)} if not nested:
            return [_value(each, reply, nested=True) for each in items]
        case {"value": value}:
            return value
    raise RunError(Verdict.TAMPERED, "the returned value that came out of the run is not in the form that was expected")
