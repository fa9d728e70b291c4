"""Which commits of a repository with several labs are a lab's, and which files of theirs count."""

from __future__ import annotations

import pytest

from graders.submission.history import HistoryRules, SubScore, judge_history
from graders.submission.history.scope import Scope

from .conftest import Reading
from .repositories import CODE, LAB, LAB_PATHS, TIDY, Made, code

OTHERS = ("dl_in_iot_course/l03_pruning_clustering",)
RULES = HistoryRules(paths=LAB_PATHS, other_paths=OTHERS)
MODEL = b"\x1c\0\0\0TFL3" + bytes(range(256)) * 40
TVM = Made("Tune with TVM", {"dl_in_iot_course/l04_tvm/tune.py": b"import tvm"})
PULL = "Merge branch 'main' of https://github.com/ada/labs"


def files(read: Reading, commits: list[Made], rules: HistoryRules = RULES) -> SubScore:
    return next(score for score in judge_history(read(commits), rules) if score.name == "files")


@pytest.mark.parametrize(
    ("path", "counts"),
    [
        (f"{LAB}/m.tflite", True),
        ("m.tflite", True),
        ("models/m.tflite", True),
        ("dl_in_iot_course/m.tflite", True),
        ("dl_in_iot_course/misc/m.tflite", True),
        ("dl_in_iot_course/l04_tvm/m.tflite", False),
        ("dl_in_iot_course/l04_tvm/deep/m.tflite", False),
        ("dl_in_iot_course/l03_pruning_clustering/m.tflite", False),
        ("summaries/l06_fine_tuning/m.tflite", False),
        ("lab5/m.tflite", False),
        ("Week 7/m.tflite", False),
        ("delegate/m.tflite", False),
        ("build2023/m.tflite", True),
    ],
)
def test_a_commit_of_the_lab_answers_for_what_lies_in_no_other_labs_folder(
    read: Reading, path: str, counts: bool
) -> None:
    """Folders of other labs are known, numbered, or have code of their own; models/ and the top are nobody's."""
    commits = [*TIDY, TVM, Made("Delegate", {"delegate/d.cpp": b"int main;"}), Made("Add", {CODE: code(5), path: MODEL})]
    found = files(read, commits)
    assert found.holds == (0.5 if counts else 1.0)
    assert len(found.commits) == counts


def test_a_commit_that_leaves_the_lab_alone_costs_nothing_among_several_labs(read: Reading) -> None:
    """A model beside all labs is not known to be this one's; without other work it is."""
    lone = Made("Export", {"models/m.tflite": MODEL})
    assert files(read, [*TIDY, TVM, lone]).holds == 1.0
    assert files(read, [*TIDY, lone]).holds == 0.5


def test_a_lab_at_the_top_has_its_own_view(read: Reading) -> None:
    """A notebook at the top: other notebooks are other work, folders with code too."""
    rules = HistoryRules(paths=("pruning.ipynb",))
    work = [Made(f"Step {n}", {"pruning.ipynb": b"{}" + b" " * n}) for n in range(3)]
    other = Made("Another lab", {"serving.ipynb": b"{}", "saved_model.pb": MODEL})
    assert files(read, [*work, other], rules).holds == 1.0
    mixed = Made("Both", {"pruning.ipynb": b"{1}", "lab1/model.h5": MODEL, "lab1/a.ipynb": b"{}"})
    assert files(read, [*work, mixed], rules).holds == 1.0
    assert files(read, [*work, Made("With its model", {"pruning.ipynb": b"{2}", "m.h5": MODEL})], rules).holds == 0.5


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ({"lab2/quantise.py": None}, {CODE: code(2)}),
        ({"lab2/quantization_experiments.py": None, "lab2/more.py": None}, {CODE: code(3), f"{LAB}/more.py": b"1"}),
        ({"lab2/notes.txt": None}, {f"{LAB}/notes.txt": b"read me" * 5}),
    ],
)
def test_files_that_were_moved_take_their_commits_along(
    read: Reading, old: dict[str, bytes | None], new: dict[str, bytes | None]
) -> None:
    """By the same content, the same name, or as the only module that goes while one comes."""
    first = Made("Begin", {path: b"read me" * 5 if path.endswith(".txt") else code(1) for path in old})
    history = read([first, Made("Move the lab", {**old, **new}), *TIDY[1:]])
    assert [commit.subject for commit in Scope.of(history, LAB_PATHS, OTHERS).work][:2] == ["Begin", "Move the lab"]


def test_a_file_of_another_lab_is_not_taken_along(read: Reading) -> None:
    """What moves here from lab 3, and an empty file of the same content, bring no earlier commits."""
    helper = f"{OTHERS[0]}/helper.py"
    first = Made("Begin", {helper: code(1), "x/__init__.py": b"", "x/a.py": b"1"})
    history = read([first, Made("Move", {helper: None, "x/__init__.py": None, f"{LAB}/helper.py": code(1),
                                         f"{LAB}/__init__.py": b""})])  # fmt: skip
    assert [commit.subject for commit in Scope.of(history, LAB_PATHS, OTHERS).work] == ["Move"]


def test_only_merges_that_join_work_on_the_lab_count(read: Reading) -> None:
    """A merge counts where one of its sides has a commit of the lab that the other has not, be it before or after."""
    before = [TVM, Made("A", {"lab4/a.py": b"1"}, parents=(1,)), Made("B", {"lab4/b.py": b"1"}, parents=(1,)),
              Made(PULL, parents=(2, 3))]  # fmt: skip
    after = [Made("C", {"lab4/c.py": b"1"}, parents=(8,)), Made("D", {"lab4/d.py": b"1"}, parents=(8,)),
             Made(PULL, parents=(9, 10))]  # fmt: skip
    clean = [*before, *TIDY, *after]
    assert Scope.of(read(clean), LAB_PATHS, OTHERS).merges == ()
    own = [Made("Round", {CODE: code(8)}, parents=(11,)), Made("E", {"lab4/e.py": b"1"}, parents=(11,)),
           Made(PULL, parents=(12, 13))]  # fmt: skip
    history = read([*clean, *own])
    assert [commit.id for commit in Scope.of(history, LAB_PATHS, OTHERS).merges] == [history.commits[-1].id]


def test_pictures_are_neither_models_nor_data(read: Reading) -> None:
    """Dozens of screenshots cost nothing; one of several mebibytes does, but not in the summaries."""
    shots = {f"docs/{n}.png": b"\x89PNG" + b"0" * 90_000 for n in range(60)}
    photo = b"\xff\xd8" + b"0" * (2 << 20)
    assert files(read, [*TIDY, Made("Add images", shots)]).holds == 1.0
    assert files(read, [*TIDY, Made("Add images", {"summaries/l02_quantization/img/a.jpg": photo})]).holds == 1.0
    found = files(read, [*TIDY, Made("Add images", {"docs/a.jpg": photo})])
    assert found.holds == 0.5
    assert "docs/a.jpg: a very large image, 2.0 MiB" in found.commits[0].why
