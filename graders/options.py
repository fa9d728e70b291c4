"""The command line of ``pytest graders``: its options, and what they ask for."""

from __future__ import annotations

import argparse
import os
import tomllib
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from graders import profiles, sandbox
from graders.caching import FOLDER_VARIABLE, Store, default_folder, private_folder
from graders.core.errors import GraderError, UsageError
from graders.core.paths import GRADERS, REPOSITORY
from graders.framework import registry
from graders.framework.definition import Lab
from graders.pipeline.config import AnyLab, GradingConfig
from graders.submission.seeds import ENVIRONMENT, find_secret

if TYPE_CHECKING:
    from graders.scoring.marks import Marks

REPORT, QUICK_REPORT = Path("report"), Path("report-quick")


@dataclass(frozen=True, kw_only=True)
class ReportOptions:
    """Where reports go, the marks that they count, and which points make for which exit code.

    ``fail_under``: the points from which on the exit code is 0; None for every automatic point. ``exit_zero``: it is 0
    however many were lost.
    """

    folder: Path
    marks: Marks | None = None
    fail_under: float | None = None
    exit_zero: bool = False


@dataclass(frozen=True, kw_only=True)
class CommandLine:
    """What a call of ``pytest graders`` asks for: some of the ``available`` labs.

    ``grading``: None if tests are only collected. ``quick``: only some runs of each lab, for a look and no mark.
    """

    labs: tuple[AnyLab, ...]
    available: tuple[AnyLab, ...]
    grading: GradingConfig | None
    report: ReportOptions
    quick: bool = False


def add(group: pytest.OptionGroup) -> None:
    """Adds the options to pytest's command line."""
    group.addoption("--submission", metavar="PATH", type=_path, help="the folder to grade, or a ZIP archive of it")
    group.addoption("--lab", metavar="NAME", action="append", default=[], help="grade only this lab (repeatable)")
    group.addoption(
        "--labs",
        metavar="DIR",
        type=Path,
        action="append",
        default=[],
        help="a lab of your own, or a folder of such labs; their code is trusted (repeatable)",
    )
    group.addoption("--profile", default="embedded", help=f"data set and model: {', '.join(profiles.PROFILES)}")
    group.addoption("--dataset-root", metavar="DIR", type=Path, help="the data set of a real profile")
    group.addoption("--model-path", metavar="FILE", type=Path, help="the trained .h5 model of a real profile")
    group.addoption("--isolation", default="auto", choices=("auto", *sandbox.TIERS), help="refuse to grade with less")
    group.addoption(
        "--report-dir", metavar="DIR", type=Path, help=f"the folder for reports (default: {REPORT}, or {QUICK_REPORT})"
    )
    group.addoption(
        "--quick",
        action="store_true",
        help="a quick look: some runs of each lab, results as they come; it is no full grading and gives no mark",
    )
    group.addoption(
        "--watch",
        action="store_true",
        help="look quickly, and again whenever a file of the submission is saved, until Ctrl-C",
    )
    group.addoption("--seed", type=int, help="what hidden values are drawn from (default: the submission's own code)")
    group.addoption(
        "--secret-file",
        metavar="FILE",
        type=Path,
        help=f"an instructor's secret that hidden values also depend on (default: the variable {ENVIRONMENT})",
    )
    group.addoption("--marks", metavar="FILE", type=Path, help="a report's marks.toml with manual marks filled in")
    group.addoption("--no-cache", action="store_true", help="execute and measure everything again; cache nothing")
    group.addoption(
        "--wall-limit",
        metavar="SECONDS",
        type=float,
        help="time limit of a run, in place of the lab's, which is longer on a busy machine",
    )
    group.addoption(
        "--setting",
        metavar="LAB.NAME=VALUE",
        action="append",
        default=[],
        help="override a setting of lab.toml, for a quicker look (repeatable)",
    )
    group.addoption("--workers", metavar="N", type=int, help="runs at a time (default: the number of cores)")
    group.addoption(
        "--fail-under", metavar="POINTS", type=float, help="exit with 0 if at least this many points were earned"
    )
    group.addoption("--exit-zero", action="store_true", help="exit with 0 however many points were lost")


