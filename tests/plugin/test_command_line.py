"""The command line of ``pytest graders``: what it refuses, what it collects, and what it never reads."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

USAGE = 4
Run = Callable[..., Any]

# By name: the arguments after "graders", and a part of the one line that they are answered with.
REFUSED: dict[str, tuple[list[str], str]] = {
    "no submission": ([], "Type: pytest graders --submission PATH"),
    "no such path": (["--submission", "no/such/folder"], "--submission no/such/folder: no such path"),
    "a file": (["--submission", "pyproject.toml"], "--submission pyproject.toml: neither a folder nor a ZIP archive"),
    "unknown lab": (["--submission", "student_template", "--lab", "l99"], "--lab l99: no such lab; there are"),
    "unknown profile": (["--submission", "student_template", "--profile", "mars"], "no profile 'mars': choose one of"),
    "a real profile without its data": (
        ["--submission", "student_template", "--profile", "oxford_pets"],
        "needs --dataset-root DIR",
    ),
    "data for the embedded profile": (
        ["--submission", "student_template", "--dataset-root", "fixtures"],
        "add --profile oxford_pets",
    ),
    "a data set that is none": (
        ["--submission", "student_template", "--profile", "oxford_pets", "--dataset-root", "docs", "--model-path", "x"],
        "--dataset-root docs: no images in it",
    ),
    "two sources of hidden values": (
        ["--submission", "student_template", "--secret-file", "LICENSE", "--seed", "1"],
        "--seed and --secret-file: hidden values are drawn from one or the other",
    ),
    "a secret of the student's": (
        ["--submission", "student_template", "--secret-file", "student_template/README.md"],
        "--secret-file student_template/README.md lies in student_template, which students' code can read",
    ),
    "no secret": (
        ["--submission", "student_template", "--secret-file", "no/such/file"],
        "can't be read: No such file",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_can_not_be_is_refused_in_one_line(case: str, run: Run, tmp_path: Path) -> None:
    """What can't be ends with exit code 4, one line that says what to type, and no folder for reports."""
    arguments, told = REFUSED[case]
    ended = run("graders", *arguments, "--report-dir", tmp_path / "report")
    assert ended.code == USAGE
    assert not (tmp_path / "report").exists()
    assert len(ended.lines) == 1
    assert ended.lines[0].startswith("ERROR: ")
    assert told in ended.lines[0]
    assert "Traceback" not in ended.err


@pytest.mark.parametrize("arguments", [["--isolation", "total"], ["--seed", "many"], ["--fail-under", "lots"]])
def test_values_that_are_none_are_refused(arguments: list[str], run: Run) -> None:
    """A value that an option can't have ends with exit code 4, and the option is named."""
    ended = run("graders", "--submission", "student_template", *arguments)
    assert ended.code == USAGE
    assert f"argument {arguments[0]}: invalid" in ended.err
    assert arguments[1] in ended.err


@pytest.mark.parametrize("tests", [[], ["tests"]])
def test_a_submission_without_graders_is_refused(tests: list[str], run: Run) -> None:
    """A submission that nothing is asked to grade is a usage error, not a run of the suite's own tests."""
    ended = run(*tests, "--submission", "student_template")
    assert ended.code == USAGE
    assert ended.lines == ["ERROR: --submission goes with 'graders': pytest graders --submission PATH"]


def test_an_unknown_option_is_refused(run: Run) -> None:
    """An option that there is not, or a misspelt one, is refused and named."""
    ended = run("graders", "--submision", "student_template")
    assert ended.code == USAGE
    assert "--submision" in ended.err


def collected(ended: Any) -> list[str]:
    assert ended.code == 0, ended.err
    return [line for line in ended.out.splitlines() if "::" in line]


@pytest.fixture(scope="module")
def everything(run: Run) -> Any:
    """What collecting without a submission came to."""
    return run("graders", "--collect-only", "-q", plugins=("imported",))


