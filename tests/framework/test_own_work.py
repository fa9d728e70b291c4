"""Whether anything of a lab was done, and which files are its own."""

from __future__ import annotations

from pathlib import Path

import pytest

from graders.core.errors import RunError
from graders.core.paths import REFERENCE, TEMPLATE
from graders.core.verdicts import Verdict
from graders.framework import own_work
from graders.framework.own_work import own_paths, require_started
from graders.framework.registry import definitions
from graders.framework.unstarted import unstarted_module
from graders.labs.l03_pruning_clustering.lab import LAB as COMPRESSION
from graders.labs.mnist_compression.lab import LAB as NOTEBOOK
from graders.labs.mnist_compression.unstarted import unstarted_notebook

LAB = COMPRESSION.lab
MODULES = [lab for lab in definitions() if lab.student_file.endswith(".py")]
STUB = (TEMPLATE / LAB.student_file).read_text(encoding="utf-8")


def stated(tmp_path: Path, code: str) -> str:
    file = tmp_path / LAB.student_file
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(code, encoding="utf-8")
    return unstarted_module(tmp_path, LAB)


@pytest.mark.parametrize("lab", MODULES, ids=lambda lab: lab.id)
def test_the_template_is_not_started_and_the_reference_is(lab: object) -> None:
    """For each lab that is a module."""
    assert "is not written yet" in unstarted_module(TEMPLATE, lab)  # type: ignore[arg-type]
    assert unstarted_module(REFERENCE, lab) == ""  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("self.num_clusters = num_clusters\n", "self.num_clusters = num_clusters\n        self.seen = 1\n"),
        ("import tensorflow as tf", "import tensorflow as tf  # TODO: my notes"),
    ],
)
def test_small_changes_to_what_is_given_are_no_start(tmp_path: Path, old: str, new: str) -> None:
    """No method is written by them."""
    assert stated(tmp_path, STUB.replace(old, new, 1))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("class TFMOTOptimizedModel(ModelTester)", "class TFMOTOptimizedModel(FP32Model)"),
        ("class ClusteredModel", "def helper(model):\n    return model\n\n\nclass ClusteredModel"),
        ("class PrunedModel", "class Other"),
        ("class ", "class ("),
    ],
)
def test_any_sign_of_work_is_a_start(tmp_path: Path, old: str, new: str) -> None:
    """Another base, a helper, a class that comes from elsewhere; and a file that does not parse."""
    assert stated(tmp_path, STUB.replace(old, new, 1)) == ""


def test_a_summary_is_work_even_without_code(tmp_path: Path) -> None:
    """The lab counts as started with one; without one its verdict is missing."""
    stated(tmp_path, STUB)
    with pytest.raises(RunError) as raised:
        require_started(tmp_path, COMPRESSION, LAB)
    assert raised.value.verdict is Verdict.MISSING
    summary = tmp_path / "summaries" / LAB.id / "summary.md"
    summary.parent.mkdir(parents=True)
    summary.write_text("# What I measured\n\nNothing yet.\n")
    require_started(tmp_path, COMPRESSION, LAB)


def test_a_notebook_is_started_with_a_step_or_an_executed_cell(tmp_path: Path) -> None:
    """The template is not; comments and texts that name the steps are none."""
    lab = NOTEBOOK.lab
    file = tmp_path / lab.student_file
    file.parent.mkdir()
    cell = '{"cell_type": "code", "execution_count": %s, "metadata": {}, "outputs": [], "source": ["%s"]}'
    form = '{"cells": [%s], "metadata": {}, "nbformat": 4, "nbformat_minor": 4}'
    for count, source, started in (
        ("null", "# quantize_model(m)", False),
        ("null", "hint = 'TFLiteConverter'", False),
        ("null", "m = quantize_model(m)", True),
        ("1", "pass", True),
    ):
        file.write_text(form % (cell % (count, source)))
        assert (unstarted_notebook(tmp_path, lab) == "") is started, source
    assert "still has the template's gap" in unstarted_notebook(TEMPLATE, lab)
    assert unstarted_notebook(REFERENCE, lab) == ""


CODE = '{"cells": [{"cell_type": "code", "source": ["%s"]}]}'


def test_a_notebook_shares_its_folder_with_others(tmp_path: Path) -> None:
    """Alone, or beside versions of itself, the folder is the lab's; beside other notebooks only the lab's files are.

    A notebook of text alone is a report, so none of another lab.
    """
    lab = NOTEBOOK.lab
    folder = tmp_path / "mnist_compression"
    folder.mkdir()
    (folder / "quantization_and_pruning.ipynb").write_text("{}")
    assert own_paths(tmp_path, lab) == lab.paths
    (folder / "first try.ipynb").write_text(CODE % "model_builder convert_tflite q_aware_model")
    assert own_paths(tmp_path, lab) == lab.paths
    (folder / "lab report.ipynb").write_text('{"cells": [{"cell_type": "markdown", "source": ["# Report"]}]}')
    assert own_paths(tmp_path, lab) == lab.paths
    (folder / "serving.ipynb").write_text(CODE % "import flask")
    assert own_paths(tmp_path, lab) == (lab.student_file, "mnist_compression/first try.ipynb")


def test_a_notebook_too_large_to_be_read_is_other_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever is in it: it is no report of text alone, and no version of the lab's notebook that can be told."""
    lab = NOTEBOOK.lab
    folder = tmp_path / "mnist_compression"
    folder.mkdir()
    (folder / "quantization_and_pruning.ipynb").write_text("{}")
    (folder / "first try.ipynb").write_text(CODE % "model_builder convert_tflite q_aware_model")
    assert own_paths(tmp_path, lab) == lab.paths
    monkeypatch.setattr("graders.framework.own_work.LARGEST_NOTEBOOK", 20)
    assert own_paths(tmp_path, lab) == (lab.student_file,)


def test_notebooks_beside_the_lab_s_are_read_up_to_some_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is beyond counts as code of no lab, as one that is too large does; none is kept in memory."""
    folder = tmp_path / "mnist_compression"
    folder.mkdir()
    text = '{"cells": [], "metadata": {}}'
    for name in ("a.ipynb", "b.ipynb", "quantization_and_pruning.ipynb"):
        (folder / name).write_text(text)
    lab = NOTEBOOK.lab
    assert own_paths(tmp_path, lab) == lab.paths
    monkeypatch.setattr(own_work, "LARGEST_NOTEBOOK", len(text))
    assert own_paths(tmp_path, lab) == (lab.student_file, *(path for path in lab.paths if path != "mnist_compression"))