def is_grading(config: pytest.Config) -> bool:
    """Whether pytest was called on ``graders``, in order to grade."""
    for argument in config.args:
        path = Path(config.invocation_params.dir, argument.split("::")[0]).resolve()
        if path == GRADERS or GRADERS in path.parents:
            return True
    if config.getoption("submission") is not None:
        raise pytest.UsageError("--submission goes with 'graders': pytest graders --submission PATH")
    return False


def read(config: pytest.Config) -> CommandLine:
    """What the command line asks for; the folder for reports is made for a grading.

    :raises UsageError: in one line that says what to type.
    """
    option, here = config.getoption, config.invocation_params.dir
    _require_own_settings(config)
    submission = _submission(here, option("submission"), option("collectonly"))
    folders = _lab_folders(here, option("labs"), submission)
    labs = tuple(_with_settings(registry.select_labs(option("lab"), folders), option("setting")))
    profile = profiles.choose(option("profile"), option("dataset_root"), option("model_path"))
    quick = _quick(config, labs)
    report = ReportOptions(
        folder=_report_folder(here, option("report_dir"), quick),
        marks=_marks(here, option("marks"), submission, [plugin.lab for plugin in labs]),
        fail_under=option("fail_under"),
        exit_zero=option("exit_zero"),
    )
    grading = None
    if submission is not None and not option("collectonly"):
        grading = _grading(config, submission, labs, profile, report.folder, quick=quick)
    available = registry.available_labs(folders)
    return CommandLine(labs=labs, available=available, grading=grading, report=report, quick=quick)


def _quick(config: pytest.Config, labs: Sequence[AnyLab]) -> bool:
    """Whether a quick look is asked for.

    :raises UsageError: with what needs a full grading, or if a lab's list of quick runs names one that it doesn't have.
    """
    option = config.getoption
    if not (option("quick") or option("watch")):
        return False
    for name, given in (("--marks", option("marks")), ("--fail-under", option("fail_under"))):
        if given is not None:
            raise UsageError(f"--quick gives no mark, so {name} needs a full grading: leave one of them out")
    for plugin in labs:
        try:
            plugin.quick_runs  # noqa: B018 - asked for what it raises
        except GraderError as error:
            raise UsageError(str(error)) from None
    return True


def _report_folder(here: Path, given: Path | None, quick: bool) -> Path:
    """The folder for reports. :raises UsageError: a quick look would replace a full grading there."""
    from graders.pipeline.output import holds_full_grading

    if given is None:
        return here / (QUICK_REPORT if quick else REPORT)
    if quick and holds_full_grading(here / given):
        raise UsageError(
            f"--report-dir {given} has the report of a full grading, which a quick look does not replace: name another"
        )
    return here / given


def _path(text: str) -> Path:
    """A path on the command line. :raises ArgumentTypeError: for no text, which would be the current folder."""
    if not text.strip():
        raise argparse.ArgumentTypeError("expected a path, but it is empty")
    return Path(text)


def _submission(here: Path, given: Path | None, collect_only: bool) -> Path | None:
    """The submission's path. :raises UsageError: if there is none, unless tests are only collected."""
    if given is None:
        if collect_only:
            return None
        raise UsageError("which submission? Type: pytest graders --submission PATH (PATH is the student's folder)")
    path = here / given
    if not path.exists():
        raise UsageError(f"--submission {given}: no such path")
    if not path.is_dir() and not zipfile.is_zipfile(path):
        raise UsageError(f"--submission {given}: neither a folder nor a ZIP archive of one")
    return path


def _lab_folders(here: Path, given: Sequence[Path], submission: Path | None) -> tuple[Path, ...]:
    """The folders of ``--labs``. Their code is about to be imported.

    :raises UsageError: if there is no such folder, or the submission's author could have written any of it.
    """
    folders = tuple((here / folder).resolve() for folder in given)
    for name, folder in zip(given, folders, strict=True):
        if not folder.is_dir():
            raise UsageError(f"--labs {name}: no such folder")
        for place in (folder, *(path.parent for path in folder.glob(f"*/{registry.DEFINITION}"))):
            resolved = place.resolve()
            if submission is not None and submission.resolve() in (resolved, *resolved.parents):
                raise UsageError(
                    f"--labs {name}: {place.name} lies in the submission: its author could have written it"
                )
    return folders


