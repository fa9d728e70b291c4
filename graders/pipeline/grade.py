"""Grading one submission, from the folder to the scorecard. The pytest plugin and the cohort engine both drive this."""

from __future__ import annotations

import contextlib
import os
import resource
import tempfile
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graders.caching import Store, environment
from graders.caching.fingerprints import digest_of
from graders.caching.shared import Lazy, SharedCachePool
from graders.core.errors import GraderError, OptgradeError, RunError, SubmissionError
from graders.core.paths import REFERENCE, TEMPLATE
from graders.core.removal import remove
from graders.core.verdicts import Verdict
from graders.framework import static_review, static_review_charts
from graders.framework.checks import NeedsManualReview
from graders.framework.context import RUNNER_ENVIRONMENT, LabContext
from graders.framework.definition import Lab
from graders.framework.lab_plugin import LabPlugin
from graders.framework.locations import locate_definitions
from graders.framework.registry import definitions
from graders.framework.result_cache import ResultCache, fingerprint
from graders.framework.runner import PlannedRun, RunLog, RunResult, execute_runs
from graders.framework.static_review import SummaryEvidence
from graders.measure.scorer.client import Scorer, start_server
from graders.profiles import Profile
from graders.sandbox import Isolation, RunRecord, Server
from graders.scoring import CheckOutcome, CriterionScore, LabScore, Scorecard, SeedFrom, score_criterion
from graders.submission import Overlay, Part, Submission, build_overlay, discover, part_for, submission_name
from graders.submission.archives import is_archive, unpack
from graders.submission.history import History, NoHistory, SubScore
from graders.submission.notebooks import Found, WantedNotebook, find
from graders.submission.seeds import seed_of

NOT_LOST = (Verdict.EARNED, Verdict.PENDING, Verdict.UNSCORED)


@dataclass(frozen=True, kw_only=True)
class GradingConfig:
    """What a grading was asked to do. ``seed`` is None where it follows from the submission's own files, and the
    instructor's ``secret`` where there is one.

    ``store``: where results are kept between gradings; None for nowhere.
    """

    submission: Path
    labs: tuple[LabPlugin[Any], ...]
    profile: Profile
    isolation: Isolation
    seed: int | None = None
    secret: bytes | None = field(default=None, repr=False)
    wall_limit_s: float | None = None
    store: Store | None = None
    workers: int = field(default_factory=lambda: os.cpu_count() or 1)


@dataclass(frozen=True)
class CachedRun:
    """A run's result as it is kept between gradings."""

    evidence: Any
    error: RunError | GraderError | None
    records: tuple[RunRecord, ...]
    note: str


class ServerPool:
    """The two preloaded servers, one for students' code, one for measuring what it left; and what gradings share."""

    def __init__(self, runner: Server, scorers: Server, scratch: Path | None = None) -> None:
        """Takes over two servers that were started.

        :param scratch: the folder below which all that is made for a grading must lie, for servers to see it.
        """
        self.runner = runner
        self.scorers = scorers
        self.scratch = scratch or Path(tempfile.mkdtemp(prefix="optgrade-"))
        self.shelf = SharedCachePool(self.scratch / "kept")

    def start(self) -> None:
        """Starts both, where that was left for later."""
        self.runner.start()
        self.scorers.start()

    def close(self) -> None:
        """Ends both and removes what was kept."""
        self.runner.close()
        self.scorers.close()
        remove(self.scratch)


def start_servers(options: GradingConfig, *, late: bool = False) -> ServerPool:
    """Starts both servers for the labs that are asked for; their imports go on in the background.

    :param late: each is started when it is first needed.
    """
    preload: dict[str, None] = {}
    for entry in options.labs:
        preload |= dict.fromkeys(entry.lab.preload)
    if options.isolation.user is not None:
        # What is made for runs has to be readable for the user that they get.
        os.umask(0o022)
    scratch = Path(tempfile.mkdtemp(prefix="optgrade-"))
    profile = options.profile
    readable = [*profile.data, profile.model_path, *dict.fromkeys(entry.lab.driver for entry in options.labs)]
    readable += [path for entry in options.labs for path in entry.lab.data_paths]
    # The reference's code has runs of its own; those of students can't read it.
    readable.append(REFERENCE)
    runner = Server(list(preload), options.isolation, RUNNER_ENVIRONMENT, readable=readable, scratch=scratch, late=late)
    scorers = start_server(options.isolation, (profile.dataset_root, profile.model_path), scratch, late=late)
    return ServerPool(runner, scorers, scratch)


