"""The scripts of the Gradescope container, run as they are there, in a folder that stands for ``/autograder``."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import zipfile
from pathlib import Path

import jsonschema
import pytest

from . import actions
from .actions import ROOT

DOCKER = ROOT / "docker"
SCHEMA = ROOT / "tests" / "data" / "schemas" / "gradescope-results.schema.json"


@pytest.fixture
def autograder(tmp_path: Path) -> Path:
    """optgrade in ``source``, its environment made, and a student's folder."""
    folder = tmp_path / "autograder"
    actions.clone(ROOT, folder / "source")
    actions.environment(folder / "source" / ".venv")
    shutil.copytree(ROOT / "student_template", folder / "submission", ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "results").mkdir()
    return folder


def run(script: Path, autograder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["bash", str(script)],
        env={**os.environ, "AUTOGRADER": str(autograder), **environment},
        cwd=autograder, capture_output=True, text=True, timeout=400, check=False,
    )  # fmt: skip


@pytest.mark.e2e
def test_a_submission_that_is_not_graded_whole_has_no_results(autograder: Path) -> None:
    """A result of an earlier run is not left behind either: Gradescope shows a failure, and no mark."""
    (autograder / "results" / "results.json").write_text('{"score": 20}', encoding="utf-8")
    done = run(DOCKER / "run_autograder", autograder, OPTGRADE_ARGS="--lab l02 -k native")
    assert done.returncode == 3, done.stdout + done.stderr
    assert "so there is no mark to export" in done.stderr
    assert list((autograder / "results").iterdir()) == []


@pytest.fixture
def graded(autograder: Path) -> Path:
    """The same, where a grading of before stands for the grader: its scorecard is what the export gets."""
    python = autograder / "source" / ".venv" / "bin" / "python"
    real = python.read_text(encoding="utf-8")
    card = ROOT / "tests" / "docs" / "make_card.py"
    script = real.replace("#!/bin/sh\n", f'#!/bin/sh\ncase "$*" in *"-m pytest"*) set -- {card} "$@";; esac\n')
    script = script.replace(
        "case", 'case "$*" in *doctor*) echo "${DOCTOR:-grading takes strict here}"; exit;; esac\ncase', 1
    )
    python.write_text(script, encoding="utf-8")
    return autograder


def test_a_graded_submission_has_results(graded: Path) -> None:
    """Words for the grader and for the export get through."""
    done = run(DOCKER / "run_autograder", graded, OPTGRADE_EXPORT="--visibility after_due_date --lab l02")
    assert done.returncode == 0, done.stdout + done.stderr
    told = json.loads((graded / "results" / "results.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator(json.loads(SCHEMA.read_text(encoding="utf-8"))).validate(told)
    assert (told["score"], told["visibility"]) == (12.8, "after_due_date")


def test_without_isolation_nothing_is_graded_unless_asked(graded: Path) -> None:
    """Code that could write the results itself is not run, and it is said what to do."""
    bare = "grading takes bare here, unless --isolation requests another tier"
    done = run(DOCKER / "run_autograder", graded, DOCTOR=bare)
    assert done.returncode == 4
    assert "OPTGRADE_ALLOW_BARE=1 grades nevertheless" in done.stderr
    assert list((graded / "results").iterdir()) == []
    assert run(DOCKER / "run_autograder", graded, DOCTOR=bare, OPTGRADE_ALLOW_BARE="1").returncode == 0


def test_setup_finds_what_was_made_before(autograder: Path) -> None:
    """With its packages and Python there, setting up again does nothing and needs no network."""
    os.utime(autograder / "source" / ".venv" / ".ready")
    tools = autograder / "tools"
    tools.mkdir()
    for name, text in (("dpkg", "exit 0"), ("apt-get", "exit 9"), ("python3.13", "exit 0")):
        (tools / name).write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
        (tools / name).chmod(0o755)
    done = run(DOCKER / "setup.sh", autograder, PATH=f"{tools}:{os.environ['PATH']}")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "up to date" in done.stdout


def test_setup_installs_what_is_missing(autograder: Path) -> None:
    """Debian's packages are asked for once, all that are missing, without questions."""
    os.utime(autograder / "source" / ".venv" / ".ready")
    tools, log = autograder / "tools", autograder / "log"
    tools.mkdir()
    scripts = {"dpkg": '[ "$2" = git ]', "apt-get": f'echo "$@" >>{log}', "python3.13": "exit 0"}
    for name, text in scripts.items():
        (tools / name).write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
        (tools / name).chmod(0o755)
    assert run(DOCKER / "setup.sh", autograder, PATH=f"{tools}:{os.environ['PATH']}").returncode == 0
    update, install = log.read_text(encoding="utf-8").splitlines()
    assert update == "update"
    assert install == "install --yes --no-install-recommends make bubblewrap libseccomp2 python3-venv python3-pip"


def test_the_archive_has_both_scripts_at_its_top(tmp_path: Path) -> None:
    """What Gradescope takes: setup.sh and run_autograder at the top of a ZIP, below its limit of 100 MB."""
    done = subprocess.run(
        ["bash", str(DOCKER / "pack.sh"), str(tmp_path / "out.zip")], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    with zipfile.ZipFile(tmp_path / "out.zip") as archive:
        names = archive.namelist()
    assert {"setup.sh", "run_autograder", "graders/cli.py", "docker/setup.sh"} <= set(names)
    assert (tmp_path / "out.zip").stat().st_size < 100e6


def test_the_image_copies_what_is_there() -> None:
    """The Dockerfile's own paths exist."""
    text = (DOCKER / "Dockerfile").read_text(encoding="utf-8")
    for name in ("setup.sh", "run_autograder"):
        assert f"/autograder/source/docker/{name}" in text
        assert (DOCKER / name).is_file()


def test_the_profile_for_bubblewrap_is_the_one_that_doctor_prints() -> None:
    from graders.commands.doctor import PROFILE

    assert PROFILE in (DOCKER / "allow-bwrap.sh").read_text(encoding="utf-8")
