"""The cases of what is submitted beside the code, and the kinds of change that only they have."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from graders.core.paths import REFERENCE, TEMPLATE
from graders.framework import registry
from graders.framework.static_review import read_history_of
from graders.selftest.corpus.cases import (
    CORRECT,
    MISTAKES,
    WRITTEN,
    Case,
    build,
    load,
    load_all,
)
from graders.selftest.corpus.repositories import DEPTH, KINDS, START, SUBFOLDER
from graders.selftest.corpus.tables import CaseError
from graders.submission.history import History, NoHistory

CASES = {folder: load_all(folder) for folder in WRITTEN}
ALL = [case for cases in CASES.values() for case in cases]
FEWEST = {"summaries": (16, 12), "history": (5, 9)}
GROUPS = {"summaries": "summary", "history": "history"}
HEAD = """
title = "A title"
why = "A reason"
lab = "l02"
select = "test_history"
"""
CHANGE = """
[[changes]]
file = "summaries/l02_quantization/summary.md"
old = "The model has 32,021 parameters."
new = "There are 32,021 parameters."
"""
STEPS = """
    { subject = "Template", at = 0, author = "staff", stub = true, files = ["dl_in_iot_course", "summaries"] },
    { subject = "Convert", at = 60, files = [{ until = "class INT8Model" }, { path = "out/a.tflite", size = 2000 }] },
    { subject = "Quantise", at = 90.5, committed = 900, files = ["dl_in_iot_course/l02_quantization/*.py"] },
    { subject = "Take the model out", at = 200, files = [{ path = "out/a.tflite", delete = true }] },
    { subject = "Note", at = 300, branch = "notes", files = [{ path = "notes.md", content = "A note.\\n" }] },
    { subject = "Summarise", at = 400, files = ["summaries/l02_quantization"] },
    { subject = "Merge the notes", at = 500, merge = "notes" },
"""
OWN = ["Convert", "Quantise", "Take the model out", "Note", "Summarise", "Merge the notes"]


def written(folder: Path, text: str, kind: str = CORRECT, where: str = "history") -> Path:
    """A case file with this text."""
    path = folder / kind / where / "a-case.toml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def repository(kind: str, steps: str = STEPS) -> str:
    """The text of a case with a history of these steps."""
    return f'{HEAD}\n[[changes]]\nkind = "{kind}"\ncommits = [{steps}]\n'


@pytest.mark.parametrize("folder", WRITTEN)
def test_there_are_enough(folder: str) -> None:
    """There are enough mistakes and right submissions, no two have one title, and each group's criteria can be lost."""
    cases = CASES[folder]
    kinds = Counter(case.path.parent.parent.name for case in cases)
    assert (kinds[MISTAKES], kinds[CORRECT]) >= FEWEST[folder]
    assert kinds[CORRECT] >= FEWEST[folder][1]
    assert not [title for title, count in Counter(case.title for case in cases).items() if count > 1]
    lab = registry.select_labs(["l02"])[0].lab
    criteria = {one.id.partition(".")[2] for one in lab.criteria if one.id.split(".")[1] == GROUPS[folder]}
    assert criteria == {cost.criterion.partition(".")[2] for case in cases for cost in case.costs}


@pytest.mark.parametrize("case", ALL, ids=lambda case: f"{case.path.parent.name}/{case.id}")
def test_changes_apply(case: Case, tmp_path: Path) -> None:
    """The changes apply to the reference as it is now, and none of a history or a summary touches the code."""
    folder = build(case, tmp_path / "submission")
    file = case.lab.student_file
    of_code = any(change.file == file and change.history is None for change in case.changes)
    assert of_code or (folder / file).read_bytes() == (REFERENCE / file).read_bytes()


