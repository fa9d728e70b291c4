"""Grading as root, as an ordinary user, and without bubblewrap: whole gradings in processes of their own."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from graders.core.errors import UsageError
from graders.sandbox import TIERS, choose
from tests.programs import find, path_without

ROOT = Path(__file__).resolve().parents[2]
ORDINARY = 64_321
PASSED, UNSCORED = 0, 3
NOTEBOOK = (
    "--lab=mnist", "--setting=mnist_compression.train_images=4000", "--setting=mnist_compression.test_images=300",
    "-k", "native or test_fp32 or test_archives_were_measured or test_the_model_is_stripped",
)  # fmt: skip


def reached(path: Path) -> list[Path]:
    """The folders on the way to a path that others may not pass."""
    return [folder for folder in path.parents if not folder.stat().st_mode & 0o001]


def as_ordinary(home: Path) -> list[str]:
    """The words that make a command an ordinary user's. Where Python lies in a folder that only root may pass, bubblewrap
    lays an open one over it for this user.
    """
    setpriv = ["setpriv", f"--reuid={ORDINARY}", f"--regid={ORDINARY}", "--clear-groups"]
    top = closed_top()
    if top is None:
        return setpriv
    if home.is_relative_to(top):
        pytest.skip(f"an ordinary user can't pass {top}, where Python lies")
    return [*laid_over(top, "0755"), *setpriv]


def closed_top() -> Path | None:
    """The outermost folder on the way to Python that others may not pass, if there is one."""
    shut = {folder for prefix in {sys.prefix, sys.base_prefix} for folder in reached(Path(prefix).resolve())}
    return min(shut, key=lambda folder: len(folder.parts), default=None)


def laid_over(top: Path, mode: str) -> list[str]:
    """The words that make a command see a folder of that mode in place of ``top``, with nothing in it but Python and this
    repository.
    """
    words = [find("bwrap"), "--dev-bind", "/", "/", "--perms", mode, "--tmpfs", str(top)]
    for path in dict.fromkeys(Path(each).resolve() for each in (sys.base_prefix, sys.prefix, ROOT)):
        if path.is_relative_to(top):
            for parent in reversed(path.parents[: len(path.parts) - len(top.parts) - 1]):
                words += ["--perms", "0755", "--dir", str(parent)]
            words += ["--bind", str(path), str(path)]
    return [*words, "--"]


def as_the_other_root() -> list[str]:
    """The words that make a command root's whose Python all can reach if only root can, and the other way round."""
    top = closed_top()
    if top is not None:
        return laid_over(top, "0755")
    base = Path(sys.base_prefix).resolve()
    if base.is_relative_to("/usr") and not base.is_relative_to("/usr/local/lib"):
        pytest.skip("the system's own Python can't be where only root can reach it")
    return laid_over(Path(*base.parts[:3]), "0700")


def grade(words: list[str], folder: Path, environment: Mapping[str, str], *more: str) -> tuple[int, Any, str]:
    """Grades two of the reference's runs; the exit code, the scorecard and what was said."""
    argv = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "graders", "--submission=reference", "--lab=l02"]
    argv += ["-k", "native or test_fp32", f"--report-dir={folder / 'report'}", *more]
    done = subprocess.run(
        [*words, *argv], cwd=ROOT, env=dict(environment), capture_output=True, text=True, timeout=300, check=False
    )
    told = done.stdout + done.stderr
    path = folder / "report" / "scorecard.json"
    card = json.loads(path.read_text(encoding="utf-8")) if path.exists() else None
    return done.returncode, card, told


def earned(card: Any) -> float:
    """What NativeModel and FP32Model earned."""
    criteria = card["labs"][0]["criteria"]
    return sum(each["earned"] for each in criteria if each["id"].split(".")[1] in ("native", "fp32"))