if TYPE_CHECKING:
    from graders.framework.model_stats import ModelStats

Progress = Callable[[Lab, RunResult[Any], int, int], None]
Saying = Callable[[Lab, str, str], None]


class Grade:
    """One grading under way. :meth:`close` must be called."""

    def __init__(self, options: GradingConfig, lent: ServerPool | None = None) -> None:
        """Starts the servers unless they are lent, and lays out the submission's view.

        An unreadable submission does not raise: its criteria are ``missing``, and say why.
        """
        self.options = options
        self.started = time.monotonic()
        self.notices: list[str] = []
        self.timing: dict[str, float] = {}
        self.results: dict[str, dict[str, RunResult[Any]]] = {}
        self._own = start_servers(options, late=True) if lent is None else None
        servers = lent or self._own
        assert servers is not None
        self.runner, self.scorers, self._shelf = servers.runner, servers.scorers, servers.shelf
        self.work = Path(tempfile.mkdtemp(prefix="grading-", dir=servers.scratch))
        self.work.chmod(0o711)
        self.fault: SubmissionError | None = None
        self.submission, self.view = self._take_submission()
        self.seed = self._seed_of(self.view.digest)
        self._gradings: dict[str, LabContext] = {}
        self._parts: dict[str, Part] = {}
        self._history = Lazy(self._read_history)
        self._summaries: dict[str, Lazy[SummaryEvidence]] = {}
        self._handed_in: dict[str, Lazy[Any]] = {}
        self._found = {entry.lab.id: self._find(entry.lab) for entry in options.labs if entry.lab.is_notebook}
        if self._own is not None and not self._all_kept():
            self._own.start()

    def _seed_of(self, digest: str) -> int:
        return self.options.seed if self.options.seed is not None else seed_of(digest, self.options.secret)

    def _all_kept(self) -> bool:
        """Whether every run of the labs lies in the store, so that none has to be executed."""
        present = [entry for entry in self.options.labs if self._absent(entry) is None]
        return all(
            self.grading(entry).cache.knows(self._run_key(entry, name)) for entry in present for name in entry.run_names
        )

    def _part(self, entry: LabPlugin[Any]) -> Part:
        """The part of the submission that this lab's runs see."""
        if entry.lab.id not in self._parts:
            others: dict[str, str] = {}
            for lab in definitions():
                if lab.summary is not None:
                    others[lab.summary.folder] = lab.summary.folder.partition("/")[0]
                if lab.id != entry.lab.id:
                    folder = lab.student_file.rpartition("/")[0] or lab.student_file
                    others[folder] = folder.rpartition("/")[2]
            for name, found in self._found.items():
                if name != entry.lab.id and found.chosen is not None:
                    others[found.chosen.as_posix()] = found.chosen.name
            own = self.lab_of(entry).student_file
            self._parts[entry.lab.id] = part_for(self.view, others, self.work / "parts" / entry.lab.id, own)
        return self._parts[entry.lab.id]

    def _run_key(self, entry: LabPlugin[Any], run: str) -> str:
        return self.grading(entry).cache.key(run=run, submission=self._part(entry).digest)

    @property
    def _seed_from(self) -> SeedFrom:
        if self.options.seed is not None:
            return "option"
        return "submission" if self.options.secret is None else "secret"

    def _find(self, lab: Lab) -> Found:
        """The lab's notebook, wherever it lies; what was passed over is noted."""
        if self.fault is not None:
            return Found(None)
        found = find(self.view.root, WantedNotebook.from_settings(Path(lab.student_file).name, lab.settings))
        if found.chosen is not None:
            self.notices += [f"{lab.id}: {note}" for note in found.notes[:5]]
        return found

    def lab_of(self, entry: LabPlugin[Any]) -> Lab:
        """The lab as this submission has it: with its notebook where it was found."""
        found = self._found.get(entry.lab.id)
        if found is None or found.chosen is None:
            return entry.lab
        return replace(entry.lab, student_file=found.chosen.as_posix())

    def handed_in(self, entry: LabPlugin[Any]) -> Any:
        """What the lab's ``handed_in.py`` reads of the submission, without running any of it.

        :raises RunError: where the submission can't be read.
        """
        if self.fault is not None:
            raise RunError(Verdict.MISSING, str(self.fault))
        return self._handed_in.setdefault(entry.lab.id, Lazy(lambda: self._read_handed_in(entry))).get()

    def _read_handed_in(self, entry: LabPlugin[Any]) -> Any:
        results = self.results.get(entry.lab.id, {})
        # What is read says whether the runs were tried, too.
        ended = {name: type(result.error).__name__ for name, result in sorted(results.items())}
        files = digest_of([sorted(self.view.files.items()), self._measured(entry), ended])
        return self.grading(entry).cache.once(
            f"handed in {files}", lambda: entry.static_review(self.view.root, self.lab_of(entry), results)
        )

    def _measured(self, entry: LabPlugin[Any]) -> dict[str, Any]:
        """What is told of each run of a lab that got to its end."""
        return {
            name: entry.describe(result.evidence)
            for name, result in self.results.get(entry.lab.id, {}).items()
            if result.error is None
        }

    def _take_submission(self) -> tuple[Submission, Overlay]:
        # A notebook may lie anywhere, and is looked for from the root that the others give.
        files = [entry.lab.student_file for entry in self.options.labs]
        given = list(dict.fromkeys(path for entry in self.options.labs for path in entry.lab.given))
        path = self.options.submission
        try:
            if is_archive(path):
                unpacked = unpack(path, self.work / "unpacked" / submission_name(path))
                self.notices += unpacked.notes[:20]
                path = unpacked.folder
            submission = discover(path, files)
            view = build_overlay(submission.root, TEMPLATE, given, self.work / "code")
        except SubmissionError as error:
            self.fault = error
            path = self.options.submission
            return Submission(submission_name(path), path, path), Overlay(self.work, "0" * 64, ())
        self.notices += view.notes[:20]
        return submission, view

    def grading(self, entry: LabPlugin[Any]) -> LabContext:
        """The grading of one lab; made once."""
        if entry.lab.id not in self._gradings:
            work = self.work / entry.lab.id
            work.mkdir()
            lab = self.lab_of(entry)
            if self.options.wall_limit_s is not None:
                lab = _with_wall_limit(lab, self.options.wall_limit_s)
            profile = self.options.profile
            part = self._part(entry)
            seed = self._seed_of(part.digest)
            kept = self._shelf.acquire(f"{profile.identity}/{seed}")
            basis = fingerprint(lab, profile, self.options.isolation, seed)
            self._gradings[entry.lab.id] = LabContext(
                lab=lab,
                profile=profile,
                seed=seed,
                code=part.root,
                work=work,
                server=self.runner,
                scorer=Scorer(
                    self.scorers,
                    work / "scorers",
                    (profile.dataset_root, profile.model_path, kept.folder),
                    lab.limits.wall_s,
                ),
                shared_cache=kept,
                cache=ResultCache(self.options.store, basis, work / "kept"),
            )
        return self._gradings[entry.lab.id]

    def run(self, wanted: Mapping[str, Sequence[str]], progress: Progress, saying: Saying = lambda *_: None) -> None:
        """Executes runs of labs, by the labs' ids, all labs' together, and keeps their results.

        :param progress: hears of each run as it ends. :param saying: of how far a run has come, by its name.
        """
        entries = [entry for entry in self.options.labs if wanted.get(entry.lab.id)]
        threading.Thread(target=self._read_ahead, args=(entries,), daemon=True).start()
        present = []
        for entry in entries:
            missing = self._absent(entry)
            if missing is None:
                present.append(entry)
            else:
                self.results[entry.lab.id] = {name: _not_run(name, missing) for name in wanted[entry.lab.id]}
        if present:
            self._execute(present, wanted, progress, saying)

    def _execute(
        self, entries: Sequence[LabPlugin[Any]], wanted: Mapping[str, Sequence[str]], progress: Progress, saying: Saying
    ) -> None:
        entries, wanted = self._recall(entries, wanted)
        if not entries:
            self.timing |= {"imports_s": 0.0, "start_s": time.monotonic() - self.started, "runs_s": 0.0}
            return
        for server in (self.runner, self.scorers):
            server.start()
        gradings = [self.grading(entry) for entry in entries]
        prepared = threading.Thread(target=_prepare, args=(entries, gradings), daemon=True)
        prepared.start()
        try:
            ready = self.runner.wait_ready()
            self.timing["imports_s"] = ready.seconds
            self.timing["start_s"] = time.monotonic() - self.started
            jobs = [
                (grading, plan)
                for entry, grading in zip(entries, gradings, strict=True)
                for plan in entry.plan_runs(grading)
                if plan.name in wanted[entry.lab.id]
            ]
        except OptgradeError as error:
            for entry in entries:
                self.results[entry.lab.id] = {name: _not_run(name, error) for name in wanted[entry.lab.id]}
            return
        done = 0

        def told(grading: LabContext, result: RunResult[Any]) -> None:
            nonlocal done
            done += 1
            progress(grading.lab, result, done, len(jobs))

        def said(grading: LabContext, name: str, text: str) -> None:
            saying(grading.lab, name, text)

        began = time.monotonic()
        for lab, results in execute_runs(jobs, self.options.workers, told, said).items():
            self.results.setdefault(lab, {}).update(results)
        prepared.join()
        self._keep(entries, jobs)
        self.timing["runs_s"] = time.monotonic() - began

    def _recall(
        self, entries: Sequence[LabPlugin[Any]], wanted: Mapping[str, Sequence[str]]
    ) -> tuple[list[LabPlugin[Any]], dict[str, list[str]]]:
        """Takes what is kept out of the store; which labs and runs are left to be executed."""
        left: dict[str, list[str]] = {}
        for entry in entries:
            grading = self.grading(entry)
            plans = {plan.name: plan for plan in entry.plan_runs(grading)} if grading.cache.remembers else {}
            for name in wanted[entry.lab.id]:
                kept: CachedRun | None = None
                if name in plans:
                    kept = grading.cache.get(self._run_key(entry, name))
                if kept is None:
                    left.setdefault(entry.lab.id, []).append(name)
                else:
                    log = RunLog(name, list(kept.records), kept.note)
                    result = RunResult(plans[name], kept.evidence, kept.error, log, cached=True)
                    self.results.setdefault(entry.lab.id, {})[name] = result
        return [entry for entry in entries if entry.lab.id in left], left

    def _keep(self, entries: Sequence[LabPlugin[Any]], jobs: Sequence[tuple[LabContext, PlannedRun[Any]]]) -> None:
        """Keeps what was executed for later gradings."""
        for entry in entries:
            grading = self.grading(entry)
            for plan in (plan for owner, plan in jobs if owner is grading):
                result = self.results[entry.lab.id][plan.name]
                kept = CachedRun(result.evidence, result.error, tuple(result.log.records), result.log.note)
                grading.cache.put(self._run_key(entry, plan.name), kept)

    def _read_ahead(self, entries: Sequence[LabPlugin[Any]]) -> None:
        """Reads what needs no run while runs go on; what goes wrong comes up again where it is asked for."""
        for entry in entries:
            with contextlib.suppress(Exception):
                self.history(entry)

    def history(self, entry: LabPlugin[Any]) -> Mapping[str, SubScore]:
        """The git history's sub-scores for a lab, by name.

        :raises NeedsManualReview: where there is none to judge. :raises RunError: where it has nothing of the lab.
        """
        if self.fault is not None:
            raise RunError(Verdict.MISSING, str(self.fault))
        found = self._history.get()
        if isinstance(found, NoHistory):
            raise NeedsManualReview(found.reason, found.next)
        return static_review.judged_history(found, self.lab_of(entry))

    def _read_history(self) -> History | NoHistory:
        return static_review.read_history_of(self.submission.root, [self.lab_of(entry) for entry in self.options.labs])

    def summary(self, entry: LabPlugin[Any]) -> SummaryEvidence:
        """What can be told of a lab's summary, with its claims against what was measured.

        :raises RunError: where none was handed in. :raises NeedsManualReview: where only a person can read it.
        """
        if self.fault is not None:
            raise RunError(Verdict.MISSING, str(self.fault))
        return self._summaries.setdefault(entry.lab.id, Lazy(lambda: self._review(entry))).get()

    def _review(self, entry: LabPlugin[Any]) -> SummaryEvidence:
        measured = self._measured(entry)

        def reviewed() -> SummaryEvidence:
            return static_review.review(self.submission.root, entry.lab, measured, lambda: self._known(entry))

        files = static_review.summary_digest(self.submission.root, entry.lab)
        if files is None:
            return reviewed()
        what = f"summary {files} beside {digest_of([measured, repr(entry.lab.summary)])}"
        return self.grading(entry).cache.once(what, reviewed)

    def _known(self, entry: LabPlugin[Any]) -> ModelStats | None:
        return entry.model_stats(self.grading(entry))

    def _absent(self, entry: LabPlugin[Any]) -> RunError | None:
        """Why a lab can't be run at all: nothing of it was handed in."""
        if self.fault is not None:
            return RunError(Verdict.MISSING, str(self.fault))
        file = self.lab_of(entry).student_file
        if (self.view.root / file).is_file():
            return None
        if entry.lab.is_notebook:
            notes = self._found[entry.lab.id].notes
            return RunError(Verdict.MISSING, notes[-1] if notes else f"no {file} in the submission")
        near = sorted(path.relative_to(self.view.root) for path in self.view.root.rglob(Path(file).name))
        hint = f"; found {near[0]} instead" if near else ""
        return RunError(Verdict.MISSING, f"no {file} in the submission{hint}")

    def result(self, lab: str, run: str) -> RunResult[Any]:
        """The result of a run. :raises GraderError: where it was never executed."""
        try:
            return self.results[lab][run]
        except KeyError:
            raise GraderError(f"run {run} of {lab} was not executed") from None

    def scorecard(self, outcomes: Mapping[str, Sequence[CheckOutcome]]) -> Scorecard:
        """The scorecard of all labs. :param outcomes: check outcomes by criterion id."""
        labs = []
        for entry in self.options.labs:
            scores = (score_criterion(each, outcomes.get(each.id, ())) for each in entry.lab.criteria)
            labs.append(self._lab_score(entry, tuple(self._located(entry, score) for score in scores)))
        everything = [result for lab in self.results.values() for result in lab.values()]
        records = [record for result in everything if not result.cached for record in result.log.records]
        timing = {
            "wall_s": time.monotonic() - self.started,
            "student_cpu_s": sum(record.cpu_s for record in records),
            "student_runs": float(len(records)),
            "kept_runs": float(sum(result.cached for result in everything)),
            "grader_peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
            "grader_cpu_s": time.process_time(),
            **self.timing,
        }
        return Scorecard(
            submission=self.submission.name,
            root=_root_within(self.submission),
            profile=self.options.profile.name,
            seed=self.seed,
            seed_from=self._seed_from,
            tier=self.options.isolation.tier,
            missing=self.options.isolation.missing,
            labs=tuple(labs),
            notices=(*self._about_the_data(), *self.notices),
            environment=environment(),
            timing=timing,
        )

    def _about_the_data(self) -> tuple[str, ...]:
        """The profile's title, where a lab is graded with it and not with data of its own."""
        return () if all(entry.lab.data for entry in self.options.labs) else (self.options.profile.title,)

    def _located(self, entry: LabPlugin[Any], score: CriterionScore) -> CriterionScore:
        """A criterion that lost points, with the lines of the student's file that it is about."""
        if score.verdict in NOT_LOST or self.fault is not None:
            return score
        found = locate_definitions(self.view.root, entry.lab.student_file, score.criterion.where)
        return replace(score, where=found)

    def _lab_score(self, entry: LabPlugin[Any], scores: tuple[Any, ...]) -> LabScore:
        results = self.results.get(entry.lab.id, {})
        runs = tuple(_described(entry, result) for _, result in sorted(results.items()))
        figures: list[dict[str, Any]] = []
        if entry.lab.id in self._gradings:
            ordered = {name: results[name] for name in entry.run_names if name in results}
            figures = entry.charts(self._gradings[entry.lab.id], ordered)
            if entry.lab.id in self._summaries:
                with contextlib.suppress(OptgradeError, NeedsManualReview):
                    figures += static_review_charts.claims_charts(self.summary(entry))
            with contextlib.suppress(OptgradeError, NeedsManualReview):
                figures.append(self._history_chart(entry))
        return LabScore(
            lab=entry.lab.id,
            title=entry.lab.title,
            criteria=scores,
            seed=self._seed_of(self._part(entry).digest),
            runs=runs,
            figures=tuple(figures),
        )

    def _history_chart(self, entry: LabPlugin[Any]) -> dict[str, Any]:
        scores, history = self.history(entry), self._history.get()
        assert not isinstance(history, NoHistory)  # history() would have raised
        return static_review_charts.history_chart(history, scores, entry.lab)

    def close(self) -> None:
        """Ends the servers that this grading started and removes its working folder."""
        for grading in self._gradings.values():
            self._shelf.release(grading.shared_cache)
        if self._own is not None:
            self._own.close()
        if self.options.store is not None:
            self.options.store.settle()
        remove(self.work)


