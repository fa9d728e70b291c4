"""Runs that go on in the background, while whoever asked for them looks at those that have ended."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Protocol

from graders.core.errors import GraderError
from graders.framework.definition import Lab
from graders.pipeline.execution import (
    SILENCE,
    AnyResult,
    Names,
    RunListener,
    RunResults,
    execute_rest,
    known_results,
    runs_left,
)
from graders.pipeline.labs import OpenGrading

PAUSE_S, LAST_S = 0.1, 60.0


class ResultsOfLabs(Protocol):
    """Where results are found by lab, now or as soon as they are there."""

    def of(self, lab: str) -> Mapping[str, AnyResult]:
        """A lab's results by run."""
        ...


class _Events:
    """Takes what a listener is to hear in the background, and passes it on in the thread that asks for it."""

    def __init__(self, listener: RunListener) -> None:
        self.results: dict[tuple[str, str], AnyResult] = {}
        self.changed = threading.Condition()
        self._listener = listener
        self.waiting: list[tuple[Lab, AnyResult, int, int] | tuple[Lab, str, str]] = []

    def ended(self, lab: Lab, result: AnyResult, done: int, count: int) -> None:
        with self.changed:
            self.results[lab.id, result.plan.name] = result
            self.waiting.append((lab, result, done, count))
            self.changed.notify_all()

    def on_step(self, lab: Lab, run: str, text: str) -> None:
        with self.changed:
            self.waiting.append((lab, run, text))

    def pass_on(self) -> None:
        with self.changed:
            waiting, self.waiting = self.waiting, []
        for event in waiting:
            if len(event) == 4:
                self._listener.ended(*event)
            else:
                self._listener.on_step(*event)

    def silence(self) -> None:
        with self.changed:
            self._listener, self.waiting = SILENCE, []


class RunningRuns:
    """The requested runs of a grading: executed in a thread, and waited for by run, by lab, or all of them.

    The listener hears of runs in the thread that waits. ``executing``: not all of them were cached.
    :meth:`close` must be called, in the thread that made it.
    """

    def __init__(self, grading: OpenGrading, requested: Names, listener: RunListener = SILENCE) -> None:
        """Begins. Servers are started here, since they end with the thread that started them."""
        self._grading, self._requested = grading, requested
        self._known = known_results(grading, requested)
        self._events = _Events(listener)
        self._all: RunResults | None = None
        self._error: BaseException | None = None
        self._finished = False
        self.executing = any(runs_left(requested, self._known).values())
        if self.executing:
            grading.servers.start()
        self._thread = threading.Thread(target=self._execute, name="runs", daemon=True)
        self._thread.start()

    def _execute(self) -> None:
        try:
            self._all = execute_rest(self._grading, self._requested, self._known, self._events)
        except BaseException as error:  # noqa: BLE001 - raised again for whoever waits
            self._error = error
        with self._events.changed:
            self._finished = True
            self._events.changed.notify_all()

    def all(self) -> RunResults:
        """The results of all runs, once all have ended."""
        while not self._finished:
            self._wait()
        self._events.pass_on()
        if self._error is not None:
            raise self._error
        assert self._all is not None
        return self._all

    def of(self, lab: str) -> Mapping[str, AnyResult]:
        """A lab's results by run, once all of the lab have ended."""
        return {run: self.get(lab, run) for run in self._requested.get(lab, ())}

    def get(self, lab: str, run: str) -> AnyResult:
        """The result of one run, once it has ended. :raises GraderError: if it was not requested."""
        if run not in self._requested.get(lab, ()):
            raise GraderError(f"run {run} of {lab} was not executed")
        while True:
            found = self._known.get(lab, {}).get(run) or self._events.results.get((lab, run))
            if found is not None:
                self._events.pass_on()
                return found
            if self._finished:
                return self.all().get(lab, run)
            self._wait()

    def _wait(self) -> None:
        """Waits until something has happened, or for a moment, and passes on what it was."""
        with self._events.changed:
            self._events.changed.wait_for(lambda: self._finished or self._events.waiting, PAUSE_S)
        self._events.pass_on()

    def close(self) -> None:
        """Ends runs that are still going on, and the servers with them."""
        self._events.silence()
        if not self._finished:
            self._grading.servers.stop()
            self._thread.join(LAST_S)
