"""The command line of ``pytest graders`` and the grading session that it opens."""

from __future__ import annotations

import os
import tomllib
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from graders import profiles, sandbox
from graders.caching import Store, default_folder
from graders.core.errors import SourceLine, UsageError
from graders.core.paths import GRADERS, REPOSITORY
from graders.core.verdicts import Verdict
from graders.framework import registry
from graders.framework.clock import ScorerClock
from graders.framework.definition import Lab
from graders.framework.lab_plugin import LabPlugin
from graders.reports import terminal
from graders.scoring import CheckOutcome, Scorecard
from graders.scoring.outcomes import reason_of
from graders.submission.seeds import ENVIRONMENT, find_secret

if TYPE_CHECKING:
    from graders.framework.runner import RunResult
    from graders.framework.timing import Timing
    from graders.pipeline.grade import Grade, GradingConfig, ServerPool
    from graders.scoring.marks import Marks

EARNED, LOST, UNSCORED = 0, 1, 3
REPORTS = PAGE_FILE, SCORECARD_FILE, MARKS_FILE = "report.html", "scorecard.json", "marks.toml"


def add(group: pytest.OptionGroup) -> None:
    """Adds the options to pytest's command line."""
    group.addoption("--submission", metavar="PATH", type=Path, help="the folder to grade, or a ZIP archive of it")
    group.addoption("--lab", metavar="NAME", action="append", default=[], help="grade this lab only (may be repeated)")
    group.addoption("--profile", default="embedded", help=f"data and model: {', '.join(profiles.PROFILES)}")
    group.addoption("--dataset-root", metavar="DIR", type=Path, help="the data set of a real profile")
    group.addoption("--model-path", metavar="FILE", type=Path, help="the trained .h5 model of a real profile")
    group.addoption("--isolation", default="auto", choices=("auto", *sandbox.TIERS), help="refuse to grade with less")
    group.addoption("--report-dir", metavar="DIR", type=Path, default=Path("report"), help="where the reports go")
    group.addoption("--seed", type=int, help="what hidden values are drawn from (default: the submission's own code)")
    group.addoption(
        "--secret-file",
        metavar="FILE",
        type=Path,
        help=f"an instructor's secret that hidden values are drawn from as well (else: the variable {ENVIRONMENT})",
    )
    group.addoption("--marks", metavar="FILE", type=Path, help="a report's marks.toml with a person's marks in it")
    group.addoption("--no-cache", action="store_true", help="execute and measure everything anew, and keep nothing")
    group.addoption("--wall-limit", metavar="SECONDS", type=float, help="time limit of a run, in place of the lab's")
    group.addoption(
        "--setting",
        metavar="LAB.NAME=VALUE",
        action="append",
        default=[],
        help="another value of a setting of lab.toml, for a quicker look",
    )
    group.addoption("--workers", metavar="N", type=int, help="runs at a time (default: as many as cores)")
    group.addoption("--fail-under", metavar="POINTS", type=float, help="exit with 0 from so many points on")
    group.addoption("--exit-zero", action="store_true", help="exit with 0 whatever was earned")


def is_grading(config: pytest.Config) -> bool:
    """Whether pytest was called on ``graders``, in order to grade."""
    for argument in config.args:
        path = Path(config.invocation_params.dir, argument.split("::")[0]).resolve()
        if path == GRADERS or GRADERS in path.parents:
            return True
    if config.getoption("submission") is not None:
        raise pytest.UsageError("--submission goes with 'graders': pytest graders --submission PATH")
    return False


