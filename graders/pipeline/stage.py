"""Staging a submission: its root, a copy of it with the starter code laid over, and a part of that for each lab."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from graders.core.errors import RunError, SubmissionError
from graders.core.verdicts import Verdict
from graders.framework.definition import Lab
from graders.framework.registry import definitions
from graders.pipeline.config import AnyLab, GradingConfig
from graders.scoring import SeedFrom
from graders.submission import Overlay, Part, Submission, build_overlay, discover, part_for, submission_name
from graders.submission.archives import is_archive, unpack
from graders.submission.notebooks import Found, WantedNotebook, find
from graders.submission.seeds import seed_of

MOST_NOTES, MOST_NOTEBOOK_NOTES = 20, 5
NO_DIGEST = "0" * 64


@dataclass(frozen=True)
class StagedLab:
    """A lab as one submission has it.

    ``lab``: its definition, with the notebook's path as it was found and the time limit that holds for this grading.
    ``part``: the files that its runs see. ``absent``: why none of its runs can be executed, None if they can.
    """

    plugin: AnyLab
    lab: Lab
    part: Part
    seed: int
    absent: RunError | None

    @property
    def id(self) -> str:
        """The lab's id."""
        return self.lab.id


@dataclass(frozen=True, kw_only=True)
class StagedSubmission:
    """A submission that is ready to be graded. ``fault``: why it can't be read, None if it can.

    ``started``: when its grading began, on the clock of :func:`time.monotonic`; ``cpu_started``: this process's CPU
    seconds until then, which may be those of other gradings.
    """

    submission: Submission
    view: Overlay
    labs: tuple[StagedLab, ...]
    seed: int
    seed_from: SeedFrom
    notices: tuple[str, ...]
    fault: SubmissionError | None
    work: Path
    started: float = field(default_factory=time.monotonic)
    cpu_started: float = field(default_factory=time.process_time)

    @property
    def root(self) -> str:
        """The folder in the submission that the labs' paths count from, ``""`` for the submission's own."""
        inner = self.submission.root.relative_to(self.submission.given_path).as_posix()
        return "" if inner == "." else inner

    def require_readable(self) -> None:
        """:raises RunError: if the submission can't be read."""
        if self.fault is not None:
            raise RunError(Verdict.MISSING, str(self.fault))


def stage(config: GradingConfig, work: Path) -> StagedSubmission:
    """Stages a submission below ``work``.

    An unreadable one raises nothing: its ``fault`` says what is wrong, and everything in it is missing.
    """
    started, cpu_started = time.monotonic(), time.process_time()
    copy = _copy(config, work)
    notebooks = {plugin.lab.id: _notebook(plugin.lab, copy) for plugin in config.labs if plugin.lab.is_notebook}
    labs = tuple(_stage_lab(plugin, config, copy, notebooks, work) for plugin in config.labs)
    return StagedSubmission(
        submission=copy.submission,
        view=copy.view,
        labs=labs,
        seed=_seed(config, copy.view.digest),
        seed_from=_seed_from(config),
        notices=(*copy.notes, *_notebook_notes(notebooks)),
        fault=copy.fault,
        work=work,
        started=started,
        cpu_started=cpu_started,
    )


@dataclass(frozen=True)
class _Copy:
    submission: Submission
    view: Overlay
    notes: tuple[str, ...]
    fault: SubmissionError | None = None


def _copy(config: GradingConfig, work: Path) -> _Copy:
    """The submission, unpacked if it is an archive, and its view."""
    # A notebook may lie anywhere, and is looked for from the root that the others give.
    files = [plugin.lab.student_file for plugin in config.labs]
    given = {path: plugin.lab.template / path for plugin in config.labs for path in plugin.lab.given}
    path = config.submission
    notes: tuple[str, ...] = ()
    try:
        if is_archive(path):
            unpacked = unpack(path, work / "unpacked" / submission_name(path))
            path, notes = unpacked.folder, tuple(unpacked.notes[:MOST_NOTES])
        submission = discover(path, files)
        view = build_overlay(submission.root, given, work / "code")
    except SubmissionError as error:
        path = config.submission
        return _Copy(Submission(submission_name(path), path, path), Overlay(work, NO_DIGEST, ()), notes, error)
    return _Copy(submission, view, (*notes, *view.notes[:MOST_NOTES]))


def _notebook(lab: Lab, copy: _Copy) -> Found:
    """The lab's notebook, wherever it lies."""
    if copy.fault is not None:
        return Found(None)
    return find(copy.view.root, WantedNotebook.from_settings(Path(lab.student_file).name, lab.settings))


def _notebook_notes(notebooks: Mapping[str, Found]) -> list[str]:
    """What was passed over for the notebook that was chosen."""
    chosen = {lab: found for lab, found in notebooks.items() if found.chosen is not None}
    return [f"{lab}: {note}" for lab, found in chosen.items() for note in found.notes[:MOST_NOTEBOOK_NOTES]]


def _stage_lab(
    plugin: AnyLab, config: GradingConfig, copy: _Copy, notebooks: Mapping[str, Found], work: Path
) -> StagedLab:
    lab, notebook = plugin.lab, notebooks.get(plugin.lab.id)
    if notebook is not None and notebook.chosen is not None:
        lab = replace(lab, student_file=notebook.chosen.as_posix())
    if config.wall_limit_s is not None:
        lab = replace(lab, limits=replace(lab.limits, wall_s=config.wall_limit_s, asked_for=True))
    others = _other_labs_files(lab.id, config, notebooks)
    part = part_for(copy.view, others, work / "parts" / lab.id, lab.student_file)
    return StagedLab(plugin, lab, part, _seed(config, part.digest), _absence(lab, copy, notebook))


def _other_labs_files(lab: str, config: GradingConfig, notebooks: Mapping[str, Found]) -> dict[str, str]:
    """What is not this lab's code, each with the word that code has to contain in order to use it."""
    others: dict[str, str] = {}
    known = {other.id: other for other in (*definitions(), *(plugin.lab for plugin in config.labs))}
    for other in known.values():
        if other.summary is not None:
            others[other.summary.folder] = other.summary.folder.partition("/")[0]
        if other.id != lab:
            folder = other.student_file.rpartition("/")[0] or other.student_file
            others[folder] = folder.rpartition("/")[2]
    for name, found in notebooks.items():
        if name != lab and found.chosen is not None:
            others[found.chosen.as_posix()] = found.chosen.name
    return others


def _absence(lab: Lab, copy: _Copy, notebook: Found | None) -> RunError | None:
    """Why none of a lab's runs can be executed: nothing of it was submitted."""
    if copy.fault is not None:
        return RunError(Verdict.MISSING, str(copy.fault))
    root, file = copy.view.root, lab.student_file
    if (root / file).is_file():
        return None
    if notebook is not None:
        return RunError(Verdict.MISSING, notebook.notes[-1] if notebook.notes else f"no {file} in the submission")
    near = sorted(path.relative_to(root) for path in root.rglob(Path(file).name))
    hint = f"; found {near[0]} instead" if near else ""
    return RunError(Verdict.MISSING, f"no {file} in the submission{hint}")


def _seed(config: GradingConfig, digest: str) -> int:
    return config.seed if config.seed is not None else seed_of(digest, config.secret)


def _seed_from(config: GradingConfig) -> SeedFrom:
    if config.seed is not None:
        return "option"
    return "submission" if config.secret is None else "secret"
