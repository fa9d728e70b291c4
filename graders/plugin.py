"""The pytest glue: options, hooks and fixtures. What is decided is decided elsewhere."""

from __future__ import annotations

import fnmatch
from collections.abc import Generator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from pytest_metadata.plugin import metadata_key

from graders import LENT_SERVERS, options
from graders.core.errors import OptgradeError
from graders.core.paths import LABS
from graders.core.verdicts import Verdict
from graders.framework.checks import CRITERION, observing
from graders.framework.definition import Lab
from graders.framework.lab_plugin import LabPlugin
from graders.reports import terminal

TESTS = LABS
SESSION = pytest.StashKey[options.PytestGrading]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """The command line of ``pytest graders``."""
    options.add(parser.getgroup("optgrade", "grading of a submission"))


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Checks the options, and starts the sandbox's imports at once."""
    config.addinivalue_line("markers", f"{CRITERION}(id, runs=''): the test decides this criterion of lab.toml")
    if not options.is_grading(config):
        return
    try:
        session = options.session_of(config)
    except OptgradeError as error:
        raise pytest.UsageError(str(error)) from None
    config.stash[SESSION] = session
    session.adjust(config)
    session.start(config.pluginmanager.get_plugin(LENT_SERVERS))


def pytest_unconfigure(config: pytest.Config) -> None:
    """Ends every process and removes every temporary file of the grading."""
    session = config.stash.get(SESSION, None)
    if session is not None:
        session.close()


def _session(config: pytest.Config) -> options.PytestGrading | None:
    return config.stash.get(SESSION, None)


def _lab_of(path: Path) -> str | None:
    return path.parent.name if path.parent.parent == TESTS else None


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Repeats a test for each run that its criterion names."""
    session = _session(metafunc.config)
    marker = metafunc.definition.get_closest_marker(CRITERION)
    lab = _lab_of(metafunc.definition.path)
    if session is None or marker is None or lab is None or "evidence" not in metafunc.fixturenames:
        return
    entry = session.entry(lab)
    patterns = marker.kwargs.get("runs", "").split(",")
    names = entry.run_names if entry else []
    runs = [name for name in names if any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns)]
    metafunc.parametrize("evidence", runs, indirect=True, ids=runs)


def pytest_deselected(items: Sequence[pytest.Item]) -> None:
    """Counts what -k and its like left out, of the labs that were asked for: the result is no full grading then."""
    session = _session(items[0].config) if items else None
    if session is not None:
        session.deselected += sum(
            (lab := _lab_of(item.path)) is not None and bool(session.entry(lab)) for item in items
        )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leaves out labs that were not asked for, and gives latency tests the scorer's clock."""
    session = _session(config)
    if session is None:
        return
    kept = [item for item in items if (lab := _lab_of(item.path)) is None or session.entry(lab) is not None]
    dropped = [item for item in items if item not in kept]
    if dropped:
        config.hook.pytest_deselected(items=dropped)
        items[:] = kept
    for item in items:
        if "timing" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.benchmark(timer=session.clock, group="latency"))


@pytest.hookimpl(wrapper=True)
def pytest_runtestloop(session: pytest.Session) -> Generator[None, object, object]:
    """Executes every run that a selected test needs, then lets the tests look at what came of them."""
    grading = _session(session.config)
    if grading is not None:
        # Nothing here is a test of hypothesis', whose summary would import the whole of it; it has been set up by now.
        hypothesis = session.config.pluginmanager.get_plugin("hypothesispytest")
        if hypothesis is not None:
            session.config.pluginmanager.unregister(hypothesis)
    if grading is not None and not session.config.option.collectonly:
        needed: dict[str, dict[str, None]] = {}
        for item in session.items:
            lab, callspec = _lab_of(item.path), getattr(item, "callspec", None)
            if lab is not None and callspec is not None and "evidence" in callspec.params:
                needed.setdefault(lab, {})[callspec.params["evidence"]] = None
        reporter = session.config.pluginmanager.get_plugin("terminalreporter")
        grading.execute({lab: list(names) for lab, names in needed.items()}, reporter.write_line if reporter else print)
    return (yield)


def _asked(request: pytest.FixtureRequest) -> tuple[options.PytestGrading, LabPlugin[Any]]:
    """The grading under way, and the lab that a test with one of these fixtures belongs to."""
    session, name = _session(request.config), _lab_of(request.path)
    entry = session.entry(name) if session and name else None
    assert session is not None, f"only tests of a lab have the fixture '{request.fixturename}'"
    assert entry is not None
    return session, entry