def test_collecting_needs_no_submission(everything: Any) -> None:
    """Tests can be listed without a submission, and each is repeated for its runs."""
    tests = collected(everything)
    names = Counter(test.split("::")[1].split("[")[0] for test in tests if "test_int8.py" in test)
    assert names["test_calibration_samples"] == 5
    assert names["test_latency"] == 1
    assert any(test.endswith("test_imbalanced.py::test_calibration_samples[imbalanced-renumbered]") for test in tests)
    assert any(test.endswith("l03_pruning_clustering/lab.toml::test_question[question 4]") for test in tests)


def test_collecting_imports_nothing_heavy(everything: Any) -> None:
    """Listing tests imports neither TensorFlow nor scikit-learn, nor anything that only grading needs."""
    tops = {name.split(".")[0] for name in everything.imported}
    assert "graders" in tops
    assert not tops & {"tensorflow", "keras", "tf_keras", "sklearn", "scipy", "pandas", "ai_edge_litert", "PIL", "numpy"}


def test_collecting_imports_nothing_of_the_students(run: Run, submission: Path, tmp_path: Path) -> None:
    """Listing tests for a submission imports nothing out of it, starts nothing for it, and writes no report."""
    report = tmp_path / "report"
    arguments = (f"--submission={submission}", "--collect-only", "-q", "--report-dir", report)
    ended = run("graders", *arguments, plugins=("imported", "unused_servers"))
    assert collected(ended)
    assert not (submission / "READ").exists()
    assert not [name for name in ended.imported if name.startswith("dl_in_iot_course")]
    assert not report.exists()


def test_a_lab_may_be_chosen(run: Run, everything: Any) -> None:
    """With --lab only that lab's tests are left."""
    chosen = collected(run("graders", "--collect-only", "-q", "--lab", "l02"))
    assert chosen == [test for test in collected(everything) if "/l02_quantization/" in test]
    assert chosen


def test_runs_may_be_chosen(run: Run) -> None:
    """pytest's own -k picks runs by name."""
    tests = collected(run("graders", "--collect-only", "-q", "-k", "fp32"))
    assert tests
    assert all("fp32" in test for test in tests)


# Whatever order: the option's value may stand by itself, so that pytest could take it for a folder of tests.
ORDERS: dict[str, Callable[[Path], list[str]]] = {
    "joined": lambda path: ["graders", f"--submission={path}"],
    "apart": lambda path: ["graders", "--submission", str(path)],
    "joined, first": lambda path: [f"--submission={path}", "graders"],
    "apart, first": lambda path: ["--submission", str(path), "graders"],
}


@pytest.mark.parametrize("order", ORDERS)
def test_a_students_conftest_is_never_read(order: str, run: Run, submission: Path) -> None:
    """A conftest.py in a submission is not imported, however the submission is named."""
    (submission / "conftest.py").write_text(f"open({str(submission / 'READ')!r}, 'w').close()\n")
    assert collected(run(*ORDERS[order](submission), "--collect-only", "-q"))
    assert not (submission / "READ").exists()


CONFIGURATIONS = {
    "pytest.ini": "[pytest]\naddopts = --nonsense-of-the-students\n",
    "pyproject.toml": '[tool.pytest.ini_options]\naddopts = "--nonsense-of-the-students"\n',
    "tox.ini": "[pytest]\naddopts = --nonsense-of-the-students\n",
    "setup.cfg": "[tool:pytest]\naddopts = --nonsense-of-the-students\n",
}


@pytest.mark.parametrize("order", ["joined", "apart", "joined, first"])
def test_a_students_configuration_is_never_read(order: str, run: Run, submission: Path, everything: Any) -> None:
    """Configuration of pytest and tests in a submission change nothing, however the submission is named."""
    for name, text in CONFIGURATIONS.items():
        (submission / name).write_text(text)
    (submission / "test_mine.py").write_text("def test_full_marks(): pass\n")
    ended = run(*ORDERS[order](submission), "--collect-only", "-q")
    assert "nonsense" not in ended.err
    assert collected(ended) == collected(everything)