def session_of(config: pytest.Config) -> PytestGrading:
    """The grading session that the command line asks for.

    :raises UsageError: in one line that says what to type.
    """
    option = config.getoption
    _require_own_settings(config)
    labs = tuple(_with_settings(registry.select_labs(option("lab")), option("setting")))
    submission: Path | None = option("submission")
    if submission is None and not option("collectonly"):
        raise UsageError("which submission? Type: pytest graders --submission PATH (PATH is the student's folder)")
    here = config.invocation_params.dir
    wanted = (here / submission) if submission is not None else None
    if wanted is not None and not wanted.exists():
        raise UsageError(f"--submission {submission}: no such path")
    if wanted is not None and not wanted.is_dir() and not zipfile.is_zipfile(wanted):
        raise UsageError(f"--submission {submission}: neither a folder nor a ZIP archive of one")
    profile = profiles.choose(option("profile"), option("dataset_root"), option("model_path"))
    marks = _marks(here, option("marks"), wanted, [entry.lab for entry in labs])
    folder = here / option("report_dir")
    grading = None
    if wanted is not None and not option("collectonly"):
        from graders.pipeline.grade import GradingConfig
        from graders.reports.folder import make_ready

        grading = GradingConfig(
            submission=wanted,
            labs=labs,
            profile=profile,
            isolation=sandbox.choose(option("isolation")),
            seed=option("seed"),
            secret=_secret(here, option("secret_file"), option("seed"), wanted, profile),
            wall_limit_s=option("wall_limit"),
            store=None if option("no_cache") else Store(default_folder()),
            workers=max(1, option("workers") or os.cpu_count() or 1),
        )
        make_ready(folder, wanted, REPORTS)
    session = PytestGrading(labs, grading, folder, option("fail_under"), option("exit_zero"))
    session.marks = marks
    return session


def _secret(
    here: Path, given: Path | None, seed: int | None, submission: Path, profile: profiles.Profile
) -> bytes | None:
    """The instructor's secret. :raises UsageError: where it is not usable, or where students' code could read it."""
    if given is not None and seed is not None:
        raise UsageError("--seed and --secret-file: hidden values are drawn from one or the other; leave one out")
    if given is not None:
        path = (here / given).resolve()
        for place in (submission, *profile.data):
            if place.resolve() in path.parents:
                raise UsageError(f"--secret-file {given} lies in {place.name}, which students' code can read: move it")
    return find_secret(here / given if given is not None else None, os.environ)


def _with_settings(labs: Sequence[LabPlugin[Any]], given: Sequence[str]) -> Iterator[LabPlugin[Any]]:
    """The labs with other values of their settings. :raises UsageError: for a setting that no lab has."""
    changed: dict[str, dict[str, Any]] = {}
    for text in given:
        place, _, value = text.partition("=")
        lab, _, name = place.partition(".")
        known = {entry.lab.id: entry.lab.settings for entry in labs}
        if name not in known.get(lab, {}):
            names = ", ".join(f"{lab}.{name}" for lab, found in known.items() for name in found)
            raise UsageError(f"--setting {text}: expected LAB.NAME=VALUE, with one of {names}")
        try:
            changed.setdefault(lab, {})[name] = tomllib.loads(f"value = {value}")["value"]
        except tomllib.TOMLDecodeError as error:
            raise UsageError(f"--setting {text}: not a value of TOML: {error}") from None
    for entry in labs:
        settings = {**entry.lab.settings, **changed.get(entry.lab.id, {})}
        yield entry.with_lab(replace(entry.lab, settings=settings)) if entry.lab.id in changed else entry


def _marks(here: Path, given: Path | None, submission: Path | None, labs: Sequence[Lab]) -> Marks | None:
    """The marks of ``--marks``. :raises UsageError: where they are not usable, or could be the student's own."""
    if given is None or submission is None:
        return None
    from graders.scoring.manual_marks import require_fitting
    from graders.scoring.marks import read_marks
    from graders.submission import submission_name

    path = here / given
    if submission.resolve() in path.resolve().parents:
        raise UsageError(f"--marks {given} lies in the submission: its author could have written it")
    marks = read_marks(path)
    require_fitting(marks, submission_name(submission), labs, f"--marks {given}")
    return marks


def _require_own_settings(config: pytest.Config) -> None:
    """Refuses to grade with settings or plugins that may be the submission's.

    pytest looks for settings before it knows its plugins' options, in the folders that it takes for folders of tests.
    """
    own = REPOSITORY / "pyproject.toml"
    if config.inipath is None or config.inipath.resolve() != own:
        asked = f"type pytest -c {own} graders --submission=PATH"
        raise UsageError(f"pytest took its settings from {config.inipath}: {asked}")
    for plugin in config.pluginmanager.get_plugins():
        path = Path(getattr(plugin, "__file__", None) or own)
        if path.name == "conftest.py" and path.resolve() != REPOSITORY / "conftest.py":
            raise UsageError(f"pytest loaded {path}: type pytest -c {own} graders --submission=PATH")


