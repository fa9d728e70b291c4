"""One call of ``pytest graders``: the steps of the pipeline, in the order in which pytest's hooks come to them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from graders.console import TerminalListener, closing_lines, opening_lines
from graders.framework.clock import ScorerClock
from graders.framework.definition import Lab
from graders.options import CommandLine
from graders.outcomes import check_outcome, exit_code
from graders.pipeline.config import AnyLab
from graders.pipeline.output import PAGE_FILE, write_results
from graders.scoring import CheckOutcome, Scorecard

if TYPE_CHECKING:
    from graders.framework.timing import Timing
    from graders.pipeline.execution import RunResults
    from graders.pipeline.labs import OpenGrading
    from graders.pipeline.review import Reviews
    from graders.pipeline.servers import ServerPool


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

    def guarded(self, lab: Lab, run: str, check: Callable[..., object], error: BaseException) -> BaseException:
        """What a failed check of a run comes to: what the reference fails itself on a real profile is no loss."""
        from graders.pipeline.reference_guard import judged

        opened = self.grading.lab(lab.id)
        fixtures: dict[str, Callable[[], object]] = {"lab": lambda: lab, "timing": lambda: self.timing(lab.id)}
        return judged(opened, run, check, fixtures, error)

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
