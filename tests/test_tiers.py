"""Every test has its place, and none fails for want of a program: it is skipped, and names the package to install."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests import programs
from tests.conftest import ALONE, PLACES, SLOW, SMOKE, TIERS, place_of

ROOT = Path(__file__).resolve().parents[1]
CASES = ROOT / "fixtures" / "submissions"
# Tests that use a program, as words for pytest.
USERS = {
    "marked": ["tests/measure", "tests/docs/test_commands.py", "tests/reports", "-m", "requires or browser"],
    "strict": ["tests/sandbox/test_tiers.py", "-k", "strict"],
}


@pytest.mark.parametrize("place", [*PLACES, *ALONE])
def test_a_place_exists(place: str) -> None:
    """A file that was moved takes its tier along."""
    assert (ROOT / "tests" / place).exists()


@pytest.mark.parametrize("part", SMOKE)
def test_a_smoke_test_exists(part: str) -> None:
    """Each name is a case's or an attack's."""
    name = part.strip("[]/")
    assert (CASES / f"{name}.toml").is_file() or (CASES / "attacks" / f"{name}.toml").is_file()


@pytest.mark.parametrize(
    ("path", "tier"),
    [
        ("sandbox/test_wire.py", "process"),
        ("sandbox/test_fast_conversion.py", "tensorflow"),
        ("sandbox/test_fast_training.py", "tensorflow"),
        ("scoring/test_points.py", None),
        ("docs/test_same_again.py", "e2e"),
        ("sandboxes/test_other.py", None),
    ],
)
def test_the_longest_place_counts(path: str, tier: str | None) -> None:
    """A file's own tier comes before its folder's."""
    assert place_of(path) == tier


def test_make_leaves_out_the_slow_tiers() -> None:
    """The Makefile and conftest.py agree on which tiers are slow, and the documentation lists all."""
    (line,) = re.findall(r"(?m)^SLOW := (.*)$", (ROOT / "Makefile").read_text(encoding="utf-8"))
    assert line.split(" or ") == list(SLOW)
    page = (ROOT / "docs" / "contributing.md").read_text(encoding="utf-8")
    listed = re.findall(r"(?m)^\| `(\w+)` \| .* \| (yes)? ?\|$", page)
    assert [name for name, _ in listed] == list(TIERS)
    assert [name for name, quick in listed if not quick] == list(SLOW)


def test_a_missing_program_fails_in_ci_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """Elsewhere the test is skipped; the message names the package either way."""
    monkeypatch.setattr("shutil.which", lambda _: None)
    for value, expected in {"": pytest.skip.Exception, "true": pytest.fail.Exception}.items():
        monkeypatch.setenv("CI", value)
        with pytest.raises(expected, match="apt-get install bubblewrap"):
            programs.find("bwrap")


@pytest.mark.process
@pytest.mark.parametrize("words", USERS.values(), ids=USERS)
def test_without_the_programs(words: list[str], tmp_path: Path) -> None:
    """On a machine without them, tests pass or are skipped, and each skip names the package."""
    hidden = {*programs.PACKAGES, *(name for names in programs.OTHER_NAMES.values() for name in names)}
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST", "CI"))}
    environment["PATH"] = programs.path_without(hidden, tmp_path / "bin")
    argv = [sys.executable, "-m", "pytest", "-q", "-rs", "-p", "no:cacheprovider", *words]
    done = subprocess.run(argv, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=500, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    skipped = [line for line in done.stdout.splitlines() if line.startswith("SKIPPED")]
    assert skipped
    assert all("apt-get install" in line for line in skipped), skipped