@pytest.mark.parametrize("addopts", ["", "addopts = --exit-zero -p no:html\n"])
def test_a_students_configuration_is_refused_where_pytest_read_it(addopts: str, run: Run, submission: Path) -> None:
    """Where pytest took a submission's settings for its own, which it does before options are known, nothing is graded."""
    (submission / "pytest.ini").write_text(f"[pytest]\n{addopts}")
    ended = run(*ORDERS["apart, first"](submission))
    assert ended.code == USAGE
    assert len(ended.lines) == 1
    assert f"pytest took its settings from {submission / 'pytest.ini'}" in ended.lines[0]


@pytest.mark.xfail(
    reason="with a submission's pytest.ini in force our own is not, so nothing keeps its conftest.py out"
)
def test_a_students_conftest_beside_a_configuration_is_never_read(run: Run, submission: Path) -> None:
    """A conftest.py in a submission is not imported even where pytest took the submission's settings for its own."""
    (submission / "pytest.ini").write_text("[pytest]\n")
    (submission / "conftest.py").write_text(f"open({str(submission / 'READ')!r}, 'w').close()\n")
    assert run(*ORDERS["apart, first"](submission)).code == USAGE
    assert not (submission / "READ").exists()


def test_an_empty_submission_is_refused(run: Callable[..., Any]) -> None:
    """An unset variable in a script must not grade the current folder."""
    ended = run("graders", "--submission=", plugins=("unused_servers",))

    assert ended.code == 4
    assert any("--submission" in line and "empty" in line for line in ended.lines)


def test_a_grader_that_fails_at_the_end_says_so(run: Callable[..., Any], tmp_path: Path) -> None:
    """Without a scorecard the exit code is 3, never that of lost points, and one line says why."""
    empty, report = tmp_path / "ada", tmp_path / "report"
    empty.mkdir()
    plugins = ("unused_servers", "broken_assembly")
    ended = run("graders", f"--submission={empty}", f"--report-dir={report}", "--lab=l02", plugins=plugins)

    assert ended.code == 3
    assert [line for line in ended.lines if line.startswith("no scorecard: ") and "TypeError: no such part" in line]
    assert not (report / "scorecard.json").exists()
    assert "Traceback" not in ended.out + ended.err


@pytest.mark.parametrize(
    ("plugin", "told"),
    [
        ("no_files_for_runs", "no scorecard: "),
        ("no_files_for_results", ""),
        ("broken_at_the_end", "grading did not end properly: "),
    ],
)
def test_a_grader_that_breaks_never_ends_as_lost_points(
    run: Callable[..., Any], tmp_path: Path, plugin: str, told: str
) -> None:
    """Where pytest itself fails, as on a full disk or when its limits were changed, the exit code is 3, with one line."""
    empty, report = tmp_path / "ada", tmp_path / "report"
    empty.mkdir()
    ended = run(
        "graders", f"--submission={empty}", f"--report-dir={report}", "--lab=l02", plugins=("unused_servers", plugin)
    )

    assert ended.code == 3
    # pytest may have begun a line that its broken output did not end.
    assert [line for line in ended.lines if told in line and "the grader failed, which is no fault" in line], ended


@pytest.mark.parametrize("variable", ["OPTGRADE_CACHE", "XDG_CACHE_HOME"])
@pytest.mark.parametrize("more", [(), ("--no-cache",)])
def test_a_cache_in_the_submission_is_refused(
    variable: str, more: tuple[str, ...], run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its author could have put results there, and compiled templates, with a key of their own; links lead nowhere else."""
    (tmp_path / "ada" / "kept").mkdir(parents=True, mode=0o700)
    (tmp_path / "link").symlink_to(tmp_path / "ada" / "kept")
    monkeypatch.delenv("OPTGRADE_CACHE", raising=False)
    monkeypatch.setenv(variable, str(tmp_path / "link"))
    report = tmp_path / "report"
    ended = run("graders", f"--submission={tmp_path / 'ada'}", "--isolation=bare", "--report-dir", report, *more)
    assert ended.code == USAGE
    assert len(ended.lines) == 1
    assert "this cache folder lies in the submission: its author could have written it" in ended.lines[0]