@pytest.fixture
def lab(request: pytest.FixtureRequest) -> Lab:
    """The lab that the test belongs to."""
    return _asked(request)[1].lab


@pytest.fixture
def evidence(request: pytest.FixtureRequest) -> Any:
    """What was measured in the run that this test is repeated for."""
    session, entry = _asked(request)
    return session.grade.result(entry.lab.id, request.param).get()


@pytest.fixture
def summary(request: pytest.FixtureRequest) -> Any:
    """What can be told of the lab's summary."""
    session, entry = _asked(request)
    return session.grade.summary(entry)


@pytest.fixture
def handed_in(request: pytest.FixtureRequest) -> Any:
    """What the lab tells of the submission without running any of it."""
    session, entry = _asked(request)
    return session.grade.handed_in(entry)


@pytest.fixture
def history(request: pytest.FixtureRequest) -> Any:
    """The sub-scores of the git history for the lab."""
    session, entry = _asked(request)
    return session.grade.history(entry)


@pytest.fixture
def timing(request: pytest.FixtureRequest) -> Any:
    """Latency of a file against the baseline's."""
    session, entry = _asked(request)
    return session.timing(entry.lab.id)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    """Collects what the test's checks measured."""
    with observing() as observed:
        try:
            return (yield)
        finally:
            item.stash[OBSERVED] = observed


OBSERVED = pytest.StashKey[Mapping[str, Any]]()


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Turns what a test raised into a verdict and a reason; the reader sees the reason, never a traceback."""
    report = yield
    session, marker, lab = _session(item.config), item.get_closest_marker(CRITERION), _lab_of(item.path)
    if session is None or marker is None or lab is None or call.when == "teardown":
        return report
    error = call.excinfo.value if call.excinfo else None
    if call.when == "setup" and error is None:
        return report
    callspec = getattr(item, "callspec", None)
    test = getattr(item, "originalname", item.name)
    name = callspec.id if callspec is not None else test.removeprefix("test_").replace("_", " ")
    observed: Mapping[str, Any] = item.stash.get(OBSERVED, {})
    outcome = session.record(lab, marker.args[0], name, test, error, observed)
    if report.skipped:
        return report
    # A run that failed is the student's failed test, not an error of the test suite.
    report.when = "call"
    report.user_properties.append(("verdict", outcome.verdict.value))
    entry = session.entry(lab)
    bonus = entry is not None and entry.lab.criterion(marker.args[0]).bonus
    if outcome.verdict is Verdict.PENDING or (bonus and outcome.verdict not in (Verdict.EARNED, Verdict.UNSCORED)):
        # Neither is a failure: a person marks the one, and the other need not be there.
        told = outcome.reason.measured if outcome.reason is not None else "marked by a person"
        report.outcome, report.longrepr = "skipped", (str(item.path), 0, f"Skipped: {told}")
        return report
    report.outcome = "passed" if outcome.verdict is Verdict.EARNED else "failed"
    report.longrepr = None
    if outcome.reason is not None:
        report.longrepr = "\n".join(
            f"{part}: {terminal.disarmed(text)}" for part, text in outcome.reason.as_json().items()
        )
    return report


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_sessionfinish(session: pytest.Session) -> Generator[None, object, object]:
    """Writes the scorecard before pytest-html asks for it, and ends the terminal's output with the score."""
    grading = _session(session.config)
    if grading is None or session.config.option.collectonly or not grading.executed:
        return (yield)
    grading.finish()
    session.exitstatus = grading.exit_code(int(session.exitstatus))
    result = yield
    grading.finish_page(session.config)
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if reporter is not None:
        reporter.ensure_newline()
        for line in grading.closing_lines():
            reporter.write_line(line)
    return result


def pytest_html_report_title(report: Any) -> None:
    """Names the HTML page after the submission."""
    grading = _session(report._config)  # noqa: SLF001 - the hook gives no other way to the configuration
    if grading is not None and grading.wanted is not None:
        report.title = grading.title()


@pytest.hookimpl(tryfirst=True)
def pytest_sessionstart(session: pytest.Session) -> None:
    """Empties pytest-html's table of the environment, which it shows unescaped; the report has one of its own."""
    if _session(session.config) is not None:
        session.config.stash[metadata_key].clear()


def pytest_html_results_summary(prefix: list[str], session: pytest.Session) -> None:
    """Puts the report for people on top of pytest-html's page."""
    grading = _session(session.config)
    if grading is not None and grading.scorecard is not None:
        prefix.append(grading.html())
