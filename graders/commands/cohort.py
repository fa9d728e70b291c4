"""Grades a whole class: every submission once, on all cores or a cluster, with a page for the instructor."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import TYPE_CHECKING

from graders.core.errors import UsageError
from graders.core.exit_codes import ExitCode

if TYPE_CHECKING:
    from graders.cohort.engine.options import GradingOptions
    from graders.cohort.leaderboard import ChosenNames
    from graders.cohort.run import CohortRequest, CohortResult

SUMMARY = "grade a whole class: folders, archives or a gradebook's download, on all cores or a cluster"
MOST_LINES = 20
NEEDED = ("distributed", "cryptography", "rich", "yaml")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What is graded, how, where, and where the results go."""
    add = parser.add_argument
    add(
        "submissions",
        nargs="*",
        type=Path,
        metavar="SUBMISSIONS",
        help="a folder of folders or ZIP archives, one for each student, or what Canvas, Moodle or Gradescope download",
    )
    add("--report-dir", type=Path, metavar="DIR", required=True, help="the folder for the store, page and reports")
    add(
        "--roster",
        type=Path,
        metavar="FILE",
        help="a CSV file with the columns student and submission",
    )
    add("--leaderboard", action="store_true", help="write a page for students: size against accuracy of all variants")
    add(
        "--names",
        type=Path,
        metavar="FILE",
        help="for it: a CSV file with the columns student and name",
    )
    add("--no-similarity", action="store_true", help="do not look for submissions that share passages or files")
    add("--restart", action="store_true", help="grade everything again, not only what is missing or has changed")
    _add_deadlines(parser)
    _add_grading(parser)
    _add_workers(parser)


def _add_deadlines(parser: argparse.ArgumentParser) -> None:
    """Which version counts, and what else decides the marks."""
    add = parser.add_argument
    add("--at", metavar="TIME", default="", help="grade the last commit before a time: 2026-11-30T23:59+01:00")
    add("--policy", metavar="FILE", type=Path, help="a late policy: cohort.toml")
    add("--marks", metavar="FILE", type=Path, help="manual marks: the class's marks.toml, filled in")
    add("--against", metavar="DIR", type=Path, help="show what changes against an earlier grading's --report-dir")


def _add_grading(parser: argparse.ArgumentParser) -> None:
    """Options of ``pytest graders`` that hold for the whole class."""
    add = parser.add_argument
    add("--lab", metavar="NAME", action="append", default=[], help="grade only this lab (repeatable)")
    add("--labs", metavar="DIR", type=Path, action="append", default=[], help="a lab of your own (repeatable)")
    add("--profile", default="embedded", help="data set and model, as for pytest graders")
    add("--dataset-root", metavar="DIR", type=Path, help="the data set of a real profile")
    add("--model-path", metavar="FILE", type=Path, help="the trained .h5 model of a real profile")
    add("--isolation", default="auto", metavar="TIER", help="refuse to grade with less than this tier")
    add("--seed", type=int, metavar="N", help="what hidden values are drawn from (default: each submission's code)")
    add("--secret-file", metavar="FILE", type=Path, help="a secret that hidden values also depend on")
    add("--wall-limit", metavar="SECONDS", type=float, help="time limit of a run, overriding the lab's")
    add(
        "--submission-limit",
        metavar="SECONDS",
        type=float,
        help="time limit of a whole submission (default: more than its labs' limits come to)",
    )
    add("--setting", metavar="LAB.NAME=VALUE", action="append", default=[], help="override a setting (repeatable)")
    add("--no-cache", action="store_true", help="execute and measure everything again; cache nothing")


