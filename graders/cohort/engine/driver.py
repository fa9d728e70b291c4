"""Hands submissions to workers, one to each at a time, and sees to it that each gets an outcome.

Where and when something runs, and whether a worker is alive, is dask's business. Which worker is used follows from its
fingerprint; a task is bound to one worker, so that it is known which submission was being graded when one died.
"""

from __future__ import annotations

import queue
import time
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from graders.cohort.engine.cluster import (
    Cluster,
    ClusterOptions,
    is_encrypted,
    open_cluster,
    scheduler_gone,
    stalled,
)
from graders.cohort.engine.fingerprint import difference, difference_of_libraries, installed
from graders.cohort.engine.jobs import Job, Listener
from graders.cohort.engine.options import GradingOptions
from graders.cohort.engine.parcel import Parcel, pack
from graders.cohort.engine.task import Grading, GradingOutcome, GradingTask
from graders.core.errors import SubmissionError
from graders.core.text import plain_line

if TYPE_CHECKING:
    from distributed import Client, Future

TICK_S = 0.5
MOST_DEATHS = 2
FINGERPRINT_S = 120
STALLED_S = 300
# Beyond the limit of a submission's time, which its worker watches.
MARGIN_S = 120
# What a client says of itself while it has a scheduler.
RUNNING = "running"


@dataclass
class _Running:
    job: Job
    future: Future[GradingOutcome]
    worker: str
    until: float


