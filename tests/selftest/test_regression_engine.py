"""The engine grades what the store has no outcome of, in workers that may die, and loses nothing."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from graders.caching import Store
from graders.sandbox import Isolation
from graders.sandbox.host.isolation import Bare
from graders.selftest.regression import Entry, Record, engine, run_all

TIER = Bare()


@pytest.fixture(autouse=True)
def pretended(monkeypatch: pytest.MonkeyPatch) -> None:
    """Workers that start no servers and grade nothing: an entry's title says what becomes of it."""
    monkeypatch.setattr(engine, "_start", start)
    monkeypatch.setattr(engine, "_one", one)


def start(isolation: Isolation) -> None:
    """Nothing is to be started."""


def one(entry: Entry, cache: bool) -> Record:
    """In a worker: what the entry's title says."""
    if entry.title == "dies":
        os._exit(1)
    fault = "broken" if entry.title == "breaks" else ""
    return Record(name=entry.name, title=entry.title, parts=entry.parts, fault=fault)


def entries(*titles: str) -> list[Entry]:
    """An entry for each title."""
    return [Entry(name=f"{number}", title=title, parts={"submission": title}) for number, title in enumerate(titles)]


def graded(found: list[Entry], store: Store | None) -> dict[str, Record]:
    """The records by name; each is reported exactly once."""
    reported: list[tuple[str, int, int]] = []
    done = run_all(found, TIER, 2, store, lambda record, number, count: reported.append((record.name, number, count)))
    assert sorted(name for name, _, _ in reported) == sorted(entry.name for entry in found)
    assert [number for _, number, _ in reported] == list(range(1, len(found) + 1))
    assert list(done.records) == [entry.name for entry in found]
    return dict(done.records)


def test_everything_is_graded_once(tmp_path: Path) -> None:
    """What was graded is cached, and comes back as such; what changed is graded again."""
    store = Store(tmp_path / "store")
    first = graded(entries("a", "b", "c"), store)
    assert not any(record.cached for record in first.values())
    again = graded(entries("a", "b", "other"), store)
    assert [record.cached for record in again.values()] == [True, True, False]
    assert replace(again["0"], cached=False) == first["0"]


def test_without_a_store() -> None:
    """Nothing is cached."""
    for _ in range(2):
        assert not any(record.cached for record in graded(entries("a"), None).values())


def test_a_cached_outcome_goes_by_its_content(tmp_path: Path) -> None:
    """An entry that was renamed has its outcome under the new name."""
    store = Store(tmp_path / "store")
    graded(entries("a"), store)
    renamed = [replace(entry, name="new") for entry in entries("a")]
    assert graded(renamed, store)["new"].cached


def test_a_worker_that_dies(tmp_path: Path) -> None:
    """It takes the one entry with it, and all others are graded."""
    done = graded(entries("a", "b", "dies", "c", "dies", "d"), Store(tmp_path / "store"))
    assert [bool(record.fault) for record in done.values()] == [False, False, True, False, True, False]


def test_what_could_not_be_graded_is_not_cached(tmp_path: Path) -> None:
    """It is tried again the next time."""
    store = Store(tmp_path / "store")
    for _ in range(2):
        done = graded(entries("breaks", "dies"), store)
        assert all(record.fault and not record.cached for record in done.values())
