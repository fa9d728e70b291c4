"""One call of ``pytest graders``: the steps of the pipeline, in the order in which pytest's hooks come to them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from graders.core.errors import SourceLine
from graders.core.exit_codes import ExitCode
from graders.core.text import terminal_line
from graders.core.verdicts import Verdict
from graders.framework.clock import ScorerClock
from graders.framework.definition import Lab
from graders.options import CommandLine, ReportOptions
from graders.pipeline.config import AnyLab
from graders.pipeline.output import MARKS_FILE, PAGE_FILE, write_results
from graders.reports import terminal
from graders.scoring import CheckOutcome, Scorecard
from graders.scoring.outcomes import reason_of

if TYPE_CHECKING:
    from graders.framework.timing import Timing
    from graders.pipeline.execution import AnyResult, RunResults
    from graders.pipeline.labs import OpenGrading
    from graders.pipeline.review import Reviews
    from graders.pipeline.servers import ServerPool

MESSAGE_WIDTH = 110


class PytestGrading:
    """Holds what each step returned for the next one, and decides nothing. :meth:`close` must be called."""

    def __init__(self, options: CommandLine) -> None:
        """Does nothing yet; :meth:`start` begins the grading."""
        self.options = options
        self.clock = ScorerClock()
        self.outcomes: dict[str, list[CheckOutcome]] = {}
        self.deselected = 0
        self.scorecard: Scorecard | None = None
        self._folders = {plugin.lab.folder: plugin.lab.id for plugin in options.available}
        self._resources = ExitStack()
        self._grading: OpenGrading | None = None
        self._results: RunResults | None = None
        self._reviews: Reviews | None = None

    @property
    def grading(self) -> OpenGrading:
        """The grading under way."""
        assert self._grading is not None, "nothing is graded while tests are only collected"
        return self._grading

    @property
    def results(self) -> RunResults:
        """The results of all runs."""
        assert self._results is not None, "runs are executed before tests"
        return self._results

    @property
    def reviews(self) -> Reviews:
        """The reviews of what needs no run."""
        assert self._reviews is not None, "runs are executed before tests"
        return self._reviews

    @property
    def executed(self) -> bool:
        """Whether runs have been executed, so that there will be a scorecard."""
        return self._results is not None

    def plugin(self, lab: str) -> AnyLab | None:
        """The lab of that id, if it is among the requested ones."""
        return next((plugin for plugin in self.options.labs if plugin.lab.id == lab), None)

    def lab_of(self, file: Path) -> str | None:
        """The id of the lab that a file of tests belongs to, whether it is among the requested ones or not."""
        return self._folders.get(file.parent)

    def start(self, lent: ServerPool | None) -> None:
        """Stages the submission and opens its labs; imports of servers go on during collection."""
        if self.options.grading is not None:
            from graders.pipeline.labs import open_grading

            self._grading = self._resources.enter_context(open_grading(self.options.grading, lent))

    def execute(self, requested: Mapping[str, Sequence[str]], write: Callable[[str], None]) -> None:
        """Executes the runs that tests need, by lab, with a line for each as it ends."""
        from graders.pipeline.execution import execute
        from graders.pipeline.review import read_history, review

        grading = self.grading
        runs = {lab.id: requested[lab.id] for lab in grading.labs if requested.get(lab.id)}
        for line in opening_lines(grading, runs):
            write(line)
        history = read_history(grading.staged)
        self._results = execute(grading, runs, TerminalListener(write))
        self._reviews = review(grading, self._results, history)

    def record(
        self, lab: Lab, criterion: str, name: str, test: str, error: BaseException | None, observed: Mapping[str, Any]
    ) -> CheckOutcome:
        """Records how a check came out. :param name: the run's, or the test's if it has no run."""
        recorded = self.outcomes.setdefault(criterion, [])
        if any(outcome.name == name for outcome in recorded):
            name = f"{name} ({test.removeprefix('test_').replace('_', ' ')})"
        recorded.append(check_outcome(lab, criterion, name, error, observed))
        return recorded[-1]

    def timing(self, lab: str) -> Timing:
        """What a latency test measures with."""
        from graders.framework.timing import Timing

        opened = self.grading.lab(lab)
        return Timing(opened.context, self.clock, lambda name: opened.plugin.latency_baseline(opened.context, name))

    def finish(self) -> None:
        """Assembles the scorecard and writes its file."""
        from graders.pipeline.assembly import assemble

        notices = [f"{self.deselected} checks were deselected: this is no full grading"] if self.deselected else []
        unmarked = assemble(self.grading, self.results, self.reviews, self.outcomes, notices)
        self.scorecard = write_results(unmarked, self.options.report.marks, self.options.report.folder)

    def exit_code(self, current: int) -> int:
        """The exit code in place of pytest's own."""
        return exit_code(self.scorecard, self.options.report, self.deselected, current)

    def closing_lines(self) -> Iterator[str]:
        """The end of the terminal's output."""
        return closing_lines(self.scorecard, self.options.report.folder)

    def title(self) -> str:
        """The HTML page's title."""
        from graders.reports.html import report_title

        return report_title(self.grading.staged.submission.name)

    def html(self) -> str:
        """The report for people, as a piece of HTML."""
        from graders.reports.html import render_summary

        assert self.scorecard is not None
        return render_summary(self.scorecard)

    def close(self) -> None:
        """Ends what the grading has started."""
        self._resources.close()


