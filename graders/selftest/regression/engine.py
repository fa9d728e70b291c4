"""Grades entries on the engine that grades classes; outcomes of unchanged entries are cached."""

from __future__ import annotations

import shutil
import tempfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from graders.caching import Store, environment
from graders.cohort.engine.cluster import ClusterOptions
from graders.cohort.engine.driver import open_driver
from graders.cohort.engine.in_process import Graded
from graders.cohort.engine.jobs import Job
from graders.cohort.engine.options import GradingOptions
from graders.cohort.engine.parcel import Content, digest_of
from graders.cohort.engine.task import Grading, GradingOutcome
from graders.core.errors import GraderError, OptgradeError
from graders.pipeline.output import PAGE_FILE
from graders.sandbox import Isolation
from graders.selftest.corpus import cases as corpus
from graders.selftest.corpus.expected import mismatches, options_for
from graders.selftest.corpus.tables import CaseError
from graders.selftest.corpus.taught import build_taught, load_taught, options_for_taught, taught_mismatches
from graders.selftest.regression.entries import SEED, Entry
from graders.selftest.regression.records import Record, Regression, criteria_of
from graders.submission import submission_name

Progress = Callable[[Record, int, int], None]
Mismatches = Callable[[Graded, Path], Sequence[str]]


def run_all(
    entries: Sequence[Entry],
    isolation: Isolation,
    workers: int,
    store: Store | None,
    progress: Progress,
    grading: Grading | None = None,
) -> Regression:
    """Grades every entry that the store has no outcome of. ``progress`` is called with each as it ends.

    :param grading: what grades on a worker, the real grading if it is not given.
    """
    records: dict[str, Record] = {}

    def ended(record: Record) -> None:
        records[record.name] = record
        progress(record, len(records), len(entries))

    left = []
    for entry in entries:
        cached = _cached(entry, store)
        if cached is None:
            left.append(entry)
        else:
            ended(cached)
    if left:
        options = GradingOptions(isolation=isolation.tier, seed=SEED, cache=store is not None)
        several = ClusterOptions(workers=min(workers, len(left)))
        with tempfile.TemporaryDirectory(prefix="regression-") as folder:
            gradings = _Gradings(left, options, store, ended, Path(folder))
            with open_driver(several, options, gradings, grading) as driver:
                driver.choose_workers()
                driver.run(gradings.jobs())
    if store is not None:
        store.trim()
    return Regression({entry.name: records[entry.name] for entry in entries}, environment())


def _cached(entry: Entry, store: Store | None) -> Record | None:
    if store is None:
        return None
    found: Record | None = store.get(entry.key, store.folder)
    return None if found is None else replace(found, name=entry.name, title=entry.title, cached=True)


@dataclass(frozen=True)
class _Prepared:
    """An entry's submission. ``mismatches`` finds every way in which its grading is not as expected, if one is."""

    path: Path
    options: GradingOptions
    mismatches: Mismatches | None = None


@dataclass(frozen=True)
class _Begun:
    """An entry that is being graded, and the folder that goes when that has ended."""

    entry: Entry
    folder: Path
    prepared: _Prepared


class _Gradings:
    """Builds each submission when a worker is free for it, and makes a record of what comes back."""

    def __init__(
        self,
        entries: Sequence[Entry],
        options: GradingOptions,
        store: Store | None,
        ended: Callable[[Record], None],
        folder: Path,
    ) -> None:
        """:param ended: is called with each record. :param folder: where submissions are built, an own one."""
        # Runs may pass through it to what they may read.
        folder.chmod(0o711)
        self._entries = entries
        self._options = options
        self._store = store
        self._ended = ended
        self._folder = folder
        self._begun: dict[int, _Begun] = {}

    def jobs(self) -> Iterator[Job]:
        """The entries, each built as it is asked for; one that can't be built has ended."""
        for number, entry in enumerate(self._entries):
            folder = self._folder / str(number)
            folder.mkdir()
            try:
                prepared = self._prepare(entry, folder)
                content = Content(name=submission_name(prepared.path), path=prepared.path)
                job = Job(
                    id=number, name=entry.name, content=content, digest=digest_of(content), options=prepared.options
                )
            except (OptgradeError, CaseError, OSError) as error:
                shutil.rmtree(folder, ignore_errors=True)
                self._end(_failed(entry, f"{type(error).__name__}: {error}"), entry)
                continue
            self._begun[number] = _Begun(entry, folder, prepared)
            yield job

    def started(self, job: Job, worker: str) -> None:
        """Nothing is shown of it."""

    def say(self, line: str) -> None:
        """Prints it."""
        print(line, flush=True)

    def ended(self, job: Job, outcome: GradingOutcome) -> None:
        """Makes the record, and caches it if everything was graded."""
        begun = self._begun.pop(job.id)
        try:
            record = _record(begun, outcome)
        except (OptgradeError, CaseError, OSError, zlib.error) as error:
            fault = outcome.fault or f"{type(error).__name__}: {error}"
            record = _failed(begun.entry, fault)
        finally:
            shutil.rmtree(begun.folder, ignore_errors=True)
        self._end(replace(record, seconds=round(outcome.seconds, 2)), begun.entry)

    def _end(self, record: Record, entry: Entry) -> None:
        if self._store is not None and not record.fault and not record.unscored:
            self._store.put(entry.key, record)
        self._ended(record)

    def _prepare(self, entry: Entry, folder: Path) -> _Prepared:
        if entry.case is not None:
            case = corpus.load(entry.case)
            path = corpus.build(case, folder / case.path.stem)
            options = self._as_here(options_for(case))
            return _Prepared(path, options, lambda graded, place: mismatches(case, graded, place))
        if entry.taught is not None:
            taught = load_taught(entry.taught)
            path = build_taught(taught, folder / taught.path.stem)
            options = self._as_here(options_for_taught(taught))
            return _Prepared(path, options, lambda graded, place: taught_mismatches(taught, graded, place))
        assert entry.submission is not None
        return _Prepared(entry.submission, self._options)

    def _as_here(self, options: GradingOptions) -> GradingOptions:
        return replace(options, isolation=self._options.isolation, cache=self._options.cache)


def _record(begun: _Begun, outcome: GradingOutcome) -> Record:
    """:raises GraderError: there is no scorecard."""
    entry, find = begun.entry, begun.prepared.mismatches
    scorecard = outcome.scorecard()
    graded = Graded(outcome.exit_code, scorecard, _page(outcome), outcome.terminal)
    record = Record(name=entry.name, title=entry.title, parts=dict(entry.parts), criteria=criteria_of(scorecard))
    return record if find is None else replace(record, expected=True, wrong=tuple(find(graded, begun.folder)))


def _page(outcome: GradingOutcome) -> str:
    data = outcome.files.get(PAGE_FILE)
    if data is None:
        raise GraderError("the grading wrote no report")
    return zlib.decompress(data).decode()


def _failed(entry: Entry, why: str) -> Record:
    return Record(name=entry.name, title=entry.title, parts=dict(entry.parts), fault=why)