def _add_workers(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--workers", type=int, metavar="N", help="gradings at a time on this machine (default: the number of cores)")
    add("--scheduler", default="", metavar="ADDRESS", help="the scheduler of a running dask cluster: tls://HOST:PORT")
    add("--scheduler-file", type=Path, metavar="FILE", help="the file that such a scheduler wrote")
    add("--open-network", action="store_true", help="accept a remote scheduler without TLS; no secret travels")
    add("--shared-files", action="store_true", help="workers of the cluster see the same files: send paths only")


def run(arguments: argparse.Namespace) -> int:
    """Grades; the exit code says if anything has no marks."""
    _require_libraries()
    from graders.cohort.run import grade_class

    request = _request(arguments)
    result = grade_class(request)
    for line in _closing(request, result):
        print(line)
    if result.interrupted:
        return ExitCode.INTERRUPTED
    return ExitCode.OK if set(result.kinds) <= {"graded"} else ExitCode.UNSCORED


def _require_libraries() -> None:
    import importlib.util

    missing = [name for name in NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        raise UsageError(f"cohort needs {', '.join(missing)}, not installed here: pip install 'optgrade[cohort]'")


def _request(arguments: argparse.Namespace) -> CohortRequest:
    from graders.cohort.engine.cluster import ClusterOptions
    from graders.cohort.intake.roster import read_time
    from graders.cohort.run import CohortRequest

    if not arguments.submissions and arguments.roster is None:
        raise UsageError("whose submissions? Type: python -m graders cohort SUBMISSIONS --report-dir DIR")
    given = [bool(arguments.scheduler), arguments.scheduler_file is not None, arguments.workers is not None]
    if sum(given) > 1:
        raise UsageError("--workers, --scheduler and --scheduler-file: give one of them")
    if arguments.shared_files and not (arguments.scheduler or arguments.scheduler_file):
        raise UsageError("--shared-files goes with --scheduler: workers of this machine see its files anyway")
    if arguments.workers is not None and arguments.workers < 1:
        raise UsageError(f"--workers {arguments.workers}: at least 1 is needed")
    return CohortRequest(
        sources=tuple(arguments.submissions),
        folder=arguments.report_dir,
        roster=arguments.roster,
        grading=_grading(arguments),
        cluster=ClusterOptions(
            workers=arguments.workers or os.cpu_count() or 1,
            scheduler=arguments.scheduler,
            scheduler_file=arguments.scheduler_file,
            shared_files=arguments.shared_files,
            open_network=arguments.open_network,
        ),
        restart=arguments.restart,
        at=read_time(arguments.at, "--at") if arguments.at else None,
        policy=arguments.policy,
        marks=arguments.marks,
        against=arguments.against,
        similarity=not arguments.no_similarity,
        leaderboard=_leaderboard(arguments),
    )


def _leaderboard(arguments: argparse.Namespace) -> ChosenNames | None:
    from graders.cohort.leaderboard import ChosenNames, read_names

    if arguments.names is not None:
        return read_names(arguments.names)
    return ChosenNames() if arguments.leaderboard else None


def _grading(arguments: argparse.Namespace) -> GradingOptions:
    from graders.cohort.engine.options import GradingOptions, Secret
    from graders.submission.seeds import find_secret

    if arguments.seed is not None and arguments.secret_file is not None:
        raise UsageError("--seed and --secret-file: hidden values are drawn from one or the other; leave one out")
    for source in arguments.submissions if arguments.secret_file else ():
        if source.resolve() in arguments.secret_file.resolve().parents:
            raise UsageError(f"--secret-file {arguments.secret_file} lies among the submissions: move it")
    secret = find_secret(arguments.secret_file, os.environ) if arguments.seed is None else None
    return GradingOptions(
        labs=tuple(arguments.lab),
        lab_folders=tuple(str(folder.resolve()) for folder in arguments.labs),
        profile=arguments.profile,
        dataset_root=_absolute(arguments.dataset_root),
        model_path=_absolute(arguments.model_path),
        isolation=arguments.isolation,
        seed=arguments.seed,
        secret=None if secret is None else Secret(secret),
        wall_limit=arguments.wall_limit,
        submission_limit=arguments.submission_limit,
        settings=tuple(arguments.setting),
        cache=not arguments.no_cache,
    )


def _absolute(path: Path | None) -> str | None:
    return None if path is None else str(path.resolve())


def _closing(request: CohortRequest, result: CohortResult) -> list[str]:
    """The last lines: what has no marks, where everything is, and how to go on."""
    from graders.cohort.leaderboard import PAGE as LEADERBOARD
    from graders.cohort.pages import PAGE

    sums = ", ".join(f"{count} {kind}" for kind, count in sorted(result.kinds.items()))
    lines = [f"{sums}; graded now: {result.graded_now}"]
    lines += [f"no marks: {line}" for line in result.without_marks[:MOST_LINES]]
    if len(result.without_marks) > MOST_LINES:
        lines.append(f"no marks: {len(result.without_marks) - MOST_LINES} more")
    lines += _changes(request, result)
    lines.append(f"page: {request.folder / PAGE}")
    if request.leaderboard is not None:
        lines.append(f"for students: {request.folder / LEADERBOARD}")
    if result.interrupted:
        lines.append("stopped: what was graded is stored. To go on, type the same command again, without --restart")
    elif result.without_marks:
        lines.append("once that is repaired, type the same command again: it grades only what is missing")
    return lines


def _changes(request: CohortRequest, result: CohortResult) -> list[str]:
    """Whose points change against an earlier grading, the largest changes first."""
    from graders.cohort.against import PAGE

    if result.comparison is None:
        return []
    moved, every = result.comparison.moved, result.comparison.changes
    lines = [f"change: {change}" for change in moved[:MOST_LINES]]
    if len(moved) > MOST_LINES:
        lines.append(f"change: {len(moved) - MOST_LINES} more")
    sums = f"points of {len(moved)} submissions change, verdicts alone of {len(every) - len(moved)}"
    lines.append(f"against {request.against}: {sums}; {result.comparison.same} are the same")
    return [*lines, f"changes: {request.folder / PAGE}"]