class PytestGrading:
    """One call of ``pytest graders``: the grading, the outcomes of its tests, and what is told about them."""

    def __init__(
        self,
        labs: Sequence[LabPlugin[Any]],
        wanted: GradingConfig | None,
        folder: Path,
        fail_under: float | None,
        exit_zero: bool,
    ) -> None:
        """:param wanted: None where tests are only collected. :param folder: where reports go."""
        self.labs = tuple(labs)
        self.wanted = wanted
        self.folder = folder
        self.fail_under = fail_under
        self.exit_zero = exit_zero
        self.clock = ScorerClock()
        self.outcomes: dict[str, list[CheckOutcome]] = {}
        self.scorecard: dict[str, Any] | None = None
        self.executed = False
        self.deselected = 0
        self.marks: Marks | None = None
        self._grade: Grade | None = None
        self._sums: Scorecard | None = None
        self._told: list[str] = []

    @property
    def grade(self) -> Grade:
        """The grading under way."""
        assert self._grade is not None, "nothing is graded while tests are only collected"
        return self._grade

    def entry(self, lab: str) -> LabPlugin[Any] | None:
        """The lab of that id, if it is among those asked for."""
        return next((entry for entry in self.labs if entry.lab.id == lab), None)

    def adjust(self, config: pytest.Config) -> None:
        """Sets pytest's and its plugins' options as a report for students needs them."""
        config.option.tbstyle = "no"
        # The suite's own tests take warnings as errors; a warning of next year's libraries must not cost a mark.
        config.addinivalue_line("filterwarnings", "default")
        # A latency that is remembered takes no rounds.
        config.addinivalue_line("filterwarnings", "ignore::pytest_benchmark.logger.PytestBenchmarkWarning")
        config.option.reportchars = ""
        if hasattr(config.option, "benchmark_quiet"):
            config.option.benchmark_quiet = True
        if self.wanted is not None and not config.option.collectonly:
            config.option.htmlpath = str(self.folder / PAGE_FILE)
            config.option.self_contained_html = True

    def start(self, lent: ServerPool | None) -> None:
        """Starts the servers, so that their imports go on during collection. :param lent: servers to use instead."""
        if self.wanted is not None:
            from graders.pipeline.grade import Grade

            self._grade = Grade(self.wanted, lent)

    def execute(self, needed: Mapping[str, Sequence[str]], write: Callable[[str], None]) -> None:
        """Executes the runs that tests need, by lab, with a line for each as it ends."""
        self.executed = True
        grade = self.grade
        wanted = {name: runs for name, runs in needed.items() if runs and self.entry(name) is not None}
        write("")
        for name, runs in wanted.items():
            write(f"{name}: {len(runs)} runs of the submission's code")
        write(f"{grade.options.workers} at a time, isolation: {grade.options.isolation.tier}")
        steps = terminal.ProgressPrinter(write)
        grade.run(
            wanted,
            lambda lab, result, done, count: write(_progress(lab, result, done, count)),
            lambda lab, run, text: steps.say(f"{lab.short} {run}", text),
        )

    def record(
        self, lab: str, criterion: str, name: str, test: str, error: BaseException | None, observed: Mapping[str, Any]
    ) -> CheckOutcome:
        """Writes down how a check came out. :param name: the run's, or the test's where it has no run."""
        entry = self.entry(lab)
        assert entry is not None
        if any(outcome.name == name for outcome in self.outcomes.get(criterion, ())):
            name = f"{name} ({test.removeprefix('test_').replace('_', ' ')})"
        if isinstance(error, pytest.skip.Exception):
            outcome = CheckOutcome(criterion, name, Verdict.PENDING, None, {})
        elif error is None:
            outcome = CheckOutcome(criterion, name, Verdict.EARNED, None, observed)
        else:
            verdict, reason = reason_of(error, entry.lab)
            holds, places = getattr(error, "holds", 0.0), _own(getattr(error, "places", ()), entry.lab)
            outcome = CheckOutcome(criterion, name, verdict, reason, observed, holds, places)
        self.outcomes.setdefault(criterion, []).append(outcome)
        return outcome

    def timing(self, lab: str) -> Timing:
        """What a latency test measures with."""
        from graders.framework.timing import Timing

        entry = self.entry(lab)
        assert entry is not None
        grading = self.grade.grading(entry)
        return Timing(grading, self.clock, lambda name: entry.latency_baseline(grading, name))

    def finish(self) -> None:
        """Makes the scorecard and writes its file."""
        if self.deselected:
            self.grade.notices.append(f"{self.deselected} checks were deselected: this is no full grading")
        from graders.scoring.manual_marks import merged

        unmarked = self.grade.scorecard(self.outcomes)
        self._write_marks(unmarked)
        self._sums = merged(replace(unmarked, notices=(*unmarked.notices, *self._told)), self.marks)
        self.scorecard = self._sums.as_json()
        (self.folder / SCORECARD_FILE).write_text(self._sums.dumps(), encoding="utf-8")

    def _write_marks(self, unmarked: Scorecard) -> None:
        """Writes the file for a person to mark in; one with marks that were not given to this grading is left alone."""
        from graders.scoring.manual_marks import pending
        from graders.scoring.marks import has_marks, write_marks

        path, items = self.folder / MARKS_FILE, pending(unmarked)
        if self.marks is None and has_marks(path):
            self._told.append(f"{MARKS_FILE} has marks, which were not counted: grade with --marks and that file")
        elif items:
            write_marks(path, self.grade.submission.name, items, self.marks)

    def exit_code(self, current: int) -> int:
        """Pytest's exit code for the scorecard; an interruption or a usage error stays what it is."""
        if current not in (0, 1) or self._sums is None:
            return current
        if self._sums.unscored or self.deselected:
            return UNSCORED
        if self.exit_zero:
            return EARNED
        points = self._sums.points
        if self.fail_under is not None:
            return EARNED if float(points.earned) >= self.fail_under else LOST
        return EARNED if points.earned == points.automatic else LOST

    def title(self) -> str:
        """The HTML page's title."""
        from graders.reports.html import report_title

        return report_title({"submission": self.grade.submission.name})

    def html(self) -> str:
        """The report for people, as a piece of HTML."""
        from graders.reports.html import render_summary

        assert self.scorecard is not None
        return render_summary(self.scorecard)

    def finish_page(self, config: pytest.Config) -> None:
        """Finishes pytest-html's page, where it wrote one that stands by itself."""
        from graders.reports.html import finish_page

        path = Path(config.option.htmlpath or "")
        if config.option.self_contained_html and path.is_file():
            path.write_text(finish_page(path.read_text(encoding="utf-8")), encoding="utf-8")

    def closing_lines(self) -> Iterator[str]:
        """The end of the terminal's output: what cost points, where the report is, the score by lab."""
        if self.scorecard is None:
            return
        yield ""
        yield from terminal.lost_lines(self.scorecard)
        yield ""
        yield f"report: {self.folder / PAGE_FILE}"
        if self.scorecard["points"]["pending"]:
            yield f"for whoever marks the rest: {self.folder / MARKS_FILE}"
        yield from terminal.score_lines(self.scorecard)

    def close(self) -> None:
        """Ends what the grading started."""
        if self._grade is not None:
            self._grade.close()


def _own(places: Sequence[SourceLine], lab: Lab) -> tuple[SourceLine, ...]:
    """Lines without those of the given kit, which runs have the grader's copy of."""
    return tuple(
        place
        for place in places
        if not any(place.file == given or place.file.startswith(f"{given}/") for given in lab.given)
    )


def _progress(lab: Lab, result: RunResult[Any], done: int, count: int) -> str:
    seconds = sum(record.wall_s for record in result.log.records)
    told = terminal.clean(str(result.error) if result.error is not None else result.log.note or "done")[:110]
    return f"  [{done}/{count}] {lab.short} {result.plan.name:<22} {seconds:5.1f} s  {told}"
