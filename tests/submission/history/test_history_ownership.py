"""Only the student's own commits count, whatever was there before."""

from __future__ import annotations

from pathlib import Path

import pytest

from graders.submission.history import History, given_blobs, read_history

from .repositories import CODE, DAY, LAB, LAB_PATHS, START, STUB, SUMMARY, TIDY, Made, code, make

TEACHER = "Grace Teacher <grace@university.example>"
BOT = "github-classroom[bot] <66690702+github-classroom[bot]@users.noreply.github.com>"
UPSTREAM = [
    Made("Add the course", {"README.md": b"course"}, author=TEACHER, time=START - 90 * DAY),
    Made("Add lab 2", {CODE: b"an older stub\n"}, author=TEACHER, time=START - 60 * DAY),
    Made("Mend lab 2", {CODE: STUB}, author=TEACHER, time=START - 30 * DAY),
]


@pytest.fixture
def template(tmp_path: Path) -> dict[str, frozenset[str]]:
    """What the template's files are known by."""
    root = tmp_path / "template"
    (root / LAB).mkdir(parents=True)
    (root / CODE).write_bytes(STUB)
    return given_blobs(root, [LAB])


def subjects(history: object) -> list[str]:
    assert isinstance(history, History), history
    return [commit.subject for commit in history.commits]


def given(history: object) -> list[str]:
    assert isinstance(history, History), history
    return [commit.subject for commit in history.given]


OWN = [made.subject for made in TIDY]


def test_a_fork_of_the_template(tmp_path: Path, template: dict[str, frozenset[str]]) -> None:
    """What the template's authors did before is listed as theirs."""
    found = read_history(make(tmp_path / "a", [*UPSTREAM, *TIDY]), LAB_PATHS, given=template)
    assert subjects(found) == OWN
    assert given(found) == [made.subject for made in UPSTREAM]


def test_a_fork_of_another_version_of_the_template(tmp_path: Path) -> None:
    """Where the template's content is not known, those who were there before the student tell it."""
    found = read_history(make(tmp_path / "a", [*UPSTREAM, *TIDY]), LAB_PATHS)
    assert subjects(found) == OWN
    assert given(found) == [made.subject for made in UPSTREAM]


def test_a_fork_without_any_work(tmp_path: Path, template: dict[str, frozenset[str]]) -> None:
    """Nothing of the template's history becomes the student's."""
    found = read_history(make(tmp_path / "a", UPSTREAM), LAB_PATHS, given=template)
    assert subjects(found) == []


@pytest.mark.parametrize("author", ["Ada Student <ada@example.org>", BOT], ids=["student", "bot"])
def test_a_copy_of_the_template_in_one_commit(tmp_path: Path, template: dict[str, frozenset[str]], author: str) -> None:
    """The commit that brings in the given files is nobody's work, also under the student's own name."""
    copied = Made("Initial commit", {CODE: STUB.replace(b"\n", b"\r\n"), "README.md": b"1"}, author=author)
    found = read_history(make(tmp_path / "a", [copied, *TIDY]), LAB_PATHS, given=template)
    assert subjects(found) == OWN


def test_bots_never_count(tmp_path: Path) -> None:
    """A feedback commit or a workflow's badge between the student's commits is left out."""
    badge = Made("Add grade", {SUMMARY: b"badge"}, author=BOT)
    assert subjects(read_history(make(tmp_path / "a", [*TIDY, badge]), LAB_PATHS)) == OWN


def test_work_before_the_next_labs_template_counts(tmp_path: Path, template: dict[str, frozenset[str]]) -> None:
    """A student who copies a lab's given files in later keeps what was done before."""
    before = Made("Load the data set", {f"{LAB}/loading.py": b"import pathlib\n"})
    found = read_history(make(tmp_path / "a", [before, Made("Copy", {CODE: STUB}), *TIDY]), LAB_PATHS, given=template)
    assert subjects(found) == [before.subject, *OWN]


def test_work_counts_where_the_next_labs_template_came_last(
    tmp_path: Path, template: dict[str, frozenset[str]]
) -> None:
    """Nothing done yet for the lab whose given files came in does not undo what was done for another."""
    before = Made("Load the data set", {f"{LAB}/loading.py": b"import pathlib\n"})
    found = read_history(make(tmp_path / "a", [before, Made("Copy", {CODE: STUB})]), LAB_PATHS, given=template)
    assert subjects(found) == [before.subject]


def test_going_back_to_the_stub_takes_nothing_away(tmp_path: Path, template: dict[str, frozenset[str]]) -> None:
    """Content of the template late in a history does not make what came before the template's."""
    commits = [UPSTREAM[-1], TIDY[0], Made("Begin anew", {CODE: STUB}), *TIDY[1:]]
    assert subjects(read_history(make(tmp_path / "a", commits), LAB_PATHS, given=template)) == OWN


def test_partners_both_count(tmp_path: Path, template: dict[str, frozenset[str]]) -> None:
    """Two people who take turns are both the student, with and without a known template."""
    partner = "Ben Partner <ben@example.org>"
    turns = [Made(made.subject, made.files, author=partner if i % 2 else made.author) for i, made in enumerate(TIDY)]
    assert subjects(read_history(make(tmp_path / "a", [UPSTREAM[-1], *turns]), LAB_PATHS, given=template)) == OWN
    three = [turns[0], turns[1], turns[2], Made("Measure again", {CODE: code(5)}, author=partner)]
    assert len(subjects(read_history(make(tmp_path / "b", three), LAB_PATHS))) == 4


def test_one_person_under_two_addresses(tmp_path: Path) -> None:
    """A commit through a web page has another address; the name shows whose it is."""
    web = "Ada Student <1234+ada@users.noreply.github.com>"
    commits = [Made(TIDY[0].subject, TIDY[0].files, author=web), *TIDY[1:]]
    assert subjects(read_history(make(tmp_path / "a", commits), LAB_PATHS)) == OWN


def test_since_a_date_or_a_commit(tmp_path: Path) -> None:
    """Whoever grades may say where the student's work begins."""
    folder = make(tmp_path / "a", [Made("Lesson", {CODE: b"x"}, time=START - 400 * DAY), *TIDY])
    whole = read_history(folder, LAB_PATHS)
    assert len(subjects(whole)) == 5
    assert isinstance(whole, History)
    assert subjects(read_history(folder, LAB_PATHS, since="2025-01-01")) == OWN
    assert subjects(read_history(folder, LAB_PATHS, since=whole.commits[0].short)) == OWN
    assert subjects(read_history(folder, LAB_PATHS, since=whole.commits[1].id)) == OWN[1:]
    unknown = read_history(folder, LAB_PATHS, since="abcdef0123")
    assert isinstance(unknown, History)
    assert len(unknown.commits) == 5
    assert "abcdef0123" in unknown.notes[0]