def _prepare(entries: Sequence[LabPlugin[Any]], gradings: Sequence[LabContext]) -> None:
    """Prepares in advance; what goes wrong here comes up again where it is needed, and is reported there."""
    for entry, grading in zip(entries, gradings, strict=True):
        with contextlib.suppress(OptgradeError):
            entry.prepare(grading)


def _root_within(submission: Submission) -> str:
    """Where in a submission the labs lie, ``""`` where that is its own folder."""
    inner = submission.root.relative_to(submission.given_path).as_posix()
    return "" if inner == "." else inner


def _with_wall_limit(lab: Lab, seconds: float) -> Lab:
    return replace(lab, limits=replace(lab.limits, wall_s=seconds))


def _not_run(name: str, error: OptgradeError) -> RunResult[Any]:
    fault = error if isinstance(error, RunError | GraderError) else GraderError(str(error))
    plan = PlannedRun(name=name, title=name, execute=lambda *_: None)
    return RunResult(plan, None, fault, RunLog(name))


def _described(entry: LabPlugin[Any], result: RunResult[Any]) -> dict[str, Any]:
    """A run as the scorecard holds it."""
    records = result.log.records
    verdict, note = "finished", result.log.note or None
    if result.error is not None:
        verdict = result.error.verdict.value if isinstance(result.error, RunError) else Verdict.UNSCORED.value
        note = str(result.error)
    told: dict[str, Any] = {
        "run": result.plan.name,
        "title": result.plan.title,
        "verdict": verdict,
        "note": note,
        "output_tail": "\n".join(record.output for record in records)[-8000:],
        "output_bytes": sum(record.output_bytes for record in records),
        "cpu_s": round(sum(record.cpu_s for record in records), 2),
        "wall_s": round(sum(record.wall_s for record in records), 2),
    }
    left = sum(record.left_running for record in records)
    if left:
        told["note"] = f"{note + '; ' if note else ''}{left} processes were still running at the end and were stopped"
    if result.error is None:
        told["evidence"] = entry.describe(result.evidence)
    return told
