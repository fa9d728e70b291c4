"""What all tests share: the tier of each test, how they are spread over processes, and a cache folder of this run's own.

A test has at most one tier, from the first of these that has one: its own mark, a fixture it uses, its file, its folder; some of
the corpus and the attacks are ``SMOKE``. ``make test`` leaves out the tiers in ``SLOW``; ``docs/contributing.md`` says how to run one of them.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from xdist.scheduler import LoadScopeScheduling

from tests.programs import find

TESTS = Path(__file__).parent
QUICK = {
    "process": "starts git, sandboxes or pytest, without TensorFlow",
    "smoke": "a quick look at the reference, a mistake in code and one in a history, four of the attacks",
}
SLOW = {
    "gradings": "grades small submissions from the command line: again, with marks, while files are saved, as a class",
    "tensorflow": "trains or converts with TensorFlow",
    "corpus": "grades every case of the corpus",
    "attacks": "carries out the attacks",
    "e2e": "runs the documented commands, scripts and workflows as people do",
    "browser": "opens reports in Chromium",
    "fuzz": "runs each parser on many inputs that were changed at random",
}
TIERS = QUICK | SLOW

# Paths below tests/.
PLACES = {
    "corpus/test_corpus.py": "corpus",
    "corpus/test_corpus_set.py": "corpus",
    "corpus/test_quick_mistakes.py": "corpus",
    "corpus/test_real_profile.py": "corpus",
    "corpus/test_references.py": "smoke",
    "cohort/test_real_class.py": "gradings",
    "docs": "process",
    "docs/test_fresh_clone.py": "e2e",
    "docs/test_pythons.py": "e2e",
    "docs/test_same_again.py": "e2e",
    "framework/test_labs_outside.py": "gradings",
    "fixtures_/test_pocket_mobilenet.py": "tensorflow",
    "fuzz/test_campaign.py": "fuzz",
    "fuzz/test_targets.py": "fuzz",
    "fuzz/test_through_scorer.py": "fuzz",
    "kit/test_kit_hybrid_command.py": "tensorflow",
    "kit/test_kit_hybrid_models.py": "tensorflow",
    "kit/test_kit_kenning_reference.py": "tensorflow",
    "kit/test_kit_l03_reference.py": "tensorflow",
    "plugin": "process",
    "plugin/test_labs_outside.py": "gradings",
    "plugin/test_marks_merged.py": "gradings",
    "plugin/test_nothing_to_grade.py": "gradings",
    "plugin/test_watch.py": "gradings",
    "sandbox": "process",
    "sandbox/test_as_others.py": "e2e",
    "sandbox/test_fast_conversion.py": "tensorflow",
    "sandbox/test_fast_training.py": "tensorflow",
    "submission/history": "process",
}
FIXTURES = {"arenas": "attacks", "browser": "browser", "scorer": "process"}
# In the names of cases and attacks.
SMOKE = (
    "[mistakes/history/one-dump]", "[mistakes/l02/no-rounding]",
    "/01-conftest-hooks/", "/09-always-equal/", "/25-hidden-values-on-disk/", "/34-floods/",
)  # fmt: skip
# These watch clocks, processes and what else the machine does, so one process runs them one after the other.
ALONE = ("attacks", "sandbox", "measure/test_latency.py", "measure/test_scorer.py")

# Examples that a machine under load makes slowly are no failure. "dev" repeats its examples, "ci" looks for new ones.
settings.register_profile(
    "dev", max_examples=25, derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile(
    "ci", max_examples=300, deadline=None, print_blob=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("dev")

VARIABLE = "OPTGRADE_CACHE"
FOLDER = pytest.StashKey[str]()


def pytest_configure(config: pytest.Config) -> None:
    """Makes the tiers known. Results that gradings cache go to a folder that subprocesses inherit, never to the user's."""
    for name, text in TIERS.items():
        config.addinivalue_line("markers", f"{name}: {text}")
    config.addinivalue_line("markers", "requires(program, ...): is skipped without these programs")
    # Gradings that tests start are no workers of xdist: pytest-benchmark would measure nothing in them.
    for name in [name for name in os.environ if name.startswith("PYTEST_XDIST_")]:
        del os.environ[name]
    config.stash[FOLDER] = os.environ[VARIABLE] = tempfile.mkdtemp(prefix="optgrade-tests-")


def pytest_unconfigure(config: pytest.Config) -> None:
    """Removes the folder."""
    folder = config.stash.get(FOLDER, None)
    if folder is not None:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Gives each test its tier, before ``-m`` selects."""
    for item in items:
        tier = tier_of(item)
        if tier is not None and item.get_closest_marker(tier) is None:
            item.add_marker(tier)


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skips what needs a program that is not installed."""
    for mark in item.iter_markers("requires"):
        for program in mark.args:
            find(program)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> ByFile:
    """Tests of one file stay in one process, so that what a file sets up is set up once."""
    return ByFile(config, log)


class ByFile(LoadScopeScheduling):  # type: ignore[misc]
    """Files in turn; those that must not be disturbed by one another together, and first of all."""

    def _split_scope(self, nodeid: str) -> str:
        path = nodeid.partition("::")[0].removeprefix("tests/")
        return "alone" if path.startswith(ALONE) else path


def tier_of(item: pytest.Item) -> str | None:
    """The tier of a test; ``None`` for pure code."""
    own = [name for name in TIERS if item.get_closest_marker(name)]
    if own:
        return own[0]
    fixtures = [FIXTURES[name] for name in getattr(item, "fixturenames", ()) if name in FIXTURES]
    tier = fixtures[0] if fixtures else place_of(item.path.relative_to(TESTS).as_posix())
    return "smoke" if tier in ("corpus", "attacks") and any(part in item.nodeid for part in SMOKE) else tier


def place_of(path: str) -> str | None:
    """The tier of a path's longest part that has one."""
    found = [place for place in PLACES if path == place or path.startswith(f"{place}/")]
    return PLACES[max(found, key=len)] if found else None
