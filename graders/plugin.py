"""The pytest glue: options, hooks and fixtures. What is decided is decided elsewhere."""

from __future__ import annotations

import fnmatch
import os
from collections.abc import Generator, Mapping, Sequence
from contextlib import nullcontext, suppress
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from pytest_metadata.plugin import metadata_key

from graders import hooks, options, quick
from graders.console import no_scorecard_line
from graders.core.errors import OptgradeError
from graders.core.exit_codes import ExitCode
from graders.core.paths import GRADERS, LABS
from graders.core.text import without_commands
from graders.core.verdicts import Verdict
from graders.framework.checks import CRITERION, observing
from graders.framework.definition import Lab
from graders.framework.registry import DEFINITION
from graders.pipeline.config import AnyLab
from graders.scoring import CheckOutcome
from graders.session import PytestGrading, adjust_pytest, finish_page

GRADING = pytest.StashKey[PytestGrading]()
LEFT_OUT = pytest.StashKey[bool]()
"""Of a test that a quick look leaves out."""
OBSERVED = pytest.StashKey[Mapping[str, Any]]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """The command line of ``pytest graders``."""
    options.add(parser.getgroup("optgrade", "grading of a submission"))


def pytest_addhooks(pluginmanager: pytest.PytestPluginManager) -> None:
    """The hook that lends servers to a grading."""
    pluginmanager.add_hookspecs(hooks)


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Checks the options, and starts the sandbox's imports at once."""
    config.addinivalue_line("markers", f"{CRITERION}(id, runs=''): the test decides this criterion of lab.toml")
    if not options.is_grading(config):
        return
    try:
        command_line = options.read(config)
    except OptgradeError as error:
        raise pytest.UsageError(str(error)) from None
    adjust_pytest(config, command_line)
    if GRADERS in [Path(config.invocation_params.dir, argument).resolve() for argument in config.args]:
        config.args += _outside_tests(command_line)
    grading = config.stash[GRADING] = PytestGrading(command_line)
    grading.start(config.hook.pytest_optgrade_servers(config=config))


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_cmdline_main(config: pytest.Config) -> Generator[None, int | pytest.ExitCode | None, object]:
    """Sees to it that a grading without a scorecard never ends as one that lost points, whatever broke."""
    if not options.is_grading(config) or config.option.collectonly:
        return (yield)
    try:
        code = yield
    except pytest.UsageError:
        raise
    except Exception as error:  # noqa: BLE001 - pytest itself may have failed, such as on a full disk
        return _failed(config, error)
    grading = _grading(config)
    without = grading is None or grading.scorecard is None
    if without and code in (ExitCode.OK, ExitCode.LOST, pytest.ExitCode.INTERNAL_ERROR):
        return _failed(config, RuntimeError("its session ended early"))
    return code


@pytest.hookimpl(specname="pytest_cmdline_main", tryfirst=True)
def pytest_cmdline_main_watching(config: pytest.Config) -> int | None:
    """Grades again and again, in place of once; each grading is a session of pytest of its own, with lent servers."""
    if not config.option.watch or config.option.collectonly or not options.is_grading(config):
        return None
    if config.hook.pytest_optgrade_servers(config=config) is not None:
        return None
    from graders.watching.loop import WatchRequest, watch

    try:
        command_line = options.read(config)
    except OptgradeError as error:
        raise pytest.UsageError(str(error)) from None
    assert command_line.grading is not None
    words = [os.fspath(word) for word in config.invocation_params.args]
    folder = command_line.report.folder.resolve()
    return watch(WatchRequest(command_line.grading, words, folder), partial(print, flush=True))


def _failed(config: pytest.Config, error: Exception) -> int:
    """Says in one line that the grader failed, on stderr, for pytest's own output may be what failed."""
    grading = _grading(config)
    line = no_scorecard_line(error, written=grading is not None and grading.scorecard is not None)
    with suppress(OSError):
        os.write(2, f"{line}\n".encode())
    return ExitCode.UNSCORED


def pytest_unconfigure(config: pytest.Config) -> None:
    """Ends every process and removes every temporary file of the grading."""
    grading = _grading(config)
    if grading is not None:
        grading.close()


def _grading(config: pytest.Config) -> PytestGrading | None:
    return config.stash.get(GRADING, None)