def _grading(
    config: pytest.Config,
    submission: Path,
    labs: tuple[AnyLab, ...],
    profile: profiles.Profile,
    folder: Path,
    *,
    quick: bool,
) -> GradingConfig:
    from graders.pipeline.output import REPORTS
    from graders.reports.folder import prepare_folder

    option, here = config.getoption, config.invocation_params.dir
    grading = GradingConfig(
        submission=submission,
        labs=labs,
        profile=profile,
        isolation=sandbox.choose(option("isolation")),
        seed=option("seed"),
        secret=_secret(here, option("secret_file"), option("seed"), submission, profile),
        wall_limit_s=option("wall_limit"),
        store=_store(submission, cached=not option("no_cache")),
        workers=max(1, option("workers") or os.cpu_count() or 1),
        quick=quick,
    )
    prepare_folder(folder, submission, REPORTS)
    return grading


def _store(submission: Path, *, cached: bool) -> Store | None:
    """The cached results, if they are wanted.

    :raises UsageError: if others could have written to the folder; also where results are not cached, because compiled
        templates of reports are, and those are code.
    """
    folder = default_folder()
    if submission.resolve() in (folder.resolve(), *folder.resolve().parents):
        message = "this cache folder lies in the submission: its author could have written it"
        raise UsageError(f"{folder}: {message}; name another one with {FOLDER_VARIABLE}")
    return Store(private_folder(folder)) if cached else None


def _secret(
    here: Path, given: Path | None, seed: int | None, submission: Path, profile: profiles.Profile
) -> bytes | None:
    """The instructor's secret. :raises UsageError: if it can't be used, or if students' code could read it."""
    if given is None:
        return find_secret(None, os.environ)
    if seed is not None:
        raise UsageError("--seed and --secret-file: hidden values are drawn from one or the other; leave one out")
    path = (here / given).resolve()
    for folder in (submission, *profile.data):
        if folder.resolve() in path.parents:
            raise UsageError(f"--secret-file {given} lies in {folder.name}, which students' code can read: move it")
    return find_secret(here / given, os.environ)


def _with_settings(labs: Sequence[AnyLab], given: Sequence[str]) -> Iterator[AnyLab]:
    """The labs with other values of their settings. :raises UsageError: for a setting that no lab has."""
    known = {plugin.lab.id: plugin.lab.settings for plugin in labs}
    changed: dict[str, dict[str, Any]] = {}
    for text in given:
        key, _, value = text.partition("=")
        lab, _, name = key.partition(".")
        if name not in known.get(lab, {}):
            names = ", ".join(f"{lab}.{name}" for lab, settings in known.items() for name in settings)
            raise UsageError(f"--setting {text}: expected LAB.NAME=VALUE, with one of {names}")
        try:
            changed.setdefault(lab, {})[name] = tomllib.loads(f"value = {value}")["value"]
        except tomllib.TOMLDecodeError as error:
            raise UsageError(f"--setting {text}: not a value of TOML: {error}") from None
    for plugin in labs:
        settings = {**plugin.lab.settings, **changed.get(plugin.lab.id, {})}
        yield plugin.with_lab(replace(plugin.lab, settings=settings)) if plugin.lab.id in changed else plugin


def _marks(here: Path, given: Path | None, submission: Path | None, labs: Sequence[Lab]) -> Marks | None:
    """The marks of ``--marks``. :raises UsageError: if they can't be used, or could be the student's own."""
    if given is None or submission is None:
        return None
    from graders.scoring.manual_marks import require_matching
    from graders.scoring.marks import read_marks
    from graders.submission import submission_name

    path = here / given
    if submission.resolve() in path.resolve().parents:
        raise UsageError(f"--marks {given} lies in the submission: its author could have written it")
    marks = read_marks(path)
    require_matching(marks, submission_name(submission), labs, f"--marks {given}")
    return marks


def _require_own_settings(config: pytest.Config) -> None:
    """Refuses to grade with settings or plugins that may be the submission's.

    pytest looks for settings before it knows its plugins' options, in the folders that it takes for folders of tests.
    """
    own = REPOSITORY / "pyproject.toml"
    if config.inipath is None or config.inipath.resolve() != own:
        command = f"type pytest -c {own} graders --submission=PATH"
        raise UsageError(f"pytest took its settings from {config.inipath}: {command}")
    for plugin in config.pluginmanager.get_plugins():
        path = Path(getattr(plugin, "__file__", None) or own)
        if path.name == "conftest.py" and path.resolve() != REPOSITORY / "conftest.py":
            raise UsageError(f"pytest loaded {path}: type pytest -c {own} graders --submission=PATH")
