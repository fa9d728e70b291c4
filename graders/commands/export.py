"""Scorecards in the formats of gradebooks, workflows and other graders."""

from __future__ import annotations

import argparse
import datetime as dt
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from graders.core.errors import Unscored, UsageError
from graders.core.exit_codes import ExitCode
from graders.core.text import report_line
from graders.reports.formats import (
    canvas,
    classroom50,
    github,
    gradescope,
    junit,
    matching,
    moodle,
    reporter,
    sheet,
    summary,
    table,
)
from graders.reports.formats.gradebook import FilledSheet
from graders.scoring import Scorecard, find_scorecards

SUMMARY = "scorecards for gradebooks and workflows: Gradescope, JUnit, CSV, Canvas, Moodle, GitHub …"
MANY: Mapping[str, Callable[[Sequence[Scorecard]], str]] = {
    "junit": junit.document,
    "csv": table.criteria,
    "markdown": summary.document,
}
ONE = ("gradescope", "reporter", "classroom50", "github")
SHEETS = ("canvas", "moodle")
RESULT = "result.json"
RESULTS = "results.json"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What to export, to which format, and where to."""
    add = parser.add_argument
    add(
        "sources",
        nargs="+",
        type=Path,
        metavar="SOURCE",
        help="a class's folder, a scorecard.json, or a folder that contains some",
    )
    add("--to", required=True, choices=(*ONE, *MANY, *SHEETS), metavar="FORMAT", help=", ".join((*ONE, *MANY, *SHEETS)))
    add("-o", "--output", type=Path, metavar="PATH", help="the file or folder to write (default: standard output)")
    add("--lab", action="append", default=[], metavar="NAME", help="only the points of this lab (repeatable)")
    add("--sheet", type=Path, metavar="FILE", help="canvas, moodle: the gradebook's sheet as downloaded")
    add("--assignment", default="", metavar="TITLE", help="canvas: the title of the column, or the number in it")
    add("--match", type=Path, metavar="FILE", help="canvas, moodle: a CSV file with the columns submission and student")
    add(
        "--skip-pending",
        action="store_true",
        help="canvas, moodle: skip submissions with pending points",
    )
    add("--feedback", action="store_true", help="moodle: fill in feedback unless there is some already")
    add("--write", action="store_true", help="canvas, moodle: write SHEET.filled.csv (default: only show the changes)")
    add(
        "--visibility",
        default="visible",
        choices=gradescope.VISIBILITIES,
        help="gradescope: when students see it",
    )


def run(arguments: argparse.Namespace) -> int:
    """Exports; the exit code says if something was skipped, or is unscored.

    :raises UsageError: for a quick look, which no format may pass off as a grading.
    """
    sources = _read(arguments.sources)
    scorecards = [scorecard.only(arguments.lab) for scorecard in sources.scorecards]
    if arguments.to in SHEETS:
        return _fill(arguments, scorecards, sources)
    for text in sources.without:
        print(f"graders: no mark: {text}", file=sys.stderr)
    if arguments.to in MANY:
        _write(MANY[arguments.to](scorecards), arguments.output)
        return _report_unscored([scorecard for scorecard in scorecards if scorecard.unscored])
    if arguments.to == "gradescope" and len(scorecards) > 1 and arguments.output is not None:
        return _each(arguments, scorecards)
    if len(scorecards) != 1:
        raise UsageError(f"--to {arguments.to} takes one scorecard, not {len(scorecards)}")
    if arguments.to == "github":
        return _github(scorecards[0], arguments.output or sources.folder)
    _write(_one(scorecards[0], arguments), arguments.output)
    return ExitCode.OK


@dataclass
class _Sources:
    """What there is to export.

    ``students``: whose a submission is, if a class's roster or a download says so. ``without``: who has no scorecard.
    """

    scorecards: list[Scorecard] = field(default_factory=list)
    students: dict[str, Sequence[str]] = field(default_factory=dict)
    without: list[str] = field(default_factory=list)
    folder: Path = Path()


def _read(paths: Sequence[Path]) -> _Sources:
    """The scorecards: of a class's folder those in its store, elsewhere those in files."""
    from graders.cohort.exported import is_class, read_class

    found = _Sources()
    for path in paths:
        if is_class(path):
            results = read_class(path)
            found.scorecards += results.scorecards
            found.students |= results.students
            found.without += results.without
    files = find_scorecards([path for path in paths if not is_class(path)])
    found.scorecards += map(_full, files)
    found.folder = files[0].parent if files else Path()
    for scorecard in found.scorecards:
        scorecard.require_full()
    return found


def _full(path: Path) -> Scorecard:
    scorecard = Scorecard.load(path)
    try:
        scorecard.require_full()
    except UsageError as error:
        raise UsageError(f"{path}: {error}") from None
    return scorecard