def _plugin_of(item: pytest.Item) -> tuple[PytestGrading, AnyLab] | None:
    """The grading under way and the lab that a test belongs to; None if it is no test of a requested lab."""
    grading = _grading(item.config)
    name = grading.lab_of(item.path) if grading is not None else None
    plugin = grading.plugin(name) if grading is not None and name is not None else None
    return None if grading is None or plugin is None else (grading, plugin)


def _lab_of(item: pytest.Item) -> AnyLab | None:
    """The requested lab that a test belongs to, if there is one."""
    owner = _plugin_of(item)
    return owner[1] if owner is not None else None


def _outside_tests(command_line: options.CommandLine) -> list[str]:
    """The test files of requested labs outside of this repository.

    Files and no folders: whatever else lies below a lab's folder, such as submissions, is no test.
    """
    folders = [plugin.lab.folder for plugin in command_line.labs if plugin.lab.folder.parent != LABS]
    return [str(path) for folder in folders for path in (folder / DEFINITION, *sorted(folder.glob("test_*.py")))]


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """Collects the checks that every lab has alike, at its ``lab.toml``."""
    if file_path.name != DEFINITION or _grading(parent.config) is None:
        return None
    from graders.framework.generated_checks import GeneratedChecks

    collector: pytest.Collector = GeneratedChecks.from_parent(
        parent, path=file_path, nodeid=_outside_id(file_path, parent)
    )
    return collector


def pytest_pycollect_makemodule(module_path: Path, parent: pytest.Collector) -> pytest.Module | None:
    """Names the tests of a lab outside of this repository by the lab, since they have no path from here."""
    name = _outside_id(module_path, parent)
    return None if name is None else pytest.Module.from_parent(parent, path=module_path, nodeid=name)


def _outside_id(file: Path, parent: pytest.Collector) -> str | None:
    """The id of a test file outside of this repository, of which pytest makes none; None for others."""
    grading = _grading(parent.config)
    lab = grading.lab_of(file) if grading is not None else None
    return None if lab is None or file.parent.parent == LABS else f"{lab}/{file.name}"


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Repeats a test for each run that its criterion names."""
    grading, path = _grading(metafunc.config), metafunc.definition.path
    marker = metafunc.definition.get_closest_marker(CRITERION)
    lab = grading.lab_of(path) if grading is not None else None
    if grading is None or marker is None or lab is None or "evidence" not in metafunc.fixturenames:
        return
    plugin = grading.plugin(lab)
    patterns = marker.kwargs.get("runs", "").split(",")
    names = plugin.run_names if plugin else []
    runs = [name for name in names if any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns)]
    metafunc.parametrize("evidence", runs, indirect=True, ids=runs)


def pytest_deselected(items: Sequence[pytest.Item]) -> None:
    """Counts what -k and its like left out of the requested labs: the result is no full grading then."""
    for item in items:
        owner = _plugin_of(item)
        if owner is not None and LEFT_OUT not in item.stash:
            owner[0].deselected += 1


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leaves out labs that were not requested, and gives latency tests the scorer's clock."""
    grading = _grading(config)
    if grading is None:
        return
    dropped = [item for item in items if grading.lab_of(item.path) is not None and _plugin_of(item) is None]
    if dropped:
        config.hook.pytest_deselected(items=dropped)
        items[:] = [item for item in items if item not in dropped]
    if grading.quick is not None:
        kept = grading.quick.select(items, _lab_of)
        made = set(kept)
        left_out = [item for item in items if item not in made]
        for item in left_out:
            item.stash[LEFT_OUT] = True
        config.hook.pytest_deselected(items=left_out)
        items[:] = quick.in_order(kept, _lab_of, grading.weights())
    for item in items:
        if quick.uses(item, "timing"):
            item.add_marker(pytest.mark.benchmark(timer=grading.clock, group="latency"))


@pytest.hookimpl(wrapper=True)
def pytest_runtestloop(session: pytest.Session) -> Generator[None, object, object]:
    """Executes every run that a selected test needs, then lets the tests look at the results."""
    config = session.config
    grading = _grading(config)
    if grading is not None:
        # Nothing here is a test of hypothesis', whose summary would import the whole of it; it has been set up by now.
        hypothesis = config.pluginmanager.get_plugin("hypothesispytest")
        if hypothesis is not None:
            config.pluginmanager.unregister(hypothesis)
    if grading is not None and not config.option.collectonly:
        grading.expect(session.items)
        reporter = config.pluginmanager.get_plugin("terminalreporter")
        if grading.quick is not None and reporter is not None:
            # A line for each criterion takes the place of a character for each test.
            reporter.showfspath = False
        owners = [_lab_of(item) for item in session.items if quick.uses(item, "summary")]
        summaries = {plugin.lab.id for plugin in owners if plugin is not None}
        grading.execute(_needed_runs(session.items), summaries, partial(_print_line, config))
    return (yield)


