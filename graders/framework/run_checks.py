"""Whether the code ran as it was submitted: the check that every lab with a criterion ``….runs`` has."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from graders.core.errors import GraderError, RunError
from graders.core.verdicts import Verdict
from graders.framework.checks import check

if TYPE_CHECKING:
    from graders.framework.repairs import Repair
    from graders.framework.runner import RunResult

SHOWN = 3
NOTHING = "no run was executed"


class RunReview:
    """The runs of a lab that were executed, and whether any of them shows work that succeeded."""

    def __init__(self, results: Mapping[str, RunResult[Any]], require_work: Callable[[Any], None]) -> None:
        """:param require_work: raises RunError for the evidence of a run without such work."""
        self._results = dict(results)
        self._require_work = require_work

    def require_as_submitted(self) -> None:
        """Fails if a run needed a repair, or if no run shows work that succeeded.

        :raises RunError: if none does: what the first run ended with. :raises GraderError: if none could be executed.
        """
        repairs = self._repairs()
        shown = list(repairs)[:SHOWN]
        more = f"; {len(repairs) - SHOWN} more" if len(repairs) > SHOWN else ""
        runs = len({run for each in repairs.values() for run in each})
        measured = "; ".join(f"{each.place}: {each.wrong}" for each in shown)
        check(
            not repairs,
            measured=f"{measured}{more} (repaired in {runs} of {len(self._results)} runs)" if repairs else "no repair",
            expected="code that runs as it was submitted",
            hint="repaired",
            lines=[each.place for each in shown],
            next="; ".join(f"{each.place}: {each.instead}" for each in shown),
        )
        self._require_some_work()

    def _repairs(self) -> dict[Repair, list[str]]:
        """Each repair with the names of the runs that needed it."""
        found: dict[Repair, list[str]] = {}
        for name, result in self._results.items():
            for repair in result.log.repairs:
                found.setdefault(repair, []).append(name)
        return found

    def _require_some_work(self) -> None:
        errors: list[RunError | GraderError] = []
        for result in self._results.values():
            try:
                self._require_work(result.get())
            except (RunError, GraderError) as error:
                errors.append(error)
            else:
                return
        if not errors:
            raise GraderError(NOTHING)
        # Something that ended in an error says more than something that has not been submitted.
        started = (each for each in errors if isinstance(each, RunError) and each.verdict is not Verdict.MISSING)
        raise next(started, errors[0])
