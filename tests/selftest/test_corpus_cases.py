"""The case files themselves: what a good one is, and what is said about a bad one."""

from __future__ import annotations

import ast
import json
from collections import Counter
from pathlib import Path

import pytest

from graders.core.paths import REFERENCE, REPOSITORY
from graders.core.verdicts import Verdict
from graders.selftest.corpus.builder import apply
from graders.selftest.corpus.cases import (
    CORPUS,
    CORRECT,
    MISTAKES,
    WRITTEN,
    Case,
    build,
    load,
    load_all,
)
from graders.selftest.corpus.changes import Change
from graders.selftest.corpus.tables import CaseError

FILE = "dl_in_iot_course/l02_quantization/quantization_experiments.py"
HEAD = """
title = "A title"
why = "A reason"
select = "int8-0.01"
costs = ["l02.int8.quantise"]
names = ["np.rint"]
"""
CHANGE = """
[[changes]]
old = "IMBALANCED_CLASS = 5"
new = "IMBALANCED_CLASS = 6"
"""
CASES = {lab: load_all(lab) for lab in ("l02", "l03", "mnist", "kenning", "hybrid")}
GROUPS = {"l02": ("runs", "native", "fp32", "int8", "imbalanced"), "l03": ("runs", "base", "clustering", "pruning"),
          "mnist": ("runs", "conversion", "ptq", "qat", "pruning", "sizes", "report"),
          "kenning": ("pruning", "clustering", "training", "output", "scenarios"),
          "hybrid": ("sparse", "decompose", "replace", "loss", "budget")}
"""The groups of criteria that runs of the code decide."""
FEWEST = {"l02": (24, 9), "l03": (24, 9), "mnist": (25, 8), "kenning": (28, 2), "hybrid": (40, 10)}
"""The mistakes and the right submissions that a lab is judged by at least."""
ALL = [case for cases in CASES.values() for case in cases]


def written(folder: Path, text: str, kind: str = MISTAKES) -> Path:
    """A case file with this text, where a case of lab 2 would lie."""
    path = folder / kind / "l02" / "a-case.toml"
    path.parent.mkdir(parents=True)
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize("lab", CASES)
def test_there_are_enough(lab: str) -> None:
    """A lab is judged by enough mistakes and right submissions, and no two of its cases have one title."""
    cases = CASES[lab]
    kinds = Counter(case.path.parent.parent.name for case in cases)
    mistakes, right = FEWEST[lab]
    assert kinds[MISTAKES] >= mistakes
    assert kinds[CORRECT] >= right
    assert not [title for title, count in Counter(case.title for case in cases).items() if count > 1]


def test_every_file_is_a_case() -> None:
    """Nothing lies beside the cases that would never be run, neither a file nor a lab's folder."""
    files = {path for kind in (MISTAKES, CORRECT) for path in (CORPUS / kind).rglob("*") if path.is_file()}
    assert files == {case.path for case in ALL} | {case.path for folder in WRITTEN for case in load_all(folder)}


def test_the_readme_counts_them() -> None:
    """Those of all labs, and of summaries and histories."""
    counted = [sum(1 for _ in (CORPUS / kind).rglob("*.toml")) for kind in (MISTAKES, CORRECT)]
    text = (REPOSITORY / "README.md").read_text(encoding="utf-8")
    assert f"{counted[0]} wrong and {counted[1]} right-but-different submissions" in text


@pytest.mark.parametrize("lab", CASES)
def test_every_criterion_can_be_lost(lab: str) -> None:
    """Each criterion that a run of the code decides, or a notebook as submitted, is cost by some mistake."""
    cases = CASES[lab]
    tested = [criterion for criterion in cases[0].lab.criteria if criterion.marked_by == "tests"]
    criteria = {criterion.id for criterion in tested if criterion.id.split(".")[1] in GROUPS[lab]}
    assert criteria == {cost.criterion for case in cases for cost in case.costs}


@pytest.mark.parametrize("case", ALL, ids=lambda case: f"{case.path.parent.name}/{case.id}")
def test_changes_apply(case: Case, tmp_path: Path) -> None:
    """The changes apply to the reference as it is now, and what comes out is Python where it is meant to be."""
    folder = build(case, tmp_path / "submission")
    for path in folder.rglob("*.py"):
        if any("SyntaxError" in wording for wording in case.names):
            continue
        ast.parse(path.read_text(encoding="utf-8-sig"), filename=f"{case.id}: {path.name}")


def test_a_case_is_read(tmp_path: Path) -> None:
    """A well-formed file becomes a case; the student's file is what changes are to, and lost what criteria are."""
    case = load(written(tmp_path, HEAD + CHANGE))
    assert (case.id, case.changes[0].file) == ("mistakes/a-case", FILE)
    assert [(cost.criterion, cost.verdict, cost.earned) for cost in case.costs] == [
        ("l02.int8.quantise", Verdict.LOST, 0.0)
    ]