class TerminalListener:
    """Shows runs on the terminal: a line as each ends, and now and then how far a long one has come."""

    def __init__(self, write: Callable[[str], None]) -> None:
        """:param write: takes a line."""
        self._write = write
        self._steps = terminal.ProgressPrinter(write)

    def ended(self, lab: Lab, result: AnyResult, done: int, count: int) -> None:
        """A run has ended."""
        seconds = sum(record.wall_s for record in result.log.records)
        message = terminal_line(str(result.error or result.log.note or "done"))[:MESSAGE_WIDTH]
        self._write(f"  [{done}/{count}] {lab.short} {result.plan.name:<22} {seconds:5.1f} s  {message}")

    def on_step(self, lab: Lab, run: str, text: str) -> None:
        """How far a run has come."""
        self._steps.say(f"{lab.short} {run}", text)


def adjust_pytest(config: pytest.Config, options: CommandLine) -> None:
    """Sets pytest's and its plugins' options as a report for students needs them."""
    config.option.tbstyle = "no"
    # The suite's own tests take warnings as errors; a warning of next year's libraries must not cost a mark.
    config.addinivalue_line("filterwarnings", "default")
    # A cached latency takes no rounds.
    config.addinivalue_line("filterwarnings", "ignore::pytest_benchmark.logger.PytestBenchmarkWarning")
    config.option.reportchars = ""
    if hasattr(config.option, "benchmark_quiet"):
        config.option.benchmark_quiet = True
    if options.grading is not None:
        config.option.htmlpath = str(options.report.folder / PAGE_FILE)
        config.option.self_contained_html = True


def finish_page(config: pytest.Config) -> None:
    """Finishes pytest-html's page, if it wrote a self-contained one."""
    from graders.reports.html import finish_page as finished

    path = Path(config.option.htmlpath or "")
    if config.option.self_contained_html and path.is_file():
        path.write_text(finished(path.read_text(encoding="utf-8")), encoding="utf-8")


def opening_lines(grading: OpenGrading, runs: Mapping[str, Sequence[str]]) -> Iterator[str]:
    """What the terminal shows before runs are executed."""
    yield ""
    for lab, names in runs.items():
        yield f"{lab}: {len(names)} runs of the submission's code"
    yield f"{grading.config.workers} at a time, isolation: {grading.config.isolation.tier}"


def closing_lines(scorecard: Scorecard | None, folder: Path) -> Iterator[str]:
    """What cost points, where the report is, the score by lab; nothing if there is no scorecard."""
    if scorecard is None:
        return
    yield ""
    yield from terminal.lost_lines(scorecard)
    yield ""
    yield f"report: {folder / PAGE_FILE}"
    if scorecard.points.pending:
        yield f"For manual grading: {folder / MARKS_FILE}"
    yield from terminal.score_lines(scorecard)


def exit_code(scorecard: Scorecard | None, report: ReportOptions, deselected: int, current: int) -> int:
    """The exit code for a scorecard; an interruption or a usage error stays what it is.

    :param current: pytest's own. :param deselected: how many checks were left out.
    """
    if current not in (ExitCode.OK, ExitCode.LOST) or scorecard is None:
        return current
    if scorecard.unscored or deselected:
        return ExitCode.UNSCORED
    points = scorecard.points
    enough = points.earned == points.automatic
    if report.fail_under is not None:
        enough = float(points.earned) >= report.fail_under
    return ExitCode.OK if enough or report.exit_zero else ExitCode.LOST


def check_outcome(
    lab: Lab, criterion: str, name: str, error: BaseException | None, observed: Mapping[str, Any]
) -> CheckOutcome:
    """How a check came out, by what its test raised."""
    if isinstance(error, pytest.skip.Exception):
        return CheckOutcome(criterion, name, Verdict.PENDING, None, {})
    if error is None:
        return CheckOutcome(criterion, name, Verdict.EARNED, None, observed)
    verdict, reason = reason_of(error, lab)
    holds, lines = getattr(error, "holds", 0.0), students_lines(getattr(error, "places", ()), lab)
    return CheckOutcome(criterion, name, verdict, reason, observed, holds, lines)


def students_lines(lines: Sequence[SourceLine], lab: Lab) -> tuple[SourceLine, ...]:
    """Lines without those of the starter code, of which runs have the grader's copy."""
    return tuple(line for line in lines if not any(_is_given(line.file, given) for given in lab.given))


def _is_given(file: str, given: str) -> bool:
    return file == given or file.startswith(f"{given}/")