def _each(arguments: argparse.Namespace, scorecards: Sequence[Scorecard]) -> int:
    """Writes a file for each submission, in a folder that is called as it is."""
    from graders.cohort.intake import safe_name

    unscored = [scorecard for scorecard in scorecards if scorecard.unscored]
    scored = [scorecard for scorecard in scorecards if not scorecard.unscored]
    for scorecard in scored:
        folder = arguments.output / safe_name(scorecard.submission)
        _write(gradescope.results(scorecard, arguments.visibility), folder / RESULTS)
    print(f"written: {len(scored)} times {arguments.output}/SUBMISSION/{RESULTS}")
    return _report_unscored(unscored)


def _one(scorecard: Scorecard, arguments: argparse.Namespace) -> str:
    if arguments.to == "gradescope":
        return gradescope.results(scorecard, arguments.visibility)
    if arguments.to == "reporter":
        return reporter.result(scorecard) + "\n"
    return _classroom50(scorecard)


def _classroom50(scorecard: Scorecard) -> str:
    now = dt.datetime.now(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return classroom50.result(scorecard, classroom50.identity_of(os.environ, now))


def _github(scorecard: Scorecard, folder: Path) -> int:
    """A step's summary, outputs and annotations, and Classroom 50's file if its names are known."""
    _append("GITHUB_STEP_SUMMARY", summary.document([scorecard]))
    for note in github.notes(scorecard):
        print(note)
    try:
        outputs = {**github.outputs(scorecard), "result": reporter.result(scorecard)}
        if os.environ.get("CLASSROOM") and os.environ.get("ASSIGNMENT"):
            _write(_classroom50(scorecard), folder / RESULT)
    except Unscored:
        return _report_unscored([scorecard])
    _append("GITHUB_OUTPUT", "".join(f"{name}={value}\n" for name, value in outputs.items()))
    return ExitCode.OK


def _append(variable: str, text: str) -> None:
    """Appends to the file that a workflow's runner reads, if there is one."""
    path = os.environ.get(variable)
    if not path:
        print(f"graders: no {variable}, so this part is skipped (not in a workflow)", file=sys.stderr)
        return
    with Path(path).open("a", encoding="utf-8") as file:
        file.write(text)


def _fill(arguments: argparse.Namespace, scorecards: Sequence[Scorecard], sources: _Sources) -> int:
    """Fills a gradebook's sheet in, or shows what would change."""
    if arguments.sheet is None:
        raise UsageError(f"--to {arguments.to} fills in the gradebook's own sheet: download it, and give --sheet FILE")
    given = dict(sources.students)
    if arguments.match is not None:
        given |= matching.read_matches(_sheet(arguments.match), str(arguments.match))
    filled = _filled(arguments, scorecards, given)
    path = arguments.output or (arguments.sheet.with_suffix(".filled.csv") if arguments.write else None)
    for change in filled.changes:
        print(change)
    for text in filled.notes:
        print(f"note: {text}")
    left = [*filled.left, *sources.without]
    for text in left:
        print(f"left alone: {text}")
    print(f"{len(filled.changes)} marks change, {filled.same} are there already, {len(left)} left alone")
    if path is None:
        print("nothing was written: --write makes the file to upload")
    else:
        _write(filled.text, path)
        print(f"written: {path}")
    if filled.unscored:
        return ExitCode.UNSCORED
    return ExitCode.LOST if left else ExitCode.OK


def _filled(
    arguments: argparse.Namespace, scorecards: Sequence[Scorecard], given: Mapping[str, Sequence[str]]
) -> FilledSheet:
    source = _sheet(arguments.sheet)
    if arguments.to == "moodle":
        worksheet = moodle.open_worksheet(source)
        matches = matching.match(scorecards, worksheet.people, given, moodle.downloaded_as)
        return moodle.fill(worksheet, matches, arguments.skip_pending, arguments.feedback)
    if not arguments.assignment:
        raise UsageError("--to canvas needs --assignment TITLE: a column's title, or the number in it")
    book = canvas.open_book(source, arguments.assignment)
    return canvas.fill(
        book, matching.match(scorecards, book.people, given, canvas.downloaded_as), arguments.skip_pending
    )


def _sheet(path: Path) -> sheet.Sheet:
    try:
        return sheet.parse(path.read_bytes(), str(path))
    except OSError as error:
        raise UsageError(f"{path}: can't be read ({error.strerror})") from None


def _report_unscored(unscored: Sequence[Scorecard]) -> int:
    """Names submissions that have no mark; the exit code."""
    for scorecard in unscored:
        name, count = report_line(scorecard.submission, 80), len(scorecard.unscored)
        print(f"graders: {name}: {count} criteria could not be graded: no mark", file=sys.stderr)
    return ExitCode.UNSCORED if unscored else ExitCode.OK


def _write(text: str, path: Path | None) -> None:
    """Writes a file as it is, whatever its line ends, or to standard output."""
    if path is None:
        sys.stdout.write(text)
        return
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode())
    except OSError as error:
        raise UsageError(f"{path}: can't be written ({error.strerror})") from None
