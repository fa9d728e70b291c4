"""Scorecards in the formats of gradebooks, workflows and other graders."""

from __future__ import annotations

import argparse
import datetime as dt
import os
import sys
from collections.abc import Callable, Mapping, Sequence
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


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What to export, to which format, and where to."""
    add = parser.add_argument
    add("sources", nargs="+", type=Path, metavar="SOURCE", help="a scorecard.json, or a folder that contains some")
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
    scorecards = [_full(path).only(arguments.lab) for path in find_scorecards(arguments.sources)]
    if arguments.to in SHEETS:
        return _fill(arguments, scorecards)
    if arguments.to in MANY:
        _write(MANY[arguments.to](scorecards), arguments.output)
        return _report_unscored([scorecard for scorecard in scorecards if scorecard.unscored])
    if len(scorecards) != 1:
        raise UsageError(f"--to {arguments.to} takes one scorecard, not {len(scorecards)}")
    if arguments.to == "github":
        return _github(scorecards[0], arguments.output or find_scorecards(arguments.sources)[0].parent)
    _write(_one(scorecards[0], arguments), arguments.output)
    return ExitCode.OK


def _full(path: Path) -> Scorecard:
    scorecard = Scorecard.load(path)
    try:
        scorecard.require_full()
    except UsageError as error:
        raise UsageError(f"{path}: {error}") from None
    return scorecard


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


def _fill(arguments: argparse.Namespace, scorecards: Sequence[Scorecard]) -> int:
    """Fills a gradebook's sheet in, or shows what would change."""
    if arguments.sheet is None:
        raise UsageError(f"--to {arguments.to} fills in the gradebook's own sheet: download it, and give --sheet FILE")
    given = {}
    if arguments.match is not None:
        given = matching.read_matches(_sheet(arguments.match), str(arguments.match))
    filled = _filled(arguments, scorecards, given)
    path = arguments.output or (arguments.sheet.with_suffix(".filled.csv") if arguments.write else None)
    for change in filled.changes:
        print(change)
    for text in filled.notes:
        print(f"note: {text}")
    for text in filled.left:
        print(f"left alone: {text}")
    print(f"{len(filled.changes)} marks change, {filled.same} are there already, {len(filled.left)} left alone")
    if path is None:
        print("nothing was written: --write makes the file to upload")
    else:
        _write(filled.text, path)
        print(f"written: {path}")
    if filled.unscored:
        return ExitCode.UNSCORED
    return ExitCode.LOST if filled.left else ExitCode.OK


def _filled(arguments: argparse.Namespace, scorecards: Sequence[Scorecard], given: Mapping[str, str]) -> FilledSheet:
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
