"""Grades entries in worker processes, each with servers of its own; outcomes of unchanged entries are cached."""

from __future__ import annotations

import multiprocessing
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import replace
from multiprocessing.util import Finalize
from pathlib import Path

from graders.caching import Store, environment
from graders.cohort.batch import Graded, GradingRequest, embedded_config, grade_quietly
from graders.core.errors import OptgradeError
from graders.framework import registry
from graders.pipeline.servers import ServerPool, prepare_servers
from graders.sandbox import Isolation
from graders.selftest.corpus import cases as corpus
from graders.selftest.corpus.expected import mismatches, request_for
from graders.selftest.corpus.tables import CaseError
from graders.selftest.corpus.taught import build_taught, load_taught, request_for_taught, taught_mismatches
from graders.selftest.regression.entries import Entry
from graders.selftest.regression.records import Criterion, Record, Regression

Progress = Callable[[Record, int, int], None]
SEED = 7
_servers: list[ServerPool] = []


def run_all(
    entries: Sequence[Entry], isolation: Isolation, workers: int, store: Store | None, progress: Progress
) -> Regression:
    """Grades every entry that the store has no outcome of. ``progress`` is called with each as it ends."""
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
    by_name = {entry.name: entry for entry in left}
    for record in _graded(left, isolation, workers, cache=store is not None):
        if store is not None and not record.fault and not record.unscored:
            store.put(by_name[record.name].key, record)
        ended(record)
    if store is not None:
        store.trim()
    return Regression({entry.name: records[entry.name] for entry in entries}, environment())


def _cached(entry: Entry, store: Store | None) -> Record | None:
    if store is None:
        return None
    found: Record | None = store.get(entry.key, store.folder)
    return None if found is None else replace(found, name=entry.name, title=entry.title, cached=True)


def _graded(entries: Sequence[Entry], isolation: Isolation, workers: int, *, cache: bool) -> Iterator[Record]:
    """The records of entries as they end; a worker that dies takes only its own entry with it."""
    if not entries:
        return
    left: list[Entry] = []
    with _pool(min(workers, len(entries)), isolation) as pool:
        futures: dict[Future[Record], Entry] = {pool.submit(_one, entry, cache): entry for entry in entries}
        for future in as_completed(futures):
            try:
                yield future.result()
            except BrokenProcessPool:
                left.append(futures[future])
    # One at a time, it shows which grading ends a worker.
    while left:
        with _pool(1, isolation) as pool:
            while left:
                entry = left.pop(0)
                try:
                    yield pool.submit(_one, entry, cache).result()
                except BrokenProcessPool:
                    yield _failed(entry, "the process that graded it ended")
                    break


def _pool(workers: int, isolation: Isolation) -> ProcessPoolExecutor:
    context = multiprocessing.get_context("spawn")
    return ProcessPoolExecutor(workers, context, initializer=_start, initargs=(isolation,))


def _start(isolation: Isolation) -> None:
    """In a worker: starts its servers, once."""
    servers = prepare_servers(embedded_config(registry.select_labs([]), isolation))
    _servers.append(servers)
    Finalize(servers, servers.close, exitpriority=10)


def _one(entry: Entry, cache: bool) -> Record:
    """In a worker: grades an entry."""
    started = time.monotonic()
    folder = Path(tempfile.mkdtemp(prefix="regression-"))
    try:
        record = _graded_entry(entry, folder, cache)
    except (OptgradeError, CaseError, OSError) as error:
        record = _failed(entry, f"{type(error).__name__}: {error}")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return replace(record, seconds=round(time.monotonic() - started, 2))


def _graded_entry(entry: Entry, folder: Path, cache: bool) -> Record:
    if entry.case is not None:
        return _case(entry, folder, cache)
    return _taught(entry, folder, cache) if entry.taught is not None else _submission(entry, folder, cache)


def _case(entry: Entry, folder: Path, cache: bool) -> Record:
    assert entry.case is not None
    case = corpus.load(entry.case)
    submission = corpus.build(case, folder / case.path.stem)
    request = replace(request_for(case, submission), cache=cache, workers=1)
    graded = grade_quietly(request, _servers[0], folder / "report")
    return replace(_record(entry, graded), expected=True, wrong=tuple(mismatches(case, graded, folder)))


def _taught(entry: Entry, folder: Path, cache: bool) -> Record:
    assert entry.taught is not None
    taught = load_taught(entry.taught)
    submission = build_taught(taught, folder / taught.path.stem)
    request = replace(request_for_taught(taught, submission), cache=cache, workers=1)
    graded = grade_quietly(request, _servers[0], folder / "report")
    return replace(_record(entry, graded), expected=True, wrong=tuple(taught_mismatches(taught, graded, folder)))


def _submission(entry: Entry, folder: Path, cache: bool) -> Record:
    assert entry.submission is not None
    request = GradingRequest(submission=entry.submission, seed=SEED, cache=cache, workers=1)
    return _record(entry, grade_quietly(request, _servers[0], folder / "report"))


def _record(entry: Entry, graded: Graded) -> Record:
    criteria = {}
    for identifier, each in graded.criteria.items():
        measured, cause = (each.reason.measured, each.reason.cause) if each.reason else ("", "")
        earned, maximum = float(each.earned), float(each.maximum)
        criteria[identifier] = Criterion(each.verdict.value, earned, maximum, measured, cause)
    return Record(name=entry.name, title=entry.title, parts=dict(entry.parts), criteria=criteria)


def _failed(entry: Entry, why: str) -> Record:
    return Record(name=entry.name, title=entry.title, parts=dict(entry.parts), fault=why)
