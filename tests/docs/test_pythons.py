"""Lab 2 is graded alike by each Python that pyproject.toml allows, in an environment made of the lock file."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
VERSIONS = ("3.11", "3.12", "3.13")


def works(python: str | Path, version: str) -> bool:
    """Whether this is a Python of that version; a version manager's command may stand for none."""
    words = [str(python), "-c", "import sys; print('%d.%d' % sys.version_info[:2])"]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    return done.returncode == 0 and done.stdout.strip() == version


def find_python(version: str) -> str | None:
    """A Python of this version: the one that runs the tests, one on PATH, or one of pyenv's."""
    candidates: list[str | Path] = [sys.executable]
    if path := shutil.which(f"python{version}"):
        candidates.append(path)
    if shutil.which("pyenv"):
        root = subprocess.run(["pyenv", "root"], capture_output=True, text=True, check=True).stdout.strip()
        candidates += sorted(Path(root, "versions").glob(f"{version}.*/bin/python"))
    return next((str(each) for each in candidates if works(each, version)), None)


@pytest.fixture(params=VERSIONS)
def python(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A Python in an environment with what the lock file names; skipped where there is none or it can't be made."""
    found = find_python(request.param)
    if found is None:
        pytest.skip(f"Python {request.param} is not installed")
    if found == sys.executable:
        return Path(found)
    uv = [sys.executable, "-m", "uv"]
    made = tmp_path / "environment" / "bin" / "python"
    install = [*uv, "pip", "install", "--quiet", "--python", str(made)]
    for words in (
        [*uv, "venv", "--quiet", "--no-project", "--python", found, str(made.parents[1])],
        [*install, "-r", "requirements.lock"],
        [*install, "--no-deps", "--no-build-isolation", "--editable", "."],
    ):
        done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, timeout=600, check=False)
        if done.returncode:
            pytest.skip(f"no environment could be made for Python {request.param}: {done.stderr.strip()[-300:]}")
    return made


def test_lab_2_is_graded(python: Path, tmp_path: Path) -> None:
    """The reference earns every automatic point."""
    words = [str(python), "-m", "pytest", "graders", "--submission=reference", "--lab=l02"]
    words += ["--no-cache", "-p", "no:cacheprovider", "--wall-limit=600", f"--report-dir={tmp_path / 'report'}"]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    (lab,) = json.loads((tmp_path / "report" / "scorecard.json").read_text(encoding="utf-8"))["labs"]
    assert lab["points"] == {"earned": 18, "automatic": 18, "pending": 2, "maximum": 20}
