from __future__ import annotations

import ast
import inspect
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

LAB = Path("dl_in_iot_course/l02_quantization/quantization_experiments.py")
GIVEN = sorted(
    [
        "dl_in_iot_course/__init__.py",
        "dl_in_iot_course/l02_quantization/__init__.py",
        *(f"dl_in_iot_course/misc/{name}.py" for name in ("__init__", "draw", "metrics", "modeltester")),
        *(f"dl_in_iot_course/misc/{name}.py" for name in ("pet_dataset", "utils")),
    ]
)
CLASSES = ["NativeModel", "FP32Model", "INT8Model", "ImbalancedINT8Model"]
TO_WRITE = [
    ("NativeModel", "prepare_model", []),
    *[
        (name, method, arguments)
        for name in ("FP32Model", "INT8Model")
        for method, arguments in (
            ("optimize_model", [Path("original.h5")]),
            ("prepare_model", []),
            ("run_inference", []),
            ("postprocess_outputs", [None]),
        )
    ],
    ("INT8Model", "preprocess_input", [None]),
    ("ImbalancedINT8Model", "optimize_model", [Path("original.h5")]),
]
MODULE = "dl_in_iot_course.l02_quantization.quantization_experiments"


@pytest.mark.parametrize("path", GIVEN)
def test_given_files_are_equal(repository: Path, path: str) -> None:
    """Template and reference have the same given file, byte for byte."""
    given = (repository / "student_template" / path).read_bytes()

    assert (repository / "reference" / path).read_bytes() == given


def test_no_given_file_is_forgotten(kit_root: Path) -> None:
    """Every Python file of the kit is in the list of given files."""
    found = {path.relative_to(kit_root).as_posix() for path in (kit_root / "dl_in_iot_course/misc").rglob("*.py")}

    assert found <= set(GIVEN)


def signatures(module: ModuleType) -> dict[str, inspect.Signature]:
    """The signature of each public method that the lab's classes define themselves."""
    return {
        f"{name}.{method}": inspect.signature(function)
        for name in CLASSES
        for method, function in vars(getattr(module, name)).items()
        if inspect.isfunction(function)
    }


def test_signatures_are_equal(template_lab: ModuleType, reference_lab: ModuleType) -> None:
    """Template and reference define the same classes with the same bases, methods and signatures."""
    assert signatures(template_lab) == signatures(reference_lab)
    for name in CLASSES:
        bases = [getattr(module, name).__bases__[0].__name__ for module in (template_lab, reference_lab)]
        assert bases[0] == bases[1]


def test_constructors_are_the_course_s(template_lab: Any) -> None:
    """Parameter names and defaults of the constructors are those that existing submissions call."""
    common: dict[str, Any] = {
        "dataset": inspect.Parameter.empty,
        "modelpath": inspect.Parameter.empty,
        "originalmodel": None,
    }
    cases: list[tuple[str, dict[str, Any]]] = [
        ("NativeModel", {"logdir": None}),
        ("FP32Model", {"logdir": None}),
        ("INT8Model", {"calibrationdatasetpercent": 0.5}),
        ("ImbalancedINT8Model", {"calibrationdatasetpercent": 0.5}),
    ]
    for name, last in cases:
        parameters = inspect.signature(getattr(template_lab, name)).parameters
        assert {key: parameter.default for key, parameter in parameters.items()} == {**common, **last}


@pytest.mark.parametrize(("name", "method", "arguments"), TO_WRITE, ids=lambda value: str(value) or None)
def test_stubs_say_what_to_write(template_lab: Any, name: str, method: str, arguments: list[Any]) -> None:
    """Each method to write raises NotImplementedError with a sentence that starts with its name."""
    untouched = object.__new__(getattr(template_lab, name))

    with pytest.raises(NotImplementedError, match=rf"^{name}\.{method}: \w.{{30,}}"):
        getattr(untouched, method)(*arguments)


