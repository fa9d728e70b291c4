"""The workflows that the documentation hands out leave what it promises, run step by step as a runner would."""

from __future__ import annotations

import base64
import datetime as dt
import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from tests.reports import samples

from . import actions
from .actions import ROOT, Job

STUDENTS = ROOT / "student_template" / ".github" / "workflows" / "grade.yml"
REUSABLE = ROOT / "docs" / "workflows" / "grade-reusable.yml"
SCHEMAS = ROOT / "tests" / "data" / "schemas"
PINNED = re.compile(r"[\w.-]+/[\w.-]+@[0-9a-f]{40}")
CONTEXT = {
    "github.repository_owner": "cs",
    "github.event.repository.name": "lab2-alice",
    "github.ref": "refs/heads/main",
    "github.sha": "a1b2c3d4e5f6",
    "github.event.pull_request.head.sha": "",
    "runner.os": "Linux",
    "inputs.optgrade-repository": "",
    "inputs.optgrade-ref": "",
    "inputs.arguments": "",
    "inputs.classroom": "",
    "inputs.assignment": "",
    "GITHUB_REPOSITORY": "cs/lab2-alice",
    "GITHUB_SHA": "a1b2c3d4e5f6",
    "GITHUB_SERVER_URL": "https://github.com",
    "GITHUB_ACTIONS": "true",
}


FILE = "dl_in_iot_course/l02_quantization/quantization_experiments.py"


def committed(folder: Path) -> Path:
    git = ["git", "-c", "user.name=Alice", "-c", "user.email=alice@example.org", "-C", str(folder)]
    for words in (
        ["init", "--quiet", "-b", "main"],
        ["add", "-A"],
        ["commit", "--quiet", "-m", "Start from the template"],
    ):
        subprocess.run([*git, *words], check=True)
    return folder


def copied(folder: Path) -> Path:
    shutil.copytree(ROOT / "student_template", folder, ignore=shutil.ignore_patterns("__pycache__"))
    return folder