def _print_line(config: pytest.Config, line: str) -> None:
    """Prints a line on the terminal, also while a test's output is captured."""
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    capture = config.pluginmanager.get_plugin("capturemanager")
    with capture.global_and_fixture_disabled() if capture is not None else nullcontext():
        if reporter is None:
            print(line)
        else:
            reporter.ensure_newline()
            reporter.write_line(line)


@pytest.hookimpl(tryfirst=True)
def pytest_report_teststatus(report: pytest.TestReport, config: pytest.Config) -> tuple[str, str, str] | None:
    """Shows no character for a test of a quick look."""
    grading = _grading(config)
    if grading is None or grading.quick is None or report.when != "call":
        return None
    return report.outcome, "", ""


def _needed_runs(items: Sequence[pytest.Item]) -> dict[str, list[str]]:
    """The runs that tests look at, by lab, each once and in the order of the tests.

    A test of how runs went looks at those that other tests need, and if there are none, at all.
    """
    needed: dict[str, dict[str, None]] = {}
    reviewed: dict[str, Sequence[str]] = {}
    for item in items:
        owner, callspec = _plugin_of(item), getattr(item, "callspec", None)
        if owner is not None and callspec is not None and "evidence" in callspec.params:
            needed.setdefault(owner[1].lab.id, {})[callspec.params["evidence"]] = None
        elif owner is not None and quick.uses(item, "run_review"):
            reviewed[owner[1].lab.id] = owner[0].config.runs_of(owner[1])
    needed = {**{lab: dict.fromkeys(names) for lab, names in reviewed.items()}, **needed}
    return {lab: list(names) for lab, names in needed.items()}


def _required(request: pytest.FixtureRequest) -> tuple[PytestGrading, AnyLab]:
    """The grading under way, and the lab that a test with one of these fixtures belongs to."""
    owner = _plugin_of(request.node)
    assert owner is not None, f"only tests of a lab have the fixture '{request.fixturename}'"
    return owner


@pytest.fixture
def lab(request: pytest.FixtureRequest) -> Lab:
    """The lab that the test belongs to."""
    return _required(request)[1].lab


@pytest.fixture
def evidence(request: pytest.FixtureRequest) -> Any:
    """What was measured in the run that this test is repeated for."""
    grading, plugin = _required(request)
    return grading.runs.get(plugin.lab.id, request.param).get()


@pytest.fixture
def other_runs(request: pytest.FixtureRequest) -> Mapping[str, Any]:
    """What was measured in the lab's runs, by name, as far as they were executed and something came of them.

    For checks that must not charge again what a class inherits from another one.
    """
    grading, plugin = _required(request)
    results = grading.runs.of(plugin.lab.id)
    return {name: result.evidence for name, result in results.items() if result.error is None}


@pytest.fixture
def run_review(request: pytest.FixtureRequest) -> Any:
    """How the lab's runs went."""
    from graders.framework.run_checks import RunReview

    grading, plugin = _required(request)
    results = grading.runs.of(plugin.lab.id)
    in_order = {name: results[name] for name in plugin.run_names if name in results}
    return RunReview(in_order, plugin.require_work)


@pytest.fixture
def summary(request: pytest.FixtureRequest) -> Any:
    """The lab's summary, as far as it can be read."""
    grading, plugin = _required(request)
    return grading.reviews.summary(plugin.lab.id)


@pytest.fixture
def static_review(request: pytest.FixtureRequest) -> Any:
    """What the lab itself reads of the submission without running any of it."""
    grading, plugin = _required(request)
    return grading.reviews.static_review(plugin.lab.id)


@pytest.fixture
def history(request: pytest.FixtureRequest) -> Any:
    """The sub-scores of the git history for the lab."""
    grading, plugin = _required(request)
    return grading.reviews.history(plugin.lab.id)


