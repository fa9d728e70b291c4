"""The engine grades what the store has no outcome of, in workers that may die, and loses nothing."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path

import pytest

from graders.caching import Store
from graders.sandbox.host.isolation import Bare
from graders.selftest.regression import Entry, Record, run_all
from tests.cohort import stand_ins
from tests.cohort.classes import submission

pytestmark = pytest.mark.process
TIER = Bare()


@pytest.fixture(autouse=True)
def book(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """In which stand-ins for gradings write down what they were given: what is in a submission says what becomes of it."""
    path = tmp_path / "book"
    path.touch()
    monkeypatch.setenv(stand_ins.BOOK, str(path))
    return path


def entries(folder: Path, *words: str) -> list[Entry]:
    """An entry for each word, whose submission has it in its file."""
    found = []
    for number, word in enumerate(words):
        path = submission(folder / f"student{number}", word)
        found.append(Entry(name=f"{number}", title=word, parts={"submission": word}, submission=path))
    return found


def graded(found: list[Entry], store: Store | None) -> dict[str, Record]:
    """The records by name; each is reported exactly once."""
    reported: list[tuple[str, int, int]] = []

    def note(record: Record, number: int, count: int) -> None:
        reported.append((record.name, number, count))

    done = run_all(found, TIER, 2, store, note, stand_ins.graded)
    assert sorted(name for name, _, _ in reported) == sorted(entry.name for entry in found)
    assert [number for _, number, _ in reported] == list(range(1, len(found) + 1))
    assert list(done.records) == [entry.name for entry in found]
    return dict(done.records)


def test_everything_is_graded_once(tmp_path: Path, book: Path) -> None:
    """What was graded is cached, and comes back as such, under another name too; what changed is graded again."""
    store = Store(tmp_path / "store")
    first = graded(entries(tmp_path, "a", "b", "c"), store)
    assert not any(record.cached or record.fault for record in first.values())
    assert first["0"].criteria["l02.runs"].verdict == "earned"
    again = graded(entries(tmp_path, "a", "b", "other"), store)
    assert [record.cached for record in again.values()] == [True, True, False]
    assert replace(again["0"], cached=False) == first["0"]
    renamed = [replace(entry, name="new") for entry in entries(tmp_path, "a")]
    assert graded(renamed, store)["new"].cached
    assert sorted(book.read_text().split()) == ["student0", "student1", "student2", "student2"]


def test_without_a_store(tmp_path: Path, book: Path) -> None:
    """Nothing is cached."""
    for _ in range(2):
        assert not any(record.cached for record in graded(entries(tmp_path, "a"), None).values())
    assert book.read_text().split() == ["student0", "student0"]


def test_what_ends_a_worker(tmp_path: Path, book: Path) -> None:
    """It is graded once more; what ends its worker each time has no result, is tried again later, and all others have one."""
    store = Store(tmp_path / "store")
    words = ("a", "end", "die once", "fail", "b")
    done = graded(entries(tmp_path, *words), store)
    assert {entry.title: entry.fault for entry in done.values() if entry.fault} == {
        "end": "the worker that graded it died, 2 times",
        "fail": "OptgradeError: no scorecard was written: the disk is full",
    }
    again = graded(entries(tmp_path, *words), store)
    assert [record.cached for record in again.values()] == [True, False, True, False, True]


def test_what_can_t_be_built(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A case that can't be read has that as its outcome; the others are graded, and no folder is left."""
    (tmp_path / "scratch").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "scratch"))
    case = tmp_path / "mistakes" / "l02" / "none.toml"
    broken = Entry(name="broken", title="broken", parts={"submission": "?"}, case=case)
    done = graded([broken, *entries(tmp_path, "a")], None)
    assert done["broken"].fault.startswith("FileNotFoundError: ")
    assert not done["0"].fault
    assert not list((tmp_path / "scratch").glob("regression-*"))