def test_command_line_is_equal(repository: Path) -> None:
    """All that follows the classes, the command line, is the same in template and reference."""
    tails = []
    for root in ("student_template", "reference"):
        text = (repository / root / LAB).read_text()
        body = ast.parse(text).body
        last_class = next(node for node in body if isinstance(node, ast.ClassDef) and node.name == CLASSES[-1])
        tails.append("\n".join(text.splitlines()[last_class.end_lineno :]))

    assert tails[0] == tails[1]
    assert "def main(" in tails[0]


def test_kit_is_quick_to_import(python: Callable[..., Any], kit_root: Path) -> None:
    """The kit imports NumPy and Pillow and no other large package until it needs one."""
    large = ("tensorflow", "matplotlib", "tqdm", "sklearn", "scipy", "pandas", "urllib.request", "tarfile")
    code = f"import sys, dl_in_iot_course.misc.modeltester; print(sorted(set(sys.modules) & set({large!r})))"

    done = python(kit_root, "-c", code)

    assert (done.code, done.out, done.err) == (0, "[]\n", "")


def test_legacy_keras_is_chosen_before_tensorflow(python: Callable[..., Any], kit_root: Path, tmp_path: Path) -> None:
    """When the lab imports TensorFlow, TF_USE_LEGACY_KERAS is set already."""
    (tmp_path / "empty_modules" / "tensorflow.py").write_text("import os; print(os.environ['TF_USE_LEGACY_KERAS'])")

    done = python(kit_root, "-c", f"import {MODULE}")

    assert (done.code, done.out, done.err) == (0, "1\n", "")


@pytest.fixture
def model(tmp_path: Path) -> Path:
    path = tmp_path / "model.h5"
    path.touch()
    return path


def test_unwritten_tasks_take_a_line_each(
    python: Callable[..., Any], repository: Path, small_dataset: Path, model: Path, tmp_path: Path
) -> None:
    """The template runs every task, reports each as not implemented in one line, and exits with 1."""
    arguments = ["--model-path", model, "--dataset-root", small_dataset, "--results-path", tmp_path / "results"]

    done = python(repository / "student_template", "-m", MODULE, *arguments)

    lines = done.err.splitlines()
    assert done.code == 1
    assert [line.split(":")[:2] for line in lines] == [
        [task, " not implemented yet"] for task in ("native", "fp32", "int8", "imbint8")
    ]
    assert lines[0].split(": ")[2] == "NativeModel.prepare_model"


def test_chosen_tasks_run_once(
    python: Callable[..., Any], repository: Path, small_dataset: Path, model: Path, tmp_path: Path
) -> None:
    """Only the chosen tasks run, each once, in the order given."""
    arguments = ["--model-path", model, "--dataset-root", small_dataset, "--results-path", tmp_path / "results"]

    done = python(repository / "student_template", "-m", MODULE, *arguments, "--tasks", "int8", "native", "int8")

    assert [line.split(":")[0] for line in done.err.splitlines()] == ["int8", "native"]


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"--tasks": "int9"}, "invalid choice: 'int9'"),
        ({"--model-path": "nowhere.h5"}, "there is no model nowhere.h5"),
        ({"--dataset-root": "nowhere"}, "trainval.txt is missing"),
        ({"--test-dataset-fraction": "1.5"}, "must be above 0 and at most 1, not 1.5"),
        ({"--test-dataset-fraction": "x"}, "invalid dataset_fraction value: 'x'"),
        ({"--results-path": None}, "required: --results-path"),
    ],
)
def test_wrong_use_is_one_line(
    python: Callable[..., Any],
    kit_root: Path,
    small_dataset: Path,
    model: Path,
    tmp_path: Path,
    changed: dict[str, str | None],
    said: str,
) -> None:
    """A wrong option or a missing file is one line that says what is wrong, and exit code 2."""
    options: dict[str, Any] = {
        "--model-path": model,
        "--dataset-root": small_dataset,
        "--results-path": tmp_path / "results",
        **changed,
    }
    arguments = [part for option, value in options.items() if value is not None for part in (option, value)]

    done = python(kit_root, "-m", MODULE, *arguments)

    assert (done.code, done.out) == (2, "")
    assert done.err.startswith("error: ")
    assert said in done.err
    assert done.err.count("\n") == 1