@pytest.fixture
def timing(request: pytest.FixtureRequest) -> Any:
    """Latency of a file against the baseline's, measured when no run is going on."""
    grading, plugin = _required(request)
    grading.runs.all()
    return grading.timing(plugin.lab.id)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    """Collects what the test's checks measured."""
    with observing() as observed:
        try:
            return (yield)
        finally:
            item.stash[OBSERVED] = observed


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Turns what a test raised into a verdict and a reason; the reader sees the reason, never a traceback."""
    owner, marker = _plugin_of(item), item.get_closest_marker(CRITERION)
    error = call.excinfo.value if call.excinfo else None
    if owner is not None and call.excinfo is not None:
        # pytest looks at each entry's file, and nobody sees what comes of it.
        call.excinfo.traceback = call.excinfo.traceback[-1:]
    report = yield
    if owner is not None and error is not None:
        # All tests of a run that failed raise the same error, whose traceback would grow with each.
        error.__traceback__ = None
    if owner is None or marker is None or call.when == "teardown" or (call.when == "setup" and error is None):
        return report
    grading, plugin = owner
    criterion = plugin.lab.criterion(marker.args[0])
    test = getattr(item, "originalname", item.name)
    callspec = getattr(item, "callspec", None)
    name = callspec.id if callspec is not None else test.removeprefix("test_").replace("_", " ")
    if (
        error is not None
        and callspec is not None
        and "evidence" in callspec.params
        and isinstance(item, pytest.Function)
    ):
        error = grading.guarded(plugin.lab, callspec.params["evidence"], item.function, error)
    outcome = grading.record(plugin.lab, criterion.id, name, test, error, item.stash.get(OBSERVED, {}))
    if not report.skipped:
        _show(report, outcome, item, bonus=criterion.bonus)
    for line in grading.verdict_lines(plugin.lab, criterion.id):
        _print_line(item.config, line)
    return report


def _show(report: pytest.TestReport, outcome: CheckOutcome, item: pytest.Item, *, bonus: bool) -> None:
    """Makes pytest's report of a test say what the check came to."""
    # A run that failed is the student's failed test, not an error of the test suite.
    report.when = "call"
    report.user_properties.append(("verdict", outcome.verdict.value))
    if outcome.verdict is Verdict.PENDING or (bonus and outcome.verdict not in (Verdict.EARNED, Verdict.UNSCORED)):
        # Neither is a failure: the one is graded manually, and the other is not required.
        why = outcome.reason.measured if outcome.reason is not None else "graded manually"
        report.outcome, report.longrepr = "skipped", (str(item.path), 0, f"Skipped: {why}")
        return
    report.outcome = "passed" if outcome.verdict is Verdict.EARNED else "failed"
    report.longrepr = None
    if outcome.reason is not None:
        parts = outcome.reason.to_json().items()
        report.longrepr = "\n".join(f"{part}: {without_commands(text)}" for part, text in parts)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_sessionfinish(session: pytest.Session) -> Generator[None, object, object]:
    """Writes the scorecard before pytest-html asks for it, and ends the terminal's output with the score."""
    grading = _grading(session.config)
    if grading is None or session.config.option.collectonly or not grading.executed:
        return (yield)
    if session.exitstatus == pytest.ExitCode.INTERRUPTED and not grading.ended:
        # Nobody who has pressed Ctrl-C waits for the other runs, and servers may have been interrupted as well.
        return (yield)
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    try:
        grading.finish()
    except Exception as error:  # noqa: BLE001 - whatever it is, it is not a student's loss
        if reporter is not None:
            reporter.ensure_newline()
            reporter.write_line(no_scorecard_line(error))
        session.exitstatus = ExitCode.UNSCORED
        return (yield)
    session.exitstatus = grading.exit_code(int(session.exitstatus))
    result = yield
    finish_page(session.config)
    if reporter is not None:
        reporter.ensure_newline()
        for line in grading.closing_lines():
            reporter.write_line(line)
    return result


def pytest_html_report_title(report: Any) -> None:
    """Names the HTML page after the submission."""
    grading = _grading(report._config)  # noqa: SLF001 - the hook gives no other way to the configuration
    if grading is not None and grading.options.grading is not None:
        report.title = grading.title()


@pytest.hookimpl(tryfirst=True)
def pytest_sessionstart(session: pytest.Session) -> None:
    """Empties pytest-html's table of the environment, which it shows unescaped; the report has one of its own."""
    if _grading(session.config) is not None:
        session.config.stash[metadata_key].clear()


def pytest_html_results_summary(prefix: list[str], session: pytest.Session) -> None:
    """Puts the report for people on top of pytest-html's page."""
    grading = _grading(session.config)
    if grading is not None and grading.scorecard is not None:
        prefix.append(grading.html())
