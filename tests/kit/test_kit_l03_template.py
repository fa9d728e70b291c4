"""Lab 3's files: what template and reference share, what the template says, and the command line."""

from __future__ import annotations

import ast
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

FOLDER = "dl_in_iot_course/l03_pruning_clustering"
LAB = f"{FOLDER}/pruning_clustering_experiments.py"
MODULE = "dl_in_iot_course.l03_pruning_clustering.pruning_clustering_experiments"
CLASSES = ("TFMOTOptimizedModel", "ClusteredModel", "PrunedModel")
CLUSTERED = [f"clustered-{clusters}-fp32" for clusters in (2, 4, 8, 16, 32)]
PRUNED = [f"pruned-{sparsity}-fp32" for sparsity in (0.2, 0.4, 0.5)]
TO_WRITE = [
    ("TFMOTOptimizedModel", "prepare_model", []),
    ("TFMOTOptimizedModel", "preprocess_input", [None]),
    ("TFMOTOptimizedModel", "run_inference", []),
    ("TFMOTOptimizedModel", "postprocess_outputs", [None]),
    ("ClusteredModel", "compress_and_fine_tune", ["original.h5"]),
    ("PrunedModel", "compress_and_fine_tune", ["original.h5"]),
]
STAND_IN = """
from unittest.mock import MagicMock

def __getattr__(name):
    if name.startswith("__"):
        raise AttributeError(name)
    return MagicMock(name=name)
"""


@pytest.fixture
def lab(python: Callable[..., Any], tmp_path: Path) -> Callable[..., Any]:
    """Run a fresh Python in a kit's folder, where TensorFlow and tfmot do nothing, whatever is called of them."""
    for name in ("tensorflow", "tensorflow_model_optimization"):
        (tmp_path / "empty_modules" / f"{name}.py").write_text(STAND_IN)
    return python


def classes(root: Path) -> dict[str, ast.ClassDef]:
    body = ast.parse((root / LAB).read_text()).body
    return {node.name: node for node in body if isinstance(node, ast.ClassDef)}


def methods(node: ast.ClassDef) -> dict[str, ast.FunctionDef]:
    return {child.name: child for child in node.body if isinstance(child, ast.FunctionDef)}


def without_docstring(function: ast.FunctionDef) -> str:
    return "\n".join(ast.unparse(statement) for statement in function.body[1:])


def test_the_package_is_equal(repository: Path) -> None:
    """Template and reference have the same __init__.py."""
    both = [(repository / root / FOLDER / "__init__.py").read_bytes() for root in ("student_template", "reference")]

    assert both[0] == both[1]


@pytest.mark.parametrize("name", ["optimize_model", "batches"])
def test_given_methods_are_equal(repository: Path, name: str) -> None:
    """What sets up the training does the same in template and reference."""
    both = [
        methods(classes(repository / root)["TFMOTOptimizedModel"])[name] for root in ("student_template", "reference")
    ]

    assert ast.unparse(both[0].args) == ast.unparse(both[1].args)
    assert without_docstring(both[0]) == without_docstring(both[1])


def test_given_schedule_is_equal(repository: Path) -> None:
    """The template's PrunedModel has the epochs and the schedule of the reference's."""
    (template, reference) = (
        methods(classes(repository / root)["PrunedModel"])["compress_and_fine_tune"]
        for root in ("student_template", "reference")
    )

    for wanted in ("self.epochs = 4", "ConstantSparsity(self.target_sparsity, begin_step=0, end_step=1, frequency=1)"):
        assert wanted in ast.unparse(template)
        assert wanted in ast.unparse(reference)


def test_command_line_is_equal(repository: Path) -> None:
    """All that follows the classes, the command line, is the same in template and reference."""
    tails = []
    for root in ("student_template", "reference"):
        last = classes(repository / root)[CLASSES[-1]]
        tails.append("\n".join((repository / root / LAB).read_text().splitlines()[last.end_lineno :]))

    assert tails[0] == tails[1]
    assert "def main(" in tails[0]


