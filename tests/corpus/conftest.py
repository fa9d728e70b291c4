"""The corpus's gradings: all cases that were selected, graded once, in as many processes as there are cores."""

from __future__ import annotations

import os
from collections.abc import Callable

import pytest

from graders import sandbox
from graders.caching import Store, default_folder
from graders.selftest.corpus.cases import Case
from graders.selftest.corpus.taught import Taught
from graders.selftest.regression import Record, run_all
from graders.selftest.regression.entries import entry_of
from graders.selftest.regression.rendering import progress_line


@pytest.fixture(scope="session")
def graded(request: pytest.FixtureRequest, pytestconfig: pytest.Config) -> Callable[[Case | Taught], Record]:
    """What came of a case; the first test that asks has all selected cases graded."""
    cases = {item.callspec.params["graded_case"].path: item.callspec.params["graded_case"] for item in _asking(request)}
    isolation = sandbox.choose("auto")
    capture = pytestconfig.pluginmanager.getplugin("capturemanager")
    with capture.global_and_fixture_disabled():
        print()
        done = run_all(
            [entry_of(case, isolation) for case in cases.values()],
            isolation,
            os.cpu_count() or 1,
            Store(default_folder()),
            lambda record, number, count: print(progress_line(record, number, count), flush=True),
        )
    names = {path: entry_of(case, isolation).name for path, case in cases.items()}
    return lambda case: done.records[names[case.path]]


def _asking(request: pytest.FixtureRequest) -> list[pytest.Function]:
    """The selected tests of single cases."""
    found = [item for item in request.session.items if isinstance(item, pytest.Function)]
    return [item for item in found if "graded_case" in getattr(getattr(item, "callspec", None), "params", {})]