@dataclass
class Driver:
    """The workers of a cluster, and what each is doing."""

    cluster: Cluster
    options: GradingOptions
    grading: Grading
    listener: Listener
    shared_files: bool
    open_network: bool = False
    expected: Mapping[str, str] = field(default_factory=dict)
    _usable: set[str] = field(default_factory=set)
    _refused: set[str] = field(default_factory=set)
    _running: dict[str, _Running] = field(default_factory=dict)
    _jobs: Iterator[Job] = field(default_factory=lambda: iter(()))
    _more: bool = False
    _again: deque[Job] = field(default_factory=deque)
    _ended: queue.SimpleQueue[str] = field(default_factory=queue.SimpleQueue)
    _deaths: Counter[int] = field(default_factory=Counter)
    _count: int = 0

    def choose_workers(self, preferred: Mapping[str, str] | None = None) -> Mapping[str, str]:
        """Waits for a worker, and finds the fingerprint that most of them have.

        :param preferred: chosen where as many have another one.
        :raises GraderError: there is no worker that can grade.
        """
        from graders.cohort.engine.worker import GradingPlugin

        scratch = None if self.cluster.scratch is None else str(self.cluster.scratch)
        self.cluster.client.register_plugin(GradingPlugin(scratch))
        started = time.monotonic()
        found: dict[str, Mapping[str, str]] = {}
        while not found:
            if time.monotonic() - started > STALLED_S:
                raise stalled(STALLED_S)
            found = self._fingerprints(self._addresses() - self._refused)
            if not found:
                time.sleep(TICK_S)
        every: list[Mapping[str, str]] = list(found.values())
        self.expected = max(every, key=lambda one: (every.count(one), one == preferred, sorted(one.items())))
        self._admit(found)
        return self.expected

    def run(self, jobs: Iterable[Job]) -> None:
        """Grades every job; each gets its outcome, and the listener knows it.

        :param jobs: each is taken when a worker is free for it.
        :raises GraderError: there is no usable worker any more.
        """
        self._jobs, self._more = iter(jobs), True
        looked = idle_since = time.monotonic()
        while self._more or self._again or self._running:
            now = time.monotonic()
            if now - looked > TICK_S or not self._usable:
                self._look()
                looked = now
            if self._usable:
                idle_since = now
            elif now - idle_since > STALLED_S:
                raise stalled(STALLED_S)
            self._assign()
            self._collect()

    def stop(self) -> None:
        """Gives up what is running, and has workers that go on end their servers."""
        from graders.cohort.engine.worker import NAME

        client = self.cluster.client
        running = [each.future for each in self._running.values()]
        self._running.clear()
        if client.status != RUNNING:
            return
        try:
            client.cancel(running, force=True)
            if self.cluster.scratch is None:
                client.unregister_worker_plugin(NAME)
        except OSError:
            # There is no scheduler any more, and workers end without one.
            return

    @contextmanager
    def _scheduler(self) -> Iterator[Client]:
        """Where the scheduler is asked for something. :raises GraderError: it is gone."""
        client = self.cluster.client
        if client.status != RUNNING:
            raise scheduler_gone("the connection is closed")
        try:
            yield client
        except OSError as error:
            raise scheduler_gone(str(error) or type(error).__name__) from None

    def _addresses(self) -> set[str]:
        with self._scheduler() as client:
            return set(client.nthreads())

    def _look(self) -> None:
        """Finds workers that came and went."""
        present = self._addresses()
        gone = self._usable - present
        self._usable -= gone
        for address in gone:
            self._lost(address)
        self._give_up_hanging()
        new = present - self._usable - self._refused
        if new:
            self._admit(self._fingerprints(new))

    def _give_up_hanging(self) -> None:
        """No longer uses workers that have not stopped a grading at its limit, as they should have."""
        hanging = [each for each in self._running.values() if time.monotonic() > each.until]
        for running in hanging:
            self._usable.discard(running.worker)
            self._refused.add(running.worker)
            self.listener.say(f"worker {running.worker} is not used any more: it hangs")
            self._lost(running.worker)

    def _fingerprints(self, addresses: set[str]) -> dict[str, Mapping[str, str]]:
        """What each worker's results depend on; who can't say it is refused."""
        from graders.cohort.engine.worker import worker_fingerprint

        if not self._allowed_open:
            addresses = addresses - self._refuse_open(addresses)
        if not addresses:
            return {}
        # It depends on no secret, and goes to workers that may turn out not to be trusted.
        options = replace(self.options, secret=None)
        with self._scheduler() as client:
            answers = client.run(worker_fingerprint, options, workers=sorted(addresses), on_error="return")
        found: dict[str, Mapping[str, str]] = {}
        for address, answer in answers.items():
            if isinstance(answer, dict):
                found[address] = answer
            elif not isinstance(answer, OSError):
                # A worker that is gone is none that can't grade.
                self._refused.add(address)
                reason = plain_line(f"{type(answer).__name__}: {answer}")
                self.listener.say(f"worker {address} is not used: it can't grade: {reason}")
        return found

    @property
    def _allowed_open(self) -> bool:
        """Whether workers on other machines may be without TLS; a secret never travels so."""
        return self.open_network and self.options.secret is None

    def _refuse_open(self, addresses: set[str]) -> set[str]:
        """Refuses workers that others in the network could listen to."""
        found = {address for address in addresses if not is_encrypted(address)}
        for address in sorted(found):
            self.listener.say(f"worker {address} is not used: it is reached without TLS")
        self._refused |= found
        return found

    def _admit(self, found: Mapping[str, Mapping[str, str]]) -> None:
        same = [address for address, parts in found.items() if parts == self.expected]
        self._usable.update(same)
        for address, parts in sorted(found.items()):
            if parts != self.expected:
                self._refused.add(address)
                what = self._difference(address, parts)
                self.listener.say(f"worker {address} is not used: it differs from the others in {what}")

    def _difference(self, address: str, parts: Mapping[str, str]) -> str:
        """What a worker's results depend on that the others' don't; of libraries, which ones."""
        texts = []
        if parts["libraries"] != self.expected["libraries"]:
            texts = self._difference_of_libraries(address)
            parts = {**parts, "libraries": self.expected["libraries"]} if texts else parts
        return "; ".join(filter(None, [*texts, difference(parts, self.expected)]))

    def _difference_of_libraries(self, address: str) -> list[str]:
        """Which libraries differ between a worker and a usable one; empty if one of them does not say."""
        usable = next(iter(sorted(self._usable)), None)
        if usable is None:
            return []
        with self._scheduler() as client:
            names = client.run(installed, workers=[address, usable], on_error="return")
        one, other = names.get(address), names.get(usable)
        both = isinstance(one, list) and isinstance(other, list)
        return [difference_of_libraries(one, other)] if both else []

    def _assign(self) -> None:
        for address in sorted(self._usable - self._running.keys()):
            job = self._next_job()
            if job is None:
                return
            try:
                parcel = self._parcel(job)
            except SubmissionError as error:
                self.listener.ended(job, GradingOutcome(fault=str(error)))
                continue
            self._submit(job, parcel, address)

    def _next_job(self) -> Job | None:
        """One that is left; those whose worker died come last."""
        if self._more:
            job = next(self._jobs, None)
            if job is not None:
                return job
            self._more = False
        return self._again.popleft() if self._again else None

    def _parcel(self, job: Job) -> Parcel:
        if self.shared_files:
            return Parcel(name=job.name, digest=job.digest, content=job.content)
        return pack(job.content, job.digest)

    def _submit(self, job: Job, parcel: Parcel, address: str) -> None:
        from graders.cohort.engine.worker import run_task

        self._count += 1
        task = GradingTask(parcel=parcel, options=self.options, own=job.options)
        with self._scheduler() as client:
            future: Future[GradingOutcome] = client.submit(
                run_task,
                task,
                self.grading,
                key=f"optgrade-{self._count}-{time.time_ns()}",
                workers=[address],
                pure=False,
            )
        until = time.monotonic() + task.chosen.time_limit() + MARGIN_S
        self._running[address] = _Running(job, future, address, until)
        future.add_done_callback(lambda _: self._ended.put(address))
        self.listener.started(job, address)

    def _collect(self) -> None:
        """Takes results for as long as there are any, and waits for one no longer than a tick."""
        try:
            address = self._ended.get(timeout=TICK_S)
            while True:
                self._take(address)
                address = self._ended.get_nowait()
        except queue.Empty:
            return

    def _take(self, address: str) -> None:
        running = self._running.get(address)
        if running is None or not running.future.done():
            return
        outcome = self._outcome(running.future)
        if outcome is None:
            if self.cluster.client.status != RUNNING:
                # Then it is no worker that died.
                raise scheduler_gone("the connection is closed")
            self._usable.discard(address)
            self._lost(address)
            return
        del self._running[address]
        running.future.release()
        if outcome.died:
            self._died(running.job)
        else:
            self.listener.ended(running.job, outcome)

    @staticmethod
    def _outcome(future: Future[GradingOutcome]) -> GradingOutcome | None:
        """A task's outcome; None if its worker died."""
        from distributed import KilledWorker
        from distributed.client import FutureCancelledError

        error: Any = None
        try:
            error = future.exception()
            if error is None:
                return future.result()
        except FutureCancelledError:
            return None
        if isinstance(error, KilledWorker):
            return None
        return GradingOutcome(fault=f"the worker failed: {plain_line(f'{type(error).__name__}: {error}')}")

    def _lost(self, address: str) -> None:
        """A worker is gone: what it was grading is graded by another one, unless that happened before."""
        running = self._running.pop(address, None)
        if running is None:
            return
        self.cluster.client.cancel([running.future], force=True)
        self._died(running.job)

    def _died(self, job: Job) -> None:
        """Grades a submission once more whose worker, or grading process, died."""
        self._deaths[job.id] += 1
        if self._deaths[job.id] < MOST_DEATHS:
            self.listener.say(f"{plain_line(job.name, 60)}: its worker died; it is graded once more")
            self._again.append(job)
        else:
            fault = f"the worker that graded it died, {MOST_DEATHS} times"
            self.listener.ended(job, GradingOutcome(fault=fault))


@contextmanager
def open_driver(
    workers: ClusterOptions, options: GradingOptions, listener: Listener, grading: Grading | None = None
) -> Iterator[Driver]:
    """A driver with its workers, for a while; they are still to be chosen among.

    :param options: those of all submissions. :param grading: another one than the real grading.
    :raises UsageError: there is no scheduler where one is said to be, or the connection to it is open.
    """
    from graders.cohort.engine.grading import grade_task

    with open_cluster(workers, options.secret is not None) as cluster:
        driver = Driver(
            cluster=cluster,
            options=options,
            grading=grading or grade_task,
            listener=listener,
            shared_files=workers.local or workers.shared_files,
            open_network=workers.open_network,
        )
        try:
            yield driver
        finally:
            driver.stop()