def test_constructors_are_the_course_s(lab: Callable[..., Any], kit_root: Path) -> None:
    """Parameter names and defaults of the constructors are those that existing submissions call."""
    code = (
        f"import inspect, json, {MODULE} as lab\n"
        f"print(json.dumps({{name: {{key: None if value.default is inspect.Parameter.empty else str(value.default)"
        f" for key, value in inspect.signature(getattr(lab, name)).parameters.items()}} for name in {CLASSES!r}}}))"
    )
    common = {"dataset": None, "modelpath": None, "originalmodel": "None", "logdir": "None"}

    done = lab(kit_root, "-c", code)

    assert (done.code, done.err) == (0, "")
    assert json.loads(done.out) == {
        "TFMOTOptimizedModel": common,
        "ClusteredModel": {**common, "num_clusters": "16"},
        "PrunedModel": {**common, "target_sparsity": "0.3"},
    }


@pytest.mark.parametrize(("name", "method", "arguments"), TO_WRITE, ids=lambda value: str(value) or None)
def test_stubs_say_what_to_write(
    lab: Callable[..., Any], repository: Path, name: str, method: str, arguments: list[Any]
) -> None:
    """Each method to write raises NotImplementedError with a sentence that starts with its name."""
    code = (
        f"import {MODULE} as lab\n"
        f"untouched = object.__new__(lab.{name})\n"
        "untouched.target_sparsity = 0.5\n"
        f"try: untouched.{method}(*{arguments!r})\n"
        "except NotImplementedError as missing: print(missing)"
    )

    done = lab(repository / "student_template", "-c", code)

    assert done.code == 0
    assert done.out.startswith(f"{name}.{method}: ")
    assert len(done.out) > 80
    assert done.out.count("\n") == 1


def test_the_reference_has_every_method(repository: Path) -> None:
    """What the template leaves to write is there in the reference, its own or lab 2's."""
    found = classes(repository / "reference")

    assert [ast.unparse(base) for base in found["TFMOTOptimizedModel"].bases] == ["FP32Model"]
    for name in ("ClusteredModel", "PrunedModel"):
        assert "NotImplementedError" not in ast.unparse(methods(found[name])["compress_and_fine_tune"])


def test_legacy_keras_is_chosen_before_tensorflow(lab: Callable[..., Any], kit_root: Path, tmp_path: Path) -> None:
    """When the lab imports TensorFlow and tfmot, TF_USE_LEGACY_KERAS is set already."""
    for name in ("tensorflow", "tensorflow_model_optimization"):
        (tmp_path / "empty_modules" / f"{name}.py").write_text("import os; print(os.environ['TF_USE_LEGACY_KERAS'])")

    done = lab(kit_root, "-c", f"import {MODULE}")

    assert (done.code, done.out, done.err) == (0, "1\n1\n", "")


@pytest.fixture
def arguments(small_dataset: Path, tmp_path: Path) -> list[str | Path]:
    """The options that every run needs."""
    (tmp_path / "model.h5").touch()
    return ["--model-path", tmp_path / "model.h5", "--dataset-root", small_dataset, "--results-path", tmp_path / "out"]


def test_unwritten_tasks_take_a_line_each(
    lab: Callable[..., Any], repository: Path, arguments: list[str | Path]
) -> None:
    """The template runs every task, reports each as not implemented in one line, and exits with 1."""
    done = lab(repository / "student_template", "-m", MODULE, *arguments)

    assert done.code == 1
    assert [line.split(":")[:3] for line in done.err.splitlines()] == [
        [task, " not implemented yet", f" {name}.compress_and_fine_tune"]
        for name, tasks in (("ClusteredModel", CLUSTERED), ("PrunedModel", PRUNED))
        for task in tasks
    ]