def test_every_kind_of_change(tmp_path: Path) -> None:
    """Texts are exchanged, files added and deleted, and one comes from Windows; the reference stays as it is."""
    changes = """
[[changes]]
file = "notes/more.txt"
content = "new\\n"

[[changes]]
file = "dl_in_iot_course/misc/draw.py"
delete = true

[[changes]]
windows = true
"""
    before = (REFERENCE / FILE).read_bytes()
    folder = build(load(written(tmp_path, HEAD + CHANGE + changes)), tmp_path / "submission")
    data = (folder / FILE).read_bytes()
    assert data == b"\xef\xbb\xbf" + before.replace(b"CLASS = 5", b"CLASS = 6").replace(b"\n", b"\r\n")
    assert (folder / "notes" / "more.txt").read_bytes() == b"new\n"
    assert not (folder / "dl_in_iot_course" / "misc" / "draw.py").exists()
    assert (REFERENCE / FILE).read_bytes() == before
    assert not list(folder.rglob("__pycache__"))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ('old = "no such text\\n  at all"\nnew = ""', f"{FILE} has 0 places, not 1, that read 'no such text at all'"),
        ('old = "IMBALANCED_CLASS"\nnew = ""', f"{FILE} has 2 places, not 1, that read 'IMBALANCED_CLASS'"),
        ('file = "no/such.py"\nold = "a"\nnew = "b"', "there is no no/such.py to change"),
        ('file = "no/such.py"\ndelete = true', "there is no no/such.py to change"),
    ],
)
def test_a_change_that_does_not_apply(change: str, message: str, tmp_path: Path) -> None:
    """The error names the case, the file and the text."""
    case = load(written(tmp_path, f"{HEAD}\n[[changes]]\n{change}\n"))
    with pytest.raises(CaseError) as caught:
        build(case, tmp_path / "submission")
    assert str(caught.value) == f"a-case.toml: {message}"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('title = "A title"', "", "no 'title'"),
        ('why = "A reason"', 'why = " "', "'why' is empty"),
        ('select = "int8-0.01"', "select = 3", "select = 3: expected str"),
        ('names = ["np.rint"]', "", "no 'names'"),
        ('names = ["np.rint"]', "names = []", "'names' is empty"),
        ('names = ["np.rint"]', 'names = [""]', "names: expected texts, found ''"),
        ('title = "A title"', 'title = "A title"\nwall_limit = true', "wall_limit = True: expected int or float"),
        (
            'title = "A title"',
            'title = "A title"\ntitel = "A title"',
            "unknown key 'titel'; there are based_on, bonus",
        ),
        ('title = "A title"', "title = A title", "Invalid value (at line 2, column 9)"),
        ('["l02.int8.quantise"]', "[]", "'costs' is empty"),
        ('"l02.int8.quantise"', '"l02.int8.quantize"', "'l02.int8.quantize' is no criterion of l02_quantization"),
        ('"l02.int8.quantise"', '"l02.summary"', "'l02.summary' is no criterion of l02_quantization that tests decide"),
        ('"l02.int8.quantise"', "7", "an entry of costs: expected a table, found 7"),
        ('"l02.int8.quantise"', '{ verdict = "lost" }', "no 'criterion'"),
        (
            '"l02.int8.quantise"',
            '{ criterion = "l02.int8.quantise", verdict = "earned" }',
            "l02.int8.quantise: 'earned' is no verdict that costs points",
        ),
        (
            '"l02.int8.quantise"',
            '{ criterion = "l02.int8.quantise", verdict = "partial" }',
            "l02.int8.quantise: 0 points left do not go with the verdict 'partial'",
        ),
        (
            '"l02.int8.quantise"',
            '{ criterion = "l02.int8.quantise", earned = 0.25 }',
            "l02.int8.quantise: 0.25 points left do not go with the verdict 'lost'",
        ),
        ('new = "IMBALANCED_CLASS = 6"', "", "change 1 has ['old']; expected 'old' and 'new'; or 'content'"),
        ("CLASS = 6", "CLASS = 5", "change 1 replaces 'IMBALANCED_CLASS = 5' with itself"),
        ('new = "IMBALANCED_CLASS = 6"', "new = 6", "change 1: new = 6: expected str"),
        ("old =", 'file = "../a.py"\nold =', "change 1: file = '../a.py': expected a path below the submission"),
        ("old =", 'file = "/a.py"\nold =', "change 1: file = '/a.py': expected a path below the submission"),
        (CHANGE, "[[changes]]\ndelete = false", "change 1 changes nothing"),
        (CHANGE, "", "no 'changes'"),
    ],
)
def test_a_bad_file(old: str, new: str, message: str, tmp_path: Path) -> None:
    """The error names the file and says what is wrong in it."""
    assert old in HEAD + CHANGE
    with pytest.raises(CaseError) as caught:
        load(written(tmp_path, (HEAD + CHANGE).replace(old, new)))
    assert str(caught.value).startswith("a-case.toml: ")
    assert message in str(caught.value)


def test_a_right_submission_costs_nothing(tmp_path: Path) -> None:
    """Below ``correct/`` there is nothing to lose."""
    with pytest.raises(CaseError, match=r"a-case\.toml: a case below correct/ costs nothing"):
        load(written(tmp_path, HEAD + CHANGE, CORRECT))


def test_cells_are_added_to_a_notebook(tmp_path: Path) -> None:
    """Before and after all others, never executed or with outputs, which may be of any kind."""
    path = tmp_path / "a.ipynb"
    old = {"cell_type": "code", "execution_count": 4, "outputs": [], "source": ["x = 1"]}
    path.write_text(json.dumps({"cells": [old, {"cell_type": "markdown", "source": "text"}]}))
    outputs = '[{"output_type": "stream", "text": "\\ud800"}]'
    for change in (
        Change("a.ipynb", prepend="\nimport os\n"),
        Change("a.ipynb", append="y = 2\nprint(y)"),
        Change("a.ipynb", append="print(3)", outputs=outputs),
    ):
        apply(change, tmp_path, "a case")
    first, second, text, third, last = json.loads(path.read_text())["cells"]
    assert (first["source"], first["execution_count"], first["outputs"]) == (["import os"], None, [])
    assert (second, text["source"]) == (old, "text")
    assert (third["source"], third["execution_count"]) == (["y = 2\n", "print(y)"], None)
    assert (last["execution_count"], last["outputs"]) == (5, json.loads(outputs))