@pytest.mark.parametrize("kind", sorted(set(KINDS) - {"shallow"}))
def test_every_kind_of_repository_tells_the_same(kind: str, tmp_path: Path) -> None:
    """The commits are the student's in their order, whatever the repository looks like; a merge brings both sides."""
    folder = build(load(written(tmp_path, repository(kind))), tmp_path / "submission")
    history = read_history_of(folder)
    assert isinstance(history, History), history
    assert [commit.subject for commit in history.commits] == OWN
    assert [commit.subject for commit in history.given] == ["Template"]
    assert not history.shallow
    convert, quantise, taken_out, *_, merge = history.commits
    assert convert.time is not None
    assert (convert.time - START).total_seconds() == 3600
    assert quantise.time is not None
    assert (quantise.time - START).total_seconds() == 5430
    assert [(one.path, one.size, one.content) for one in convert.files][1:] == [("out/a.tflite", 2000, "tflite")]
    assert [(one.path, one.status) for one in taken_out.files] == [("out/a.tflite", "D")]
    assert merge.is_merge
    assert (folder / ".git").exists() == (kind not in ("bundle", "subfolder"))
    assert (folder / "history.bundle").exists() == (kind == "bundle")
    assert (folder.as_posix().endswith(SUBFOLDER)) == (kind == "subfolder")
    assert (folder / "summaries" / "l02_quantization" / "summary.md").is_file()


def test_a_shallow_clone_has_the_newest_commits(tmp_path: Path) -> None:
    """It is one that says so, of the newest commits."""
    steps = STEPS.replace('    { subject = "Merge the notes", at = 500, merge = "notes" },\n', "")
    history = read_history_of(build(load(written(tmp_path, repository("shallow", steps))), tmp_path / "submission"))
    assert isinstance(history, History)
    assert history.shallow
    assert len(history.commits) + len(history.given) == DEPTH


def test_the_same_case_makes_the_same_commits(tmp_path: Path) -> None:
    """Nothing of this machine or this hour is in them."""
    case = load(written(tmp_path, repository("repository")))
    found = [(build(case, tmp_path / name) / ".git/refs/heads/main").read_text() for name in ("one", "other")]
    assert found[0] == found[1]


def test_a_larger_repository_has_more_in_it(tmp_path: Path) -> None:
    """A path with a slash in front lies outside of the submission's folder."""
    more = '    { subject = "Elsewhere", at = 1, files = [{ path = "/thesis/data.npz", size = 200 }] },\n'
    folder = build(load(written(tmp_path, repository("subfolder", STEPS + more))), tmp_path / "submission")
    history = read_history_of(folder)
    assert isinstance(history, History)
    assert [commit.subject for commit in history.commits] == OWN


def test_without_a_bundle_there_is_no_history(tmp_path: Path) -> None:
    """A submission without its bundle is in no repository, and not in this one."""
    text = f'{HEAD}\n[[changes]]\nfile = "history.bundle"\ndelete = true\n'
    found = read_history_of(build(load(written(tmp_path, text)), tmp_path / "submission"))
    assert isinstance(found, NoHistory)
    assert "not in a git repository" in found.reason


def test_files_are_moved_and_replaced(tmp_path: Path) -> None:
    """``to`` moves a file or a folder, ``template`` takes one of the template's."""
    changes = """
[[changes]]
file = "summaries/l02_quantization"
to = "reports/second"

[[changes]]
file = "summaries/l02_quantization/summary.md"
template = "summaries/l02_quantization/README.md"
"""
    folder = build(load(written(tmp_path, HEAD + changes)), tmp_path / "submission")
    assert (folder / "reports" / "second" / "img" / "native-confusion-matrix.png").is_file()
    given = TEMPLATE / "summaries" / "l02_quantization" / "README.md"
    assert (folder / "summaries" / "l02_quantization" / "summary.md").read_bytes() == given.read_bytes()