@pytest.mark.parametrize(
    ("chosen", "run"),
    [
        (["all"], [*CLUSTERED, *PRUNED]),
        (["clustered-all"], CLUSTERED),
        (["pruned-all", "clustered-all"], [*PRUNED, *CLUSTERED]),
        (["pruned-0.4-fp32", "clustered-8-fp32", "pruned-0.4-fp32"], ["pruned-0.4-fp32", "clustered-8-fp32"]),
        (["pruned-0.4-fp32", "pruned-all"], ["pruned-0.4-fp32", "pruned-0.2-fp32", "pruned-0.5-fp32"]),
    ],
    ids=lambda value: value[0],
)
def test_chosen_tasks_run_once(
    lab: Callable[..., Any], repository: Path, arguments: list[str | Path], chosen: list[str], run: list[str]
) -> None:
    """Tasks and groups of tasks run each once, in the order given."""
    done = lab(repository / "student_template", "-m", MODULE, *arguments, "--tasks", *chosen)

    assert [line.split(":")[0] for line in done.err.splitlines()] == run


RECORD = """
import json, sys
import {module} as lab

made = []

class Recorder:
    def __init__(self, dataset, modelpath, originalmodel, logdir, value):
        made.append([type(self).__name__, modelpath.name, originalmodel.name, logdir.name, value])

    def test_inference(self, resultspath, prefix, fraction):
        made[-1] += [resultspath.name, prefix, fraction]

for name in ("ClusteredModel", "PrunedModel"):
    setattr(lab, name, type(name, (Recorder,), {{}}))
code = lab.main(sys.argv[1:])
print(json.dumps(made))
sys.exit(code)
"""


def test_tasks_make_the_variants(lab: Callable[..., Any], kit_root: Path, arguments: list[str | Path]) -> None:
    """Each task hands its class the files, the log folder and the number that the assignment names."""
    chosen = ["--tasks", "clustered-4-fp32", "pruned-0.2-fp32", "--test-dataset-fraction", "0.5"]

    done = lab(kit_root, "-c", RECORD.format(module=MODULE), *arguments, *chosen)

    assert (done.code, done.err) == (0, "")
    assert json.loads(done.out) == [
        ["ClusteredModel", "model.clustered-4.tflite", "model.h5", "clusterlog-4", 4, "out", "clustered-4-fp32", 0.5],
        ["PrunedModel", "model.pruned-0.2.tflite", "model.h5", "prunelog-0.2", 0.2, "out", "pruned-0.2-fp32", 0.5],
    ]


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        (["--tasks", "clustered-3-fp32"], "invalid choice: 'clustered-3-fp32'"),
        (["--model-path", "nowhere.h5"], "there is no model nowhere.h5"),
        (["--dataset-root", "nowhere"], "trainval.txt is missing"),
        (["--test-dataset-fraction", "0"], "must be above 0 and at most 1, not 0"),
    ],
)
def test_wrong_use_is_one_line(
    lab: Callable[..., Any], kit_root: Path, arguments: list[str | Path], changed: list[str], said: str
) -> None:
    """A wrong option or a missing file is one line that says what is wrong, and exit code 2."""
    done = lab(kit_root, "-m", MODULE, *arguments, *changed)

    assert (done.code, done.out) == (2, "")
    assert done.err.startswith("error: ")
    assert said in done.err
    assert done.err.count("\n") == 1


def test_the_assignment_names_every_variant(repository: Path) -> None:
    """The page lists all variants and groups of tasks, and its points are the lab's 18."""
    text = (repository / "student_template" / FOLDER / "README.md").read_text()
    rows = [line.split("|") for line in text.partition("## How it is graded")[2].splitlines() if line.startswith("|")]

    assert sum(float(row[2]) for row in rows[2:]) == 18
    for word in ("clustered-2-fp32", "-4-", "-8-", "-16-", "-32-", "pruned-0.2-fp32", "-0.4-", "-0.5-"):
        assert word in text
    for word in ("clustered-all", "pruned-all", "clusterlog-<clusters>", "prunelog-<sparsity>"):
        assert word in text


def test_the_summary_s_page_names_every_variant(repository: Path) -> None:
    """The page on the summary has a row for each variant, as the script writes them."""
    text = (repository / "student_template/summaries/l03_pruning_clustering/README.md").read_text()

    assert [task for task in [*CLUSTERED, *PRUNED] if f"| {task} |" not in text] == []
