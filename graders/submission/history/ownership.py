"""Whose commits these are: the student's own, or what was there before.

A submission often starts as a fork or a copy of a template, with the history of its authors. Not the student's are:

1. commits of bots;
2. commits before the date, or up to the commit, that whoever grades names;
3. the commits that only bring in the template's own files, and everything before the first of them;
4. where the template's content is not found (another version of it, or none was given): commits of others before the
   first commit of whoever changed the labs' files last, and later commits of those others.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from graders.submission.history.records import Commit, GivenCommit, below

_BOTS = frozenset({"github-classroom", "github-actions", "dependabot", "renovate", "gitlab-bot", "classroom50"})


@dataclass(frozen=True)
class Signed:
    """A commit with its author's name and address in lower case, which identify a person and are shown to nobody."""

    commit: Commit
    name: str
    email: str


Divided = tuple[tuple[Commit, ...], tuple[GivenCommit, ...], tuple[str, ...]]
"""The student's own commits, the others, and notes."""


def divide(
    commits: Sequence[Signed],
    lab_paths: tuple[str, ...],
    template: Mapping[str, frozenset[str]],
    since: str,
    boundary: frozenset[str],
) -> Divided:
    """Parts commits, oldest first, into the student's and others'.

    :param boundary: where a shallow clone begins: commits that seem to add every file that was there before.
    """
    people = _people(commits)
    before, notes = _before(commits, since)
    imports = {item.commit.id for item in commits if _only_given(item.commit, template, lab_paths)}
    why = dict.fromkeys(imports, "only files of the template") | before
    why |= {item.commit.id: "made by a bot" for item in commits if _is_bot(item)}
    why |= {item.commit.id: "a shallow clone begins here" for item in commits if item.commit.id in boundary}
    first = next((index for index, item in enumerate(commits) if item.commit.id in imports), 0)
    student = _student(commits[first:], people, why, lab_paths)
    if imports:
        files = {change.path for item in commits if item.commit.id in imports for change in item.commit.files}
        earlier = (item.commit for item in commits[:first] if people[item.commit.id] != student)
        unlike = (commit.id for commit in earlier if student is not None or _led_to(commit, files, lab_paths))
        why = dict.fromkeys(unlike, "made before the template's files were added") | why
    elif not before and student is not None:
        why |= _of_others(commits, people, why, lab_paths, student)
    own = tuple(item.commit for item in commits if item.commit.id not in why)
    others = tuple(
        GivenCommit(item.commit.id, item.commit.subject, item.commit.author, why[item.commit.id])
        for item in commits
        if item.commit.id in why
    )
    return own, others, notes


def _people(commits: Sequence[Signed]) -> dict[str, int]:
    """A number for each commit's author: one name or one address in common makes one person."""
    leader: dict[str, str] = {}

    def leads(key: str) -> str:
        while leader.setdefault(key, key) != key:
            leader[key] = leader[leader[key]]
            key = leader[key]
        return key

    for item in commits:
        one, other = leads(f"name {item.name}"), leads(f"email {item.email}")
        leader[other] = one
    numbers: dict[str, int] = {}
    return {item.commit.id: numbers.setdefault(leads(f"name {item.name}"), len(numbers)) for item in commits}


def _is_bot(item: Signed) -> bool:
    return item.name.endswith("[bot]") or item.name in _BOTS or "[bot]@" in item.email


def _before(commits: Sequence[Signed], since: str) -> tuple[dict[str, str], tuple[str, ...]]:
    """Commits before the date or up to the commit that ``since`` names."""
    if not since:
        return {}, ()
    date = _date(since)
    if date is not None:
        early = [item.commit for item in commits if item.commit.time is not None and item.commit.time < date]
        return {commit.id: f"made before {since}" for commit in early}, ()
    parents = {item.commit.id: item.commit.parents for item in commits}
    named = [identifier for identifier in parents if len(since) >= 7 and identifier.startswith(since.lower())]
    if len(named) != 1:
        return {}, (f"no commit {since!r}, after which the student's work should begin",)
    found: set[str] = set()
    waiting = [named[0]]
    while waiting:
        commit = waiting.pop()
        if commit in parents and commit not in found:
            found.add(commit)
            waiting += parents[commit]
    return dict.fromkeys(found, f"up to {since}"), ()


def _date(text: str) -> datetime | None:
    try:
        date = datetime.fromisoformat(text)
    except ValueError:
        return None
    return date if date.tzinfo else date.replace(tzinfo=UTC)


def _only_given(commit: Commit, template: Mapping[str, frozenset[str]], lab_paths: tuple[str, ...]) -> bool:
    """Whether it brings in files of the labs, each with the template's content and no other."""
    labs = [change for change in commit.files if below(change.path, lab_paths)]
    return bool(labs) and all(change.blob in template.get(change.path, frozenset()) for change in labs)


def _led_to(commit: Commit, imported: set[str], lab_paths: tuple[str, ...]) -> bool:
    """Whether it is an earlier state of files that came in as given later, or has no part in the labs."""
    return not commit.touches(lab_paths) or any(change.path in imported for change in commit.files)


def _student(
    commits: Sequence[Signed], people: Mapping[str, int], why: Mapping[str, str], lab_paths: tuple[str, ...]
) -> int | None:
    """Whoever changed the labs' files last, other than with what is given."""
    work = (item.commit for item in reversed(commits) if item.commit.id not in why and not item.commit.is_merge)
    return next((people[commit.id] for commit in work if commit.touches(lab_paths)), None)


def _of_others(
    commits: Sequence[Signed],
    people: Mapping[str, int],
    why: Mapping[str, str],
    lab_paths: tuple[str, ...],
    student: int,
) -> dict[str, str]:
    """Commits of people who were there before the student, and changed no lab's files since: a partner would have."""
    left = [item.commit for item in commits if item.commit.id not in why]
    work = [index for index, commit in enumerate(left) if commit.touches(lab_paths) and not commit.is_merge]
    begun = next(index for index in work if people[left[index].id] == student)
    still_there = {people[left[index].id] for index in work if index >= begun}
    early = {people[commit.id] for commit in left[:begun]} - still_there
    reason = "made by others before the student's first commit"
    return {commit.id: reason for commit in left if people[commit.id] in early}
