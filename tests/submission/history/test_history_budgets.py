"""Histories made to take long: what is counted is looked up, never compared each with each."""

from __future__ import annotations

from pathlib import PurePosixPath

import pytest

from graders.submission.history import scope
from graders.submission.history.log_parser import _parents_first
from graders.submission.history.ownership import Signed, _people
from graders.submission.history.records import Commit, FileChange, History, below
from graders.submission.history.scope import MAX_MOVED, Scope

LAB = "lab"


def commit(number: int, *files: FileChange, parents: tuple[str, ...] = ()) -> Commit:
    return Commit(f"{number:040x}", f"Change {number}", "a", None, parents, files)


def signed(number: int, name: str, email: str, parents: tuple[str, ...] = ()) -> Signed:
    return Signed(commit(number, parents=parents), name, email)


def moved(count: int) -> Commit:
    """A commit that moves so many files into the lab's folder, each with other content."""
    gone = (FileChange(f"old/f{n}.py", "D", None, 9, "0", old_blob=f"o{n}") for n in range(count))
    come = (FileChange(f"{LAB}/f{n}.py", "A", 9, None, f"n{n}") for n in range(count))
    return commit(1, *gone, *come)


def test_thousands_of_moved_files_are_looked_at_once_each(monkeypatch: pytest.MonkeyPatch) -> None:
    """Four times the files are four times the paths that are taken apart, not sixteen times; not all are followed."""
    counts = []
    for files in (500, 2_000):
        made = 0

        def counted(path: str) -> PurePosixPath:
            nonlocal made
            made += 1
            return PurePosixPath(path)

        monkeypatch.setattr(scope, "PurePosixPath", counted)
        found = Scope.of(History((moved(files),)), (LAB,), ())
        counts.append(made)
        assert len(found.paths) == 1 + MAX_MOVED
    assert counts[1] <= 4.1 * counts[0]


@pytest.mark.parametrize(
    ("path", "folders", "holds"),
    [
        ("a/b", ("a",), True), ("a", ("a",), True), ("ab", ("a",), False), ("a/b", ("a/b/c",), False),
        ("x", ("",), True), ("a/b/c", ("q", "a/b"), True), ("a//b", ("a/",), True), ("b/a", ("a",), False),
    ],
)  # fmt: skip
def test_what_is_below_a_folder(path: str, folders: tuple[str, ...], holds: bool) -> None:
    """The path itself, and whatever has it and a stroke in front."""
    assert below(path, folders) is holds


def test_one_name_or_one_address_in_common_makes_one_person() -> None:
    """Also over several commits, whatever their order."""
    people = _people([signed(1, "a", "1"), signed(2, "b", "2"), signed(3, "c", "3"), signed(4, "a", "2")])
    one, two, three, four = people.values()
    assert one == two == four != three


def test_thousands_of_people_are_told_apart() -> None:
    """Each with a name and an address of its own."""
    assert len(set(_people([signed(n, f"n{n}", f"e{n}") for n in range(20_000)]).values())) == 20_000


def test_merges_of_hundreds_of_branches_come_after_their_parents() -> None:
    """Each commit is placed once, however many others wait for it."""
    heads = [signed(n, "a", "1") for n in range(300)]
    ids = tuple(each.commit.id for each in heads)
    merges = [signed(n, "a", "1", ids) for n in range(300, 500)]
    order = [each.commit.id for each in _parents_first([*reversed(merges), *heads])]
    assert len(order) == len(set(order)) == 500
    assert set(order[:300]) == set(ids)
