"""Every command that the documentation shows is known here, and run."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.programs import requires
from tests.reports import samples

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").glob("*.md"), *(ROOT / "fixtures").glob("*/*/README.md")])
COMMAND = re.compile(r"(?:^ {4,7}|`)((?:make|pytest|python) [^`#\n]*?)(?:`| {3,}|$)", re.MULTILINE)
PY = sys.executable

# What is downloaded from gradebooks, and what an instructor says about it.
SHEETS = {
    "grades.csv": "Student,ID,SIS Login ID,Section,Lab 2 (101)\nAda,1,ada-lovelace,S,\n",
    "worksheet.csv": "Identifier,Full name,Grade,Last modified (grade),Feedback comments\nParticipant 1,ada-lovelace,,-,\n",
    "match.csv": "submission,student\nada-lovelace,ada-lovelace\n",
}


def exporting(words: str) -> list[str]:
    """The command that exports."""
    return [PY, "-m", "graders", "export", *words.split()]


# An earlier run of a regression, in which nothing was graded.
EARLIER = '{"schema": "optgrade/regression/v1", "environment": {}, "records": []}'

# How each command is run here; a word is substituted only where the reader has to put in something of his own.
RUN: dict[str, list[str]] = {
    "pytest graders --submission ./student": [
        PY,
        "-m",
        "pytest",
        "graders",
        "--submission",
        "{student}",
        "-k",
        "native",
    ],
    "pytest graders --submission ./student --quick": [
        PY, "-m", "pytest", "graders", "--submission", "{student}", "--quick", "--lab", "mnist",
    ],
    "pytest graders --submission ./student --marks ./report/marks.toml": [
        PY,
        "-m",
        "pytest",
        "graders",
        "--submission",
        "{student}",
        "--marks",
        "{marks}",
        "-k",
        "question",
    ],
    "python -m graders export report/ --to markdown": exporting("{card} --to markdown"),
    "python -m graders export report/ --to gradescope -o results.json": exporting(
        "{card} --to gradescope -o {out}/results.json"
    ),
    "python -m graders export reports/ --to junit -o report/junit.xml": exporting(
        "{out} --to junit -o {out}/report/junit.xml"
    ),
    "python -m graders export reports/ --to csv -o criteria.csv": exporting("{out} --to csv -o {out}/criteria.csv"),
    "python -m graders export report/ --to github": exporting("{card} --to github"),
    "python -m graders export report/ --to reporter": exporting("{card} --to reporter"),
    "python -m graders export reports/ --to canvas --sheet grades.csv --assignment 101 --lab l02": exporting(
        "{out} --to canvas --sheet {out}/grades.csv --assignment 101 --lab l02"
    ),
    "python -m graders export reports/ --to canvas --sheet grades.csv --assignment 101 --lab l02 --match match.csv --write": exporting(
        "{out} --to canvas --sheet {out}/grades.csv --assignment 101 --lab l02 --match {out}/match.csv --write"
    ),
    "python -m graders export reports/ --to moodle --sheet worksheet.csv --lab l02": exporting(
        "{out} --to moodle --sheet {out}/worksheet.csv --lab l02"
    ),
    "python -m graders export reports/ --to moodle --sheet worksheet.csv --lab l02 --feedback --write": exporting(
        "{out} --to moodle --sheet {out}/worksheet.csv --lab l02 --feedback --write"
    ),
    "make regress": ["make", "regress", "ARGS=history/pull-merges"],
    "python -m graders regress no-rounding": [PY, "-m", "graders", "regress", "history/never-committed"],
    "python -m graders regress --save before.json": [
        PY, "-m", "graders", "regress", "history/pull-merges", "--save", "{out}/now.json",
    ],
    "python -m graders regress --against before.json --html regression.html": [
        PY, "-m", "graders", "regress", "history/pull-merges",
        "--against", "{out}/before.json", "--html", "{out}/regression.html",
    ],
    "python -m graders regress --no-corpus --submissions ./autumn --save autumn.json": [
        PY, "-m", "graders", "regress", "--no-corpus", "--submissions", "{out}/autumn", "--save", "{out}/autumn.json",
    ],
    "python -m graders regress --no-corpus --submissions ./autumn --against autumn.json": [
        PY, "-m", "graders", "regress", "--no-corpus", "--submissions", "{out}/autumn", "--against", "{out}/before.json",
    ],
    "python -m graders doctor": [PY, "-m", "graders", "doctor"],
    "python -m graders device FILE...": [PY, "-m", "graders", "device", "tests/data/tflite/int8.tflite"],
    "python benchmarks/figures.py": [PY, "benchmarks/figures.py"],
    "python benchmarks/mutation.py": [PY, "benchmarks/mutation.py", "measure/sizes.py", "--tests", "tests/measure/test_sizes.py"],
    "pytest graders --collect-only": [PY, "-m", "pytest", "graders", "--collect-only", "-q"],
    "make grade SUBMISSION=./student": ["make", "grade", "SUBMISSION={student}", "REPORT={out}", "ARGS=-k native"],
    "python -m graders calibrate l02": [PY, "-m", "graders", "calibrate", "l02", "--no-corpus", "--at-most", "0"],
    "python -m graders calibrate hybrid --seeds 4 --no-corpus": [
        PY, "-m", "graders", "calibrate", "hybrid", "--no-corpus", "--at-most", "0",
    ],
    "python benchmarks/repeat.py": [PY, "benchmarks/repeat.py", "--at-most", "0", "--keep", "{out}/repeat.jsonl"],
    "make check": ["make", "--dry-run", "check"],
    "make test-all": ["make", "--dry-run", "test-all"],
    "make PYTHON=python3.12 test": ["make", "--dry-run", f"PYTHON={PY}", "test"],
    "make clean": ["make", "--dry-run", "clean"],
    "pytest tests -m browser": [PY, "-m", "pytest", "tests/reports", "-m", "browser", "--collect-only", "-q"],
    "pytest tests/scoring": [PY, "-m", "pytest", "tests/scoring", "-k", "outcomes"],
    "pytest tests -n auto": [PY, "-m", "pytest", "tests/scoring/test_outcomes.py", "-n", "auto"],
    "make fuzz": [PY, "-m", "tests.fuzz", "image", "--minutes", "0.05", "--engine", "mutations", "--folder", "{out}"],
    "make fuzz MINUTES=20": ["make", "--dry-run", "fuzz", "MINUTES=20"],
    "make fuzz MINUTES=20 TARGET=tflite": ["make", "--dry-run", "fuzz", "MINUTES=20", "TARGET=tflite"],
    'make bench ARGS="--only quick --rounds 2"': ["make", "--dry-run", "bench", "ARGS=--only quick --rounds 2"],
    'make bench ARGS="--only scripts --rounds 1"': ["make", "--dry-run", "bench", "ARGS=--only scripts --rounds 1"],
    "make bench": ["make", "bench", "ARGS=--only sandbox --rounds 1"],
    "make baseline": [PY, "-m", "graders", "baseline", "--lab", "l02", "--into", "{out}"],
    "make screenshot": ["make", "screenshot", "PICTURES={out}"],
    "python -m graders report report-quick/scorecard.json --summary": [PY, "-m", "graders", "report", "{card}", "--summary"],
    "python -m graders report report/scorecard.json": [PY, "-m", "graders", "report", "{card}", "--into", "{out}/r.html"],
    "python fixtures/datasets/mnist/split.py DIGITS.npz DIR": [
        PY,
        "fixtures/datasets/mnist/split.py",
        "fixtures/datasets/mnist/held_back.npz",
        "{out}",
    ],
    "python fixtures/datasets/pocket_pets/generate.py DIR": [PY, "fixtures/datasets/pocket_pets/generate.py", "{out}"],
}
# These are run by others, named here.
ELSEWHERE = {
    "make grade": "test_fresh_clone.py runs it in a clone",
    "make test": "is what runs this test",
    "pytest graders --submission ./student --watch": "ends with Ctrl-C only; tests/plugin/test_watch.py saves files meanwhile",
    "pytest graders --labs ./int8_arrays --lab int8_arrays --submission ./student": "tests/framework/test_labs_outside.py grades with it",
    "pytest graders --submission ./student --profile oxford_pets --dataset-root ./pets --model-path ./mobilenet.h5 --seed 1": (
        "tests/corpus/test_real_profile.py grades with such a profile"
    ),
    "python -m graders regress --no-corpus --submissions ./autumn --against ./class": "tests/selftest/test_regression_classes.py does that",
    "python -m graders cohort submissions --report-dir class --lab l02": "tests/cohort/test_real_class.py grades a class",
    "python -m graders cohort submissions --report-dir class --scheduler tls://HOST:8786": "tests/cohort/test_engine.py has a scheduler",
    **{
        f"python -m graders {words}": "test_class_commands.py runs it, in the order of the page"
        for words in (
            "cohort submissions --report-dir class --lab l02 --roster roster.csv --at 2026-11-30T23:59+01:00",
            "cohort submissions --report-dir class --lab l02 --roster roster.csv --policy cohort.toml",
            "cohort submissions --report-dir class --lab l02 --roster roster.csv --policy cohort.toml --marks class/marks.toml",
            "cohort submissions --report-dir class-2 --lab l02 --roster roster.csv --policy cohort.toml --marks class/marks.toml --against class",
            "export class --to canvas --sheet grades.csv --assignment 101",
            "export class --to canvas --sheet grades.csv --assignment 101 --write",
            "export class --to moodle --sheet worksheet.csv --write",
            "export class --to gradescope -o results",
            "export class --to csv -o criteria.csv",
        )
    },
    "python benchmarks/class_of_40.py FOLDER": "tests/cohort/test_class_of_40.py makes the class",
    "python benchmarks/peers/run.py --save peers.json": "takes 40 minutes and installs otter-grader",
    "python benchmarks/full_size.py": "takes an hour; tests/corpus/test_real_profile.py does the same with few layers",
    "python benchmarks/same_bytes.py --whole --save same.jsonl": "takes two hours; tests/sandbox/test_fast_conversion.py compares single models",
    "python benchmarks/kenning_tutorial.py": "takes minutes; tests/kit/test_kit_kenning_reference.py trains less",
    "python benchmarks/kenning_tutorial.py --model full-size": "takes minutes; tests/kit/test_kit_kenning_reference.py trains less",
    "python benchmarks/hybrid_table.py": "takes minutes; tests/kit/test_kit_hybrid_benchmarks.py measures known files",
    "python benchmarks/hybrid_table.py --loss": "takes minutes; tests/kit/test_kit_hybrid_benchmarks.py measures known files",
    "python benchmarks/hybrid_resnet50.py --compression-factor 0.3": "takes half an hour; tests/kit/test_kit_hybrid_models.py has small models",
    "python -m graders.selftest.attacks.table": "takes two hours; tests/attacks runs a part of it, test_table.py prints the table",
    "python benchmarks/training_evidence.py table FOLDER": "FOLDER takes hours; tests/measure/test_training_evidence.py measures what is shipped",
    "python fixtures/datasets/mnist/execute.py NOTEBOOK [WEIGHTS.npz]": "takes a minute; test_notebooks_are_executed asks for less",
    "python fixtures/models/digits_resnet/train.py OUT.h5": "takes a minute; test_training_script_starts asks it for its options",
    "python fixtures/models/pocket_pets/train.py OUT.h5": "takes minutes; test_training_script_starts asks it for its options",
}
EXIT_CODES = {0, 1, 3}


def commands() -> dict[str, str]:
    """Every command in the pages, with the page."""
    found = {}
    for page in PAGES:
        for match in COMMAND.finditer(page.read_text(encoding="utf-8")):
            found[match[1].strip()] = page.name
    return found


def test_every_command_is_known() -> None:
    """A command that a page shows is either run here or named with who runs it."""
    unknown = {command: page for command, page in commands().items() if command not in RUN and command not in ELSEWHERE}
    assert not unknown


def test_every_known_command_is_shown() -> None:
    """Nothing is run here that no page shows any more."""
    assert set(RUN) | set(ELSEWHERE) <= set(commands())


def tier(command: str) -> pytest.MarkDecorator:
    """Most commands grade something; some convert reports, list tests or select some."""
    words = (" export ", " report ", "--collect-only", "make check", "make clean", " test")
    quick = any(word in command for word in words) and "--submission" not in command
    return pytest.mark.process if quick else pytest.mark.e2e


def programs(command: str) -> list[pytest.MarkDecorator]:
    """What a command needs beside Python."""
    return [requires("chromium")] if command == "make screenshot" else []


@pytest.mark.parametrize("command", [pytest.param(each, marks=[tier(each), *programs(each)]) for each in RUN])
def test_command_runs(command: str, tmp_path: Path) -> None:
    """The command does what it should, without a traceback."""
    marks = tmp_path / "marks.toml"
    marks.write_text('submission = "student_template"\n', encoding="utf-8")
    for name, text in SHEETS.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    (tmp_path / "before.json").write_text(EARLIER, encoding="utf-8")
    (tmp_path / "autumn" / "ada").mkdir(parents=True)
    (tmp_path / "autumn" / "ada" / "notes.txt").write_text("nothing yet", encoding="utf-8")
    card = tmp_path / "ada" / "scorecard.json"
    card.parent.mkdir()
    card.write_text(json.dumps(samples.full_marks()), encoding="utf-8")
    words = {"student": str(ROOT / "student_template"), "out": str(tmp_path), "marks": str(marks), "card": str(card)}
    argv = [part.format_map(words) for part in RUN[command]]
    if "--submission" in argv:
        argv += ["--report-dir", str(tmp_path)]
    environment = {**os.environ, "PYTEST_ADDOPTS": ""}
    done = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False, env=environment)
    told = done.stdout + done.stderr
    # Grading only a part leaves criteria unscored, which make passes on as an error of its own.
    assert done.returncode in EXIT_CODES or "Error 3" in told, told
    assert "Traceback" not in told
    if "--submission" in argv:
        assert json.loads((tmp_path / "scorecard.json").read_text(encoding="utf-8"))["points"]["earned"] == 0


@pytest.mark.e2e
def test_figures_are_those_of_the_files() -> None:
    """The table in docs/figures.md is what its command prints; accuracies of other processors may differ a little."""
    done = subprocess.run([PY, "benchmarks/figures.py"], cwd=ROOT, capture_output=True, text=True, check=True)
    page = (ROOT / "docs" / "figures.md").read_text(encoding="utf-8").splitlines()
    table, notebook = done.stdout.split("\n\n")
    assert notebook in "\n".join([*page, ""])
    printed = table.splitlines()
    assert len(printed) == 11
    for line in printed:
        cells = line.split("|")
        shown = next(each for each in page if each.split("|")[1:2] == cells[1:2])
        found = [re.findall(r"[\d.]+", cell) for cell in (cells[2], shown.split("|")[2])]
        if all(found):
            assert abs(float(found[0][0]) - float(found[1][0])) < 0.5
        assert cells[3:] == shown.split("|")[3:]


def test_costs_on_a_device_are_those_of_the_files() -> None:
    """The table of the embedded models in docs/device.md is what its command prints."""
    from graders.measure.device import micro

    if not micro.installed():
        pytest.skip("tflite-micro is not installed")
    page = (ROOT / "docs" / "device.md").read_text(encoding="utf-8").partition("<!-- device -->\n")[2].partition("\n\n")[0]
    names = [line.split("|")[1].strip() for line in page.splitlines()[2:]]
    assert names
    models = ROOT / "fixtures" / "models" / "pocket_pets"
    files = [str(next(models.rglob(name))) for name in names]
    done = subprocess.run([PY, "-m", "graders", "device", *files], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == page.splitlines()


@pytest.mark.e2e
def test_notebooks_are_executed(tmp_path: Path) -> None:
    """The script that executes a notebook keeps its outputs in it."""
    cell = {"cell_type": "code", "execution_count": None, "metadata": {}, "outputs": [], "source": ["print(2)\n", "6 * 7"]}
    path = tmp_path / "small.ipynb"
    path.write_text(json.dumps({"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}))
    argv = [PY, "fixtures/datasets/mnist/execute.py", str(path)]
    done = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, timeout=200, check=False)
    assert done.returncode == 0, done.stderr
    (executed,) = json.loads(path.read_text())["cells"]
    assert executed["execution_count"] == 1
    assert [output.get("text") or output["data"]["text/plain"] for output in executed["outputs"]] == [["2\n"], ["42"]]


@pytest.mark.e2e
@pytest.mark.parametrize("model", ["digits_resnet", "pocket_pets"])
def test_training_script_starts(model: str) -> None:
    """The script that trained the model knows its options."""
    argv = [PY, f"fixtures/models/{model}/train.py", "--help"]
    done = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0
    assert "--epochs" in done.stdout


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    """Every relative link of a page leads to a file."""
    for target in re.findall(r"\]\(([^)#]+)\)", page.read_text(encoding="utf-8")):
        if "://" not in target:
            assert (page.parent / target).exists(), f"{page.name}: {target}"


def test_help_shows_every_option() -> None:
    """``pytest graders --help`` tells of every option of optgrade."""
    done = subprocess.run(
        [PY, "-m", "pytest", "graders", "--help"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    for option in ("submission", "lab", "profile", "dataset-root", "model-path", "isolation", "report-dir", "seed"):
        assert f"--{option}" in done.stdout
    for option in ("wall-limit", "fail-under", "exit-zero", "marks", "quick", "watch"):
        assert f"--{option}" in done.stdout
