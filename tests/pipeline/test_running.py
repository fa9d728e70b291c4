"""Runs in the background: each is waited for on its own, the listener hears of them where they are waited for."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from graders.core.errors import GraderError
from graders.framework.runner import PlannedRun, RunLog, RunResult, cheapest_first, heaviest_first
from graders.pipeline import running
from graders.pipeline.execution import RunResults
from graders.pipeline.running import RunningRuns

LAB, NAMES = "lx", ["one", "two"]


def result(name: str) -> RunResult[str]:
    plan = PlannedRun(name=name, title=name, execute=lambda *_: name)
    return RunResult(plan, name, None, RunLog(name))


class Lab:
    id = LAB


class Servers:
    """Counts what is asked of it."""

    def __init__(self) -> None:
        self.started = self.stopped = 0

    def start(self) -> None:
        self.started += 1

    def stop(self) -> None:
        self.stopped += 1
        for gate in GATES.values():
            gate.set()


class Grading:
    def __init__(self) -> None:
        self.servers = Servers()


GATES: dict[str, threading.Event] = {}


class Heard:
    """What a listener heard, and in which thread."""

    def __init__(self) -> None:
        self.ends: list[str] = []
        self.threads: set[int] = set()

    def ended(self, lab: Any, found: Any, done: int, count: int) -> None:
        self.ends.append(f"{found.plan.name} {done}/{count}")
        self.threads.add(threading.get_ident())

    def on_step(self, lab: Any, run: str, text: str) -> None:
        self.ends.append(f"{run}: {text}")


@pytest.fixture(autouse=True)
def gated(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Runs that end when their gate is opened."""
    GATES.clear()
    GATES.update({name: threading.Event() for name in NAMES})

    def rest(grading: Any, requested: Any, known: Any, listener: Any) -> RunResults:
        done = {}
        for number, name in enumerate(NAMES, 1):
            listener.on_step(Lab(), name, "begun")
            GATES[name].wait(30)
            done[name] = result(name)
            listener.ended(Lab(), done[name], number, len(NAMES))
        return RunResults({LAB: done})

    monkeypatch.setattr(running, "known_results", lambda *_: {LAB: {}})
    monkeypatch.setattr(running, "execute_rest", rest)
    yield
    for gate in GATES.values():
        gate.set()


def begin(heard: Heard) -> tuple[RunningRuns, Any]:
    grading: Any = Grading()
    return RunningRuns(grading, {LAB: NAMES}, heard), grading.servers


def test_one_is_there_before_the_other() -> None:
    """The first run's result is handed out while the second goes on; what the listener hears comes from this thread."""
    heard = Heard()
    runs, servers = begin(heard)
    GATES["one"].set()
    assert runs.get(LAB, "one").get() == "one"
    assert "one 1/2" in heard.ends
    assert "two 2/2" not in heard.ends
    GATES["two"].set()
    assert list(runs.of(LAB)) == NAMES
    assert set(runs.all().of(LAB)) == set(NAMES)
    assert heard.ends[-1] == "two 2/2"
    assert heard.threads == {threading.get_ident()}
    assert (servers.started, servers.stopped) == (1, 0)
    runs.close()
    assert servers.stopped == 0


def test_what_was_not_requested_is_our_fault() -> None:
    """A run that nobody requested has no result, and nothing waits for it."""
    runs, _ = begin(Heard())
    with pytest.raises(GraderError, match="run three of lx was not executed"):
        runs.get(LAB, "three")
    assert runs.of("other") == {}
    runs.close()


def test_closed_in_the_middle() -> None:
    """The servers are stopped, which ends the runs; the thread has ended, and the listener hears no more."""
    heard = Heard()
    runs, servers = begin(heard)
    runs.close()
    assert servers.stopped == 1
    assert not [thread for thread in threading.enumerate() if thread.name == "runs" and thread.is_alive()]
    assert not [end for end in heard.ends if "/" in end]


def test_what_breaks_in_the_background_is_raised_where_it_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever waits gets the error, for a run, a lab, or all."""

    def broken(*_: Any) -> RunResults:
        time.sleep(0.01)
        raise TypeError("no such part")

    monkeypatch.setattr(running, "execute_rest", broken)
    runs, _ = begin(Heard())
    for wait in (lambda: runs.get(LAB, "two"), lambda: runs.of(LAB), runs.all):
        with pytest.raises(TypeError, match="no such part"):
            wait()
    runs.close()


def test_nothing_is_started_for_what_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    """If every result is cached, no server is."""
    monkeypatch.setattr(running, "known_results", lambda *_: {LAB: {name: result(name) for name in NAMES}})
    monkeypatch.setattr(running, "execute_rest", lambda grading, requested, known, listener: RunResults(known))
    runs, servers = begin(Heard())
    assert runs.get(LAB, "two").get() == "two"
    assert servers.started == 0
    runs.close()


def jobs(*weights: float) -> list[Any]:
    return [(None, PlannedRun(name=str(weight), title="", execute=lambda *_: None, weight=weight)) for weight in weights]


def test_orders() -> None:
    """The cheapest begins, or the heaviest; equals keep their order, and there may be none."""
    assert [job[1].weight for job in cheapest_first(jobs(2, 11, 1, 5))] == [1, 2, 5, 11]
    assert [job[1].weight for job in heaviest_first(jobs(2, 11, 1, 5))] == [11, 5, 2, 1]
    assert cheapest_first([]) == heaviest_first([]) == []