def clean(**more: str) -> dict[str, str]:
    """The environment without what the tests' own pytest put into it."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST", "COV"))}
    return kept | {"PYTHONDONTWRITEBYTECODE": "1"} | more


def best() -> str:
    return choose("auto").tier


PROBES = (
    "capability or calls or limits or leases or listing or locks or sockets or abis or prctl or network or processes"
    " or modes or neighbour or reading or writing or user_of_its_own or code_that_was_copied or kernel[ or needs["
)


def probed(words: list[str], folder: Path, environment: Mapping[str, str]) -> str:
    """The outcome of what all tiers are held to, by a command's user."""
    argv = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-p", "no:xdist", "-q", "-rs", "-k", PROBES]
    argv += [f"--basetemp={folder / 'probes'}", "tests/sandbox/test_tiers.py"]
    done = subprocess.run(
        [*words, *argv], cwd=ROOT, env=dict(environment), capture_output=True, text=True, timeout=500, check=False
    )
    assert done.returncode == PASSED, done.stdout[-6000:] + done.stderr[-2000:]
    found = re.search(r"(\d+) passed", done.stdout)
    assert found is not None, done.stdout
    # A tier that this machine refuses is skipped, with the reason.
    assert int(found[1]) >= 15 * (3 - sum(isinstance(each, str) for each in map(refusal, TIERS))), done.stdout
    return done.stdout


def refusal(tier: str) -> str | None:
    """Why this machine refuses a tier, if it does."""
    try:
        choose(tier)
    except UsageError as error:
        return str(error)
    return None


@pytest.mark.skipif(os.geteuid() != 0, reason="only root's runs become other users")
def test_all_tiers_as_root_with_another_python(tmp_path: Path) -> None:
    """Whether only root can reach Python or everybody can, no probe gets through in any tier."""
    probed(as_the_other_root(), tmp_path, clean())


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_all_tiers_as_an_ordinary_user(tmp_path: Path) -> None:
    """Whose runs have one user, that of the grader: no probe gets through in the tiers that promise so."""
    home = Path("/tmp") / f"optgrade-probes-{os.getpid()}"
    home.mkdir(mode=0o755)
    try:
        os.chown(home, ORDINARY, ORDINARY)
        own = {name: str(home) for name in ("HOME", "TMPDIR", "MPLCONFIGDIR")}
        probed(as_ordinary(home), home, clean(OPTGRADE_CACHE=str(home / "cache"), **own))
    finally:
        shutil.rmtree(home, ignore_errors=True)


def test_as_the_user_who_tests(tmp_path: Path) -> None:
    """Whoever runs these tests grades in the best tier of this machine; as root, students' code is nobody's."""
    code, card, told = grade([], tmp_path, clean())
    assert code == UNSCORED, told  # the other runs were not asked for
    assert card["isolation"]["tier"] == best()
    assert earned(card) == 4.5


@pytest.mark.skipif(
    os.geteuid() != 0, reason="only root can become another user; for others the test above is this one"
)
def test_as_an_ordinary_user(tmp_path: Path) -> None:
    """An ordinary user, who has nothing but a home, gets the same marks and as good a tier; of a notebook's files as well,
    whose copies nobody may write to.
    """
    home = Path("/tmp") / f"optgrade-home-{os.getpid()}"
    home.mkdir(mode=0o755)
    try:
        os.chown(home, ORDINARY, ORDINARY)
        words = as_ordinary(home)
        own = {name: str(home) for name in ("HOME", "TMPDIR", "MPLCONFIGDIR")}
        environment = clean(OPTGRADE_CACHE=str(home / "cache"), **own)
        code, card, told = grade(words, home, environment, *NOTEBOOK)
        assert code == UNSCORED, told
        assert earned(card) == 4.5
        found = {each["id"]: each["verdict"] for each in card["labs"][1]["criteria"]}
        assert (found["mnist.sizes.archives"], found["mnist.pruning.stripped"]) == ("earned", "earned"), told
        tier = card["isolation"]["tier"]
        missing = {layer["layer"]: layer["reason"] for layer in card["isolation"]["missing"]}
        assert tier == best() or "namespaces" in missing, (tier, missing)
        assert "unprivileged user" not in missing
    finally:
        shutil.rmtree(home, ignore_errors=True)


def test_without_bubblewrap(tmp_path: Path) -> None:
    """Without bubblewrap the next tier is taken, and the report says why; strict is refused with the package's name."""
    environment = clean(PATH=path_without(["bwrap"], tmp_path / "bin"))
    code, card, told = grade([], tmp_path, environment)
    assert code == UNSCORED, told
    assert earned(card) == 4.5
    try:
        expected = choose("confined").tier
    except UsageError:
        expected = "bare"
    assert card["isolation"]["tier"] == expected
    assert "apt-get install bubblewrap" in card["isolation"]["missing"][0]["reason"]
    code, _, told = grade([], tmp_path / "strict", environment, "--isolation=strict")
    assert code == 4
    assert "--isolation=strict is refused: bubblewrap is not installed" in told
