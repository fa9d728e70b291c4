"""What a history shows, in five sub-scores. Pure functions of a ``History``."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import PurePosixPath

from graders.submission.history.heavy import heavy_kind, is_image
from graders.submission.history.records import Commit, FileChange, History, below
from graders.submission.history.rules import HistoryRules
from graders.submission.history.scope import CODE, Scope
from graders.submission.history.subjects import repeated, why_empty

_PULL_MERGE = re.compile(
    r"Merge (?:remote-tracking branch |branch '?[^' ]{1,200}'? of |branches '?[^' ]{1,200}'? and )",
    re.IGNORECASE,
)
_CLONE = "Grade a full clone: git fetch --unshallow, or fetch-depth: 0 in the workflow."


@dataclass(frozen=True)
class CommitFinding:
    """A commit that cost points, and why."""

    short: str
    subject: str
    why: str


@dataclass(frozen=True)
class SubScore:
    """One part of a history's points.

    ``share`` is the part, all of them sum up to 1; ``holds`` how much of it was earned, 0 to 1, or ``None`` if a
    shallow clone can't tell. ``cause`` and ``next`` are empty if nothing was lost.
    """

    name: str
    share: float
    holds: float | None
    measured: str
    expected: str
    cause: str
    next: str
    commits: tuple[CommitFinding, ...]


@dataclass(frozen=True)
class _Found:
    holds: float
    measured: str
    expected: str
    cause: str
    next: str
    commits: tuple[CommitFinding, ...] = ()


def judge_history(history: History, rules: HistoryRules) -> tuple[SubScore, ...]:
    """The five sub-scores, in the order of ``rules.SHARES``.

    A shallow clone holds fewer commits than there are: what it lacks is not held against anybody.
    """
    scope = Scope.of(history, rules.paths, rules.other_paths)
    work = scope.work
    judges: dict[str, Callable[[], _Found]] = {
        "commits": lambda: _commits(scope, rules),
        "subjects": lambda: _subjects(work, rules),
        "files": lambda: _files(scope, rules),
        "merges": lambda: _merges(scope),
        "spread": lambda: _spread(work, rules),
    }
    unseen = history.shallow and len(work) < rules.min_commits
    return tuple(_sub_score(name, rules.shares[name], judge(), history, unseen) for name, judge in judges.items())


def _sub_score(name: str, share: float, found: _Found, history: History, unseen: bool) -> SubScore:
    lost = found.holds < 1
    # A model that is there is there; but steps that are missing may lie before the clone's beginning.
    seen = lost and name == "files" and found.commits
    if history.shallow and not seen and (unseen or (lost and name in ("commits", "spread"))):
        measured = f"{found.measured}, in a shallow clone, which has only part of the history"
        cause = "The clone is shallow, so the history can't be graded."
        return SubScore(name, share, None, measured, found.expected, cause, _CLONE, found.commits)
    cause, step = (found.cause, found.next) if lost else ("", "")
    return SubScore(name, share, round(found.holds, 4), found.measured, found.expected, cause, step, found.commits)


def _commits(scope: Scope, rules: HistoryRules) -> _Found:
    work = scope.work
    code = [commit for commit in work if any(_is_code(change, scope.paths) for change in commit.files)]
    reached = min(1.0, len(work) / rules.min_commits)
    dumped = len(code) < rules.min_code_commits
    findings: tuple[CommitFinding, ...] = ()
    if work and dumped:
        biggest = max(work, key=lambda commit: sum(change.growth for change in commit.files))
        findings = (_finding(biggest, "adds nearly all of the work at once"),)
    return _Found(
        holds=reached * (0.5 if dumped and reached else 1.0),
        measured=f"{_count(len(work), 'commit')} for this lab, {len(code)} of them with code",
        expected=f"at least {rules.min_commits} commits for this lab, {rules.min_code_commits} of them with code",
        cause=_why_few(work, dumped),
        next="Commit each step once it works: a class, a method, the summary.",
        commits=findings,
    )


def _why_few(work: Sequence[Commit], dumped: bool) -> str:
    if not work:
        return "None of the student's own commits changes this lab's files."
    return (
        "Nearly all the work is in one commit, so its steps can't be followed."
        if dumped
        else "There are too few commits to follow the work."
    )


def _is_code(change: FileChange, paths: tuple[str, ...]) -> bool:
    return below(change.path, paths) and PurePosixPath(change.path).suffix.lower() in CODE


def _subjects(work: Sequence[Commit], rules: HistoryRules) -> _Found:
    findings = []
    again = repeated([commit.subject for commit in work])
    for commit, twice in zip(work, again, strict=True):
        why = why_empty(commit.subject, rules.min_letters)
        if not why and len(commit.subject) > rules.max_letters:
            why = "too long for a subject"
        if not why and twice:
            why = "the same as an earlier commit"
        if why:
            findings.append(_finding(commit, why))
    good = len(work) - len(findings)
    share = good / len(work) if work else 0.0
    return _Found(
        holds=min(1.0, share / rules.good_subjects),
        measured=f"{good} of {_count(len(work), 'subject')} say what the commit does",
        expected=f"at least {rules.good_subjects:.0%} of them, in any language",
        cause="Subjects are too short, generic or repeated." if work else _why_few(work, False),
        next="Say in 50 to 70 characters what changes, such as 'Round before the cast to int8'.",
        commits=tuple(findings),
    )


def _files(scope: Scope, rules: HistoryRules) -> _Found:
    if not scope.work:
        return _Found(0.0, "no commits", "code, texts and plots", _why_few(scope.work, False), "Commit your work.")
    findings, contents = [], set()
    for commit, changes in scope.contents:
        for change in changes:
            kind = _heavy(change, rules)
            if kind:
                findings.append(_finding(commit, f"{change.path}: {kind}, {_size(change.size or 0)}"))
                contents.add(change.blob)
    data_set = _data_set(scope, rules)
    findings += data_set
    return _Found(
        holds=_without(len(contents), bool(data_set)),
        measured=f"models, data or archives committed {_count(len(findings), 'time')}"
        if findings
        else "no models, data or archives",
        expected="code, texts and plots; no models, data sets or archives",
        cause="Models or data were committed; they stay in the history even if a later commit deletes them.",
        next="Keep them in build/, add it to .gitignore, and remove them from the history (git filter-repo).",
        commits=tuple(findings),
    )


def _without(files: int, data_set: bool) -> float:
    """What is left if so many different files do not belong in the history: half for one, for others as much less.

    One is an oversight, several are a habit; a data set is neither.
    """
    if data_set:
        return 0.0
    return 0.5 / files if files else 1.0


def _heavy(change: FileChange, rules: HistoryRules) -> str:
    if is_image(change) and below(change.path, rules.pictures):
        return ""
    return heavy_kind(
        change,
        least=rules.least_bytes,
        small_data=rules.small_data_bytes,
        most=rules.large_bytes,
        most_of_image=rules.large_image_bytes,
    )


def _data_set(scope: Scope, rules: HistoryRules) -> list[CommitFinding]:
    """The commits with images, if these are so many that they are data."""
    counts = [
        (commit, sum(_is_new_image(change) and not below(change.path, rules.pictures) for change in changes))
        for commit, changes in scope.contents
    ]
    if sum(count for _, count in counts) <= rules.data_set_images:
        return []
    outside = ", ".join(rules.pictures)
    return [_finding(commit, f"{_count(count, 'image')} outside of {outside}") for commit, count in counts if count]


def _is_new_image(change: FileChange) -> bool:
    # Changed ones were counted when they came.
    return change.status == "A" and is_image(change)


def _merges(scope: Scope) -> _Found:
    work, given = scope.work, {commit.id for commit in scope.history.given}
    noise = [
        commit
        for commit in scope.merges
        if _PULL_MERGE.match(commit.subject) and not given.intersection(commit.parents)
    ]
    total = len(work) + len(noise)
    return _Found(
        holds=(1.0 - len(noise) / total if noise else 1.0) if work else 0.0,
        measured=f"{_count(len(noise), 'merge')} of a branch with its own remote copy" if work else "no commits",
        expected="none",
        cause="git pull merged commits pushed from another clone." if work else _why_few(work, False),
        next="Use git pull --rebase to keep the history linear.",
        commits=tuple(_finding(commit, "merges a branch with its own remote copy") for commit in noise),
    )


def _spread(work: Sequence[Commit], rules: HistoryRules) -> _Found:
    times = sorted(commit.time.timestamp() for commit in work if commit.time is not None)
    gaps = [later - earlier for earlier, later in pairwise(times)]
    sittings = 1 + sum(gap >= rules.sitting_s for gap in gaps) if times else 0
    findings: tuple[CommitFinding, ...] = ()
    if work and sittings < rules.min_sittings:
        crowded = _crowded(work, rules.sitting_s)
        findings = tuple(_finding(commit, f"within {rules.sitting_s:.0f} s of another commit") for commit in crowded)
    over = _duration(times[-1] - times[0]) if len(times) > 1 else "one moment"
    when = f"{_count(len(work), 'commit')} at {_count(sittings, 'different time')}, over {over}"
    return _Found(
        holds=min(1.0, sittings / rules.min_sittings) if sittings > 1 else 0.0,
        measured=when if work else "no commits",
        expected=f"at least {rules.min_sittings} different times, {rules.sitting_s:.0f} s or more apart",
        cause="The work was committed all at once, after it was finished." if work else _why_few(work, False),
        next="Commit while you work, not at the end.",
        commits=findings,
    )


def _crowded(work: Sequence[Commit], seconds: float) -> list[Commit]:
    timed = [(commit.time.timestamp(), commit) for commit in work if commit.time is not None]
    timed.sort(key=lambda pair: pair[0])
    pairs = pairwise(timed)
    return [later[1] for earlier, later in pairs if later[0] - earlier[0] < seconds]


def _finding(commit: Commit, why: str) -> CommitFinding:
    return CommitFinding(commit.short, commit.subject, why)


def _count(number: int, word: str) -> str:
    return f"{number} {word}" + ("" if number == 1 else "s")


def _size(count: int) -> str:
    return f"{count / 2**20:.1f} MiB" if count >= 2**20 else f"{count / 1024:.0f} KiB"


def _duration(seconds: float) -> str:
    for unit, length in (("day", 86400), ("hour", 3600), ("minute", 60)):
        if seconds >= length:
            return _count(round(seconds / length), unit)
    return _count(round(seconds), "second")
