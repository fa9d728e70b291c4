"""One call of ``pytest graders``: the steps of the pipeline, in the order in which pytest's hooks come to them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from graders.console import TerminalListener, closing_lines, opening_lines, verdict_line
from graders.framework.clock import ScorerClock
from graders.framework.definition import PERSON, Lab
from graders.options import CommandLine
from graders.outcomes import check_outcome, exit_code
from graders.pipeline.config import AnyLab, GradingConfig
from graders.pipeline.output import PAGE_FILE, write_results
from graders.quick import QuickLook, Undecided
from graders.scoring import CheckOutcome, Scorecard, score_criterion

if TYPE_CHECKING:
    from graders.framework.timing import Timing
    from graders.pipeline.labs import OpenGrading
    from graders.pipeline.review import Reviews
    from graders.pipeline.running import RunningRuns
    from graders.pipeline.servers import ServerPool


class PytestGrading:
    """Holds what each step returned for the next one, and decides nothing. :meth:`close` must be called."""

    def __init__(self, options: CommandLine) -> None:
        """Does nothing yet; :meth:`start` begins the grading."""
        self.options = options
        self.clock = ScorerClock()
        self.outcomes: dict[str, list[CheckOutcome]] = {}
        self.deselected = 0
        self.quick = QuickLook() if options.quick else None
        self.scorecard: Scorecard | None = None
        self._folders = {plugin.lab.folder: plugin.lab.id for plugin in options.available}
        self._resources = ExitStack()
        self._grading: OpenGrading | None = None
        self._runs: RunningRuns | None = None
        self._reviews: Reviews | None = None
        self._undecided = Undecided([])

    @property
    def grading(self) -> OpenGrading:
        """The grading under way."""
        assert self._grading is not None, "nothing is graded while tests are only collected"
        return self._grading

    @property
    def runs(self) -> RunningRuns:
        """The runs that tests need; in a quick look, some may not have ended yet."""
        assert self._runs is not None, "runs begin before tests"
        return self._runs

    @property
    def reviews(self) -> Reviews:
        """The reviews of what needs no run."""
        assert self._reviews is not None, "runs begin before tests"
        return self._reviews

    @property
    def executed(self) -> bool:
        """Whether runs have begun, so that there will be a scorecard."""
        return self._runs is not None

    @property
    def ended(self) -> bool:
        """Whether all runs had ended before the first test, as in every full grading."""
        return self._reviews is not None and self.quick is None

    def weights(self) -> dict[str, dict[str, float]]:
        """About how long each run takes, by lab; without labs of which nothing was submitted or nothing is run."""
        if self._grading is None:
            return {}
        labs = [lab for lab in self._grading.labs if lab.staged.absent is None and self.config.runs_of(lab.plugin)]
        return {lab.id: {plan.name: plan.weight for plan in lab.plugin.plan_runs(lab.context)} for lab in labs}

    @property
    def config(self) -> GradingConfig:
        """What is graded, and how."""
        return self.grading.config

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

    def execute(
        self, requested: Mapping[str, Sequence[str]], summaries: Collection[str], write: Callable[[str], None]
    ) -> None:
        """Executes the runs that tests need, by lab, with a line for each as it ends.

        In a quick look they go on in the background, while tests look at those that have ended.

        :param summaries: labs whose summaries tests need; they are read while TensorFlow is imported for the runs.
        """
        from graders.pipeline.review import read_history, read_summaries, review
        from graders.pipeline.running import RunningRuns

        grading = self.grading
        runs = {lab.id: requested[lab.id] for lab in grading.labs if requested.get(lab.id)}
        for line in opening_lines(grading, runs):
            write(line)
        history = read_history(grading.staged)
        self._runs = RunningRuns(grading, runs, TerminalListener(write))
        self._resources.callback(self._runs.close)
        written = None
        if not self.config.quick:
            written = read_summaries(grading, summaries) if self._runs.executing else None
            self._runs.all()
        self._reviews = review(grading, self._runs, history, written)

    def guarded(self, lab: Lab, run: str, check: Callable[..., object], error: BaseException) -> BaseException:
        """What a failed check of a run comes to: what the reference fails itself on a real profile is no loss."""
        from graders.pipeline.reference_guard import judged

        opened = self.grading.lab(lab.id)
        fixtures: dict[str, Callable[[], object]] = {
            "lab": lambda: lab,
            "timing": lambda: self.timing(lab.id),
            "other_runs": dict,
        }
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

    def expect(self, items: Sequence[pytest.Item]) -> None:
        """Takes note of the tests that are about to be made."""
        self._undecided = Undecided(items)

    def verdict_lines(self, lab: Lab, criterion: str) -> Iterator[str]:
        """In a quick look, what a criterion came to, once its last check has been made; nothing before."""
        if self._undecided.decide(criterion) and self.quick is not None:
            left_out = self.quick.left_out(criterion, decided=True)
            score = score_criterion(lab.criterion(criterion), self.outcomes[criterion], left_out)
            if score.marked_by != PERSON:
                yield verdict_line(score)

    def timing(self, lab: str) -> Timing:
        """What a latency test measures with."""
        from graders.framework.timing import Timing

        opened = self.grading.lab(lab)
        return Timing(opened.context, self.clock, lambda name: opened.plugin.latency_baseline(opened.context, name))

    def finish(self) -> None:
        """Assembles the scorecard and writes its file."""
        from graders.pipeline.assembly import assemble

        notices = [f"{self.deselected} checks were deselected: this is no full grading"] if self.deselected else []
        left_out = {} if self.quick is None else self._left_out(self.quick)
        results = self.runs.all()
        unmarked = assemble(self.grading, results, self.reviews, self.outcomes, notices, left_out)
        self.scorecard = write_results(unmarked, self.options.report.marks, self.options.report.folder)

    def _left_out(self, look: QuickLook) -> dict[str, tuple[str, ...]]:
        criteria = [each.id for lab in self.grading.labs for each in lab.lab.criteria]
        return {name: look.left_out(name, decided=name in self.outcomes) for name in criteria}

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