@pytest.fixture(scope="module")
def submission(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A student's repository: the template, committed."""
    return committed(copied(tmp_path_factory.mktemp("students") / "lab2-alice"))


@pytest.fixture
def broken(tmp_path: Path) -> Path:
    """One with the labs in a subfolder, and code that raises, with a message that wants to be a command."""
    code = copied(tmp_path / "lab2-alice" / "my labs") / FILE
    code.write_text(
        code.read_text(encoding="utf-8") + "\nraise ValueError('x\\n::error::forged\\n##[error]forged')\n", "utf-8"
    )
    return committed(tmp_path / "lab2-alice")


def job_of(workflow: Path, tmp_path: Path, submission: Path, **environment: str) -> Job:
    job = Job(actions.read(workflow), tmp_path, submission, CONTEXT)
    job.env |= environment
    return job


@pytest.mark.parametrize("path", [STUDENTS, REUSABLE], ids=["students", "reusable"])
def test_a_workflow_is_pinned_and_has_no_rights(path: Path) -> None:
    """Actions by commit, read access only, no secrets, no expression within a shell's text, a stock runner."""
    text, workflow = path.read_text(encoding="utf-8"), actions.read(path)
    (job,) = workflow["jobs"].values()
    assert workflow["permissions"] == {"contents": "read"}
    assert "secrets." not in text
    assert job["runs-on"] == "ubuntu-24.04"
    assert job["timeout-minutes"] <= 30
    for step in job["steps"]:
        assert "${{" not in step.get("run", "")
        assert "uses" not in step or PINNED.fullmatch(step["uses"])
        if step.get("uses", "").startswith("actions/checkout"):
            assert step["with"]["persist-credentials"] is False


def test_the_names_are_those_that_readers_of_results_look_for() -> None:
    workflow = actions.read(STUDENTS)
    assert workflow["name"] == "Autograding Tests"
    assert list(workflow["jobs"]) == ["run-autograding-tests"]


def test_the_instructors_copy_takes_nothing_that_a_student_can_fill() -> None:
    """No cache: it belongs to the repository that is graded."""
    steps = actions.read(REUSABLE)["jobs"]["grade"]["steps"]
    assert not [step for step in steps if "cache" in step.get("uses", "") or "cache" in step.get("with", {})]


def test_both_run_the_same_commands() -> None:
    commands = [[step["run"] for step in next(iter(actions.read(path)["jobs"].values()))["steps"] if "run" in step]
                for path in (STUDENTS, REUSABLE)]  # fmt: skip
    look = 'sh optgrade/docker/look.sh "$SUBMISSION" report-quick $GRADE_ARGS'
    # A quick look is for students; it comes before the grading.
    assert commands[0].index(look) + 1 == next(at for at, each in enumerate(commands[0]) if "grade.sh" in each)
    assert [each for each in commands[0] if each != look] == commands[1]


@pytest.mark.e2e
def test_a_part_graded_leaves_a_report_and_no_mark(tmp_path: Path, broken: Path) -> None:
    """Every step of the students' workflow, graded with -k: what is left out is unscored, so there is no result."""
    job = job_of(STUDENTS, tmp_path / "job", broken, GRADE_ARGS="-k native")
    job.run()
    codes = {"Make the environment": 0, "Allow the strict tier": 0, "Quick look": 0, "Grade": 3, "Tell": 3}
    assert job.codes == codes, job.logs
    assert "grading goes on" in job.logs["Quick look"]
    assert "so far in a quick look, which is no mark" in job.logs["Quick look: summary"]
    assert "grading goes on in the tier confined" in job.logs["Allow the strict tier"]
    lines = job.logs["Grade"].splitlines()
    (begin,) = [index for index, line in enumerate(lines) if line.startswith("::stop-commands::")]
    word = lines[begin].removeprefix("::stop-commands::")
    assert re.fullmatch(r"[0-9a-f]{32}", word)
    (end,) = [index for index, line in enumerate(lines) if line == f"::{word}::"]
    assert any(line.startswith("l02_quantization") for line in lines[begin:end])
    assert not [line for line in lines[end + 1 :] if line.startswith("::")]
    assert sorted(path.name for path in job.artifact.iterdir()) == ["report.html", "scorecard.json"]
    card = json.loads((job.artifact / "scorecard.json").read_text(encoding="utf-8"))
    assert card["submission"] == "lab2-alice"
    assert job.outputs["result"] == {}
    assert "so this is no mark" in job.logs["Tell: summary"]
    assert "::warning title=optgrade::" in job.logs["Tell"]
    line = len((broken / "my labs" / FILE).read_text(encoding="utf-8").splitlines())
    notes = re.findall(r"(?m)^::error file=(.*?),line=(\d+),title=l02\.native\.", job.logs["Tell"])
    assert notes == [(f"my labs/{FILE}", str(line))] * 2
    for log in job.logs.values():
        assert not re.search(r"(?m)^\s*(::error::|##\[error\])forged", log)


@pytest.mark.parametrize("workflow", [STUDENTS, REUSABLE], ids=["students", "reusable"])
def test_a_graded_submission_leaves_what_the_documentation_promises(
    workflow: Path, tmp_path: Path, submission: Path
) -> None:
    """From a whole scorecard: a summary, annotations, five outputs, Classroom 50's file, and the report's files."""
    job = job_of(workflow, tmp_path, submission)
    job.run(["Check out the submission", "Check out optgrade"])
    actions.environment(job.workspace / "optgrade" / ".venv")
    report = job.workspace / "report"
    report.mkdir()
    (report / "scorecard.json").write_text(json.dumps(samples.five_mistakes()), encoding="utf-8")
    (report / "report.html").write_text("<p>", encoding="utf-8")
    job.run(["Tell", "Keep the report"])
    assert job.codes == {"Tell": 0}, job.logs
    assert sorted(job.outputs["result"]) == ["automatic", "earned", "maximum", "pending", "result"]
    assert (job.outputs["result"]["earned"], job.outputs["result"]["automatic"]) == ("21.55", "32.00")
    _valid("autograding-result", json.loads(base64.b64decode(job.outputs["result"]["result"])))
    assert len(re.findall(r"(?m)^::error ", job.logs["Tell"])) == 5
    assert job.logs["Tell: summary"].startswith("## grace-hopper: 21.55 of 32 points, 6 more to be graded manually")
    assert sorted(path.name for path in job.artifact.iterdir()) == ["report.html", "result.json", "scorecard.json"]
    result = json.loads((job.artifact / "result.json").read_text(encoding="utf-8"))
    _valid("classroom50-result", result)
    assert (result["score"], result["max-score"], result["owner"]) == (22, 32, "cs")
    words = ["git", "-C", str(submission), "log", "-1", "--format=%ct %H"]
    seconds, commit = subprocess.run(words, capture_output=True, text=True, check=True).stdout.split()
    when = dt.datetime.strptime(result["datetime"], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=dt.UTC)
    assert when.timestamp() == int(seconds)
    assert result["commit"] == f"https://github.com/cs/lab2-alice/commit/{commit}"
    for name, expression in job.job["outputs"].items():
        assert job.filled(expression) == job.outputs["result"][name]


def _valid(name: str, document: Any) -> None:
    schema = json.loads((SCHEMAS / f"{name}.schema.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator(schema).validate(document)