def test_a_case_may_be_based_on_another(tmp_path: Path) -> None:
    """The other one's changes come first."""
    change = '\n[[changes]]\nfile = "summaries/l02_quantization/summary.md"\nold = "Model ma"\nnew = "Sieć ma"\n'
    case = load(written(tmp_path, f'{HEAD}based_on = "correct/summaries/polish"\n{change}'))
    folder = build(case, tmp_path / "submission")
    assert "Sieć ma 32 021" in (folder / "summaries" / "l02_quantization" / "summary.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('lab = "l02"', "", "no 'lab'"),
        ('lab = "l02"', 'lab = "l05"', "lab = 'l05': there are hybrid, kenning, l02, l03"),
        ('lab = "l02"', 'lab = "l02"\npending = ["l02.history.files"]', "'pending' and 'says' go together"),
        ('lab = "l02"', 'lab = "l02"\nsays = ["shallow"]', "'pending' and 'says' go together"),
        ('lab = "l02"', 'lab = "l02"\npending = []', "'pending' is empty"),
        ('lab = "l02"', 'lab = "l02"\npending = [3]', "pending: expected texts, found 3"),
        ('lab = "l02"', 'lab = "l02"\npending = ["l03.history.files"]', "'l03.history.files' is no criterion of l02_"),
        ('lab = "l02"', 'lab = "l02"\npending = ["l02.question.1"]', "is no criterion of l02_quantization that tests"),
        ('lab = "l02"', 'lab = "l02"\nbased_on = "correct/l02/none"', "there is no case 'correct/l02/none'"),
        ('lab = "l02"', 'lab = "l02"\nbased_on = "../secrets"', "based_on = '../secrets': expected a path below"),
        ('lab = "l02"', 'lab = "l02"\nbased_on = "correct/summaries/german"', "is a case of another lab, l03_pruning"),
        ('kind = "repository"', 'kind = "clone"', "kind = 'clone': there are repository, packed"),
        ('kind = "repository"', 'file = "a.md"', "unknown key 'file'; there are commits, kind"),
        ('subject = "Convert", ', "", "commit 2: no 'subject'"),
        ("at = 60", 'at = "60"', "commit 2: at = '60': expected int or float"),
        ('author = "staff"', 'author = "me"', "commit 1: author = 'me': there are student, staff"),
        ('merge = "notes"', 'merge = "note"', "commit 7: there is no branch 'note' to merge yet"),
        ("at = 400, ", "", "commit 6: no 'at'"),
        ("at = 400", "at = 400, when = 400", "commit 6: unknown key 'when'"),
        ('files = ["summaries/l02_quantization"]', "files = []", "commit 6: 'files' is empty"),
        ('files = ["summaries/l02_quantization"]', 'files = ["../a"]', "commit 6: files = '../a': expected a path"),
        (', content = "A note.\\n"', "", "commit 5: a file has one of content, delete, size, until, found ['path']"),
        ("delete = true", "delete = false", "commit 4: out/a.tflite: delete = false does nothing"),
    ],
)
def test_a_bad_file(old: str, new: str, message: str, tmp_path: Path) -> None:
    """The error names the file and says what is wrong in it."""
    text = repository("repository")
    assert text.count(old) == 1
    with pytest.raises(CaseError) as caught:
        load(written(tmp_path, text.replace(old, new)))
    assert str(caught.value).startswith("a-case.toml: ")
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('until = "class INT8Model"', 'until = "class None"', "quantization_experiments.py has 0 lines, not 1, that"),
        ('until = "class INT8Model"', 'path = "a.py", until = "class"', "there is no a.py to commit a part of"),
        ('files = ["summaries/l02_quantization"]', 'files = ["*.docx"]', "there is no *.docx to commit"),
        ('path = "out/a.tflite", delete', 'path = "out/b.tflite", delete', "commit 4: there is no out/b.tflite to delete"),
        ('files = ["summaries/l02_quantization"]', 'files = ["dl_in_iot_course/l02_quantization/*.py"]', "commit 6, 'Summarise', changes nothing"),
    ],
)  # fmt: skip
def test_a_history_that_can_not_be_made(old: str, new: str, message: str, tmp_path: Path) -> None:
    """The error names the case and the commit or the file."""
    text = repository("repository")
    assert text.count(old) == 1
    case = load(written(tmp_path, text.replace(old, new)))
    with pytest.raises(CaseError, match=r"a-case\.toml: ") as caught:
        build(case, tmp_path / "submission")
    assert message in str(caught.value)


def test_a_labs_own_case_names_no_lab(tmp_path: Path) -> None:
    """In a lab's folder, the folder tells."""
    with pytest.raises(CaseError, match="the folder says that it is l02; expected no 'lab'"):
        load(written(tmp_path, HEAD + CHANGE, where="l02"))


def test_what_is_pending_costs_nothing(tmp_path: Path) -> None:
    """A criterion can't be both."""
    more = 'costs = ["l02.history.files"]\npending = ["l02.history.files"]\nsays = ["a"]\nnames = ["a"]\n'
    with pytest.raises(CaseError, match="a criterion that is pending costs nothing"):
        load(written(tmp_path, HEAD + more + CHANGE, MISTAKES))
