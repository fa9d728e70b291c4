"""What ``.tflite`` files cost on a microcontroller: measured in the sandbox, or taken from a grading's scorecard."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from graders.core.errors import RunError, UsageError
from graders.core.exit_codes import ExitCode

if TYPE_CHECKING:
    from graders.measure.device.results import DeviceCost
    from graders.sandbox import Isolation

SUMMARY = "show what .tflite files cost on a microcontroller: flash, memory arena, MACs, the boards that they fit on"
LARGEST = 64 << 20
HEADINGS = ("file", "flash", "arena", "MACs", "parameters", "fits on")


@dataclass(frozen=True)
class Row:
    """A file: bytes of flash and arena, MACs and parameters, each None if unknown; where it fits, or why nowhere."""

    name: str
    numbers: tuple[int | None, ...]
    where: str


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's own options."""
    parser.add_argument(
        "files", type=Path, nargs="+", metavar="FILE", help="a .tflite file, or the scorecard.json of a grading"
    )
    parser.add_argument("--isolation", default="auto", metavar="TIER", help="as for a grading (default: auto)")


def run(arguments: argparse.Namespace) -> int:
    """Prints a table in Markdown, a row for each file. :raises UsageError: a file can't be read."""
    from graders import sandbox

    cards = [each for each in arguments.files if each.suffix == ".json"]
    files = [each for each in arguments.files if each.suffix != ".json"]
    rows = [row for each in cards for row in graded(each)]
    if files:
        costs = measure_files(files, sandbox.choose(arguments.isolation))
        rows += [measured(file.name, cost) for file, cost in zip(files, costs, strict=True)]
    for line in table(rows):
        print(line)
    return ExitCode.OK


def graded(scorecard: Path) -> Iterator[Row]:
    """The files of a grading, without those that cost the same as one before. :raises UsageError: it has none."""
    from graders.scoring import Scorecard

    seen = set()
    labs = Scorecard.load(scorecard).labs
    if not any(lab.device for lab in labs):
        raise UsageError(f"{scorecard}: it says nothing of files on a device: grade again")
    for lab in labs:
        for file in lab.device:
            numbers = (file.flash, None if file.arena is None else file.arena.total, file.macs, file.parameters)
            if (lab.lab, numbers) not in seen:
                seen.add((lab.lab, numbers))
                yield Row(file.name, numbers, where(file.boards, file.reason))


def measured(name: str, cost: DeviceCost) -> Row:
    """A file that was measured."""
    from graders.measure.device.boards import board_table

    boards = board_table()
    arena = None if cost.arena is None else cost.arena.total
    known = None if cost.file is None else cost.file.cost
    fits = {each.name: boards.fit(each, cost.flash, arena) for each in boards.boards}
    counts = (None, None) if known is None else (known.macs, known.parameters)
    return Row(name, (cost.flash, arena, *counts), where(fits, cost.reason))


def where(boards: Mapping[str, str], reason: str) -> str:
    """The boards that a file fits on, or why it is on none."""
    fits = [name for name, fit in boards.items() if fit == "fits"]
    every = f"all {len(fits)} boards" if fits and len(fits) == len(boards) else ", ".join(fits)
    return reason or every or "none of the boards"


def measure_files(files: Sequence[Path], isolation: Isolation) -> list[DeviceCost]:
    """The cost of each file, each in a sandboxed process of its own. :raises UsageError: a file can't be read."""
    import tempfile

    from graders.measure.device.client import measure
    from graders.measure.scorer.client import Scorer, start_server
    from graders.submission import accept_artifact

    with tempfile.TemporaryDirectory(prefix="optgrade-device-") as scratch:
        folder = Path(scratch)
        try:
            copies = [accept_artifact(each, folder / f"{at}.tflite", LARGEST) for at, each in enumerate(files)]
        except RunError as error:
            raise UsageError(str(error)) from None
        with start_server(isolation, scratch=folder) as server:
            scorer = Scorer(server, folder / "scorers")
            return [measure(scorer, each) for each in copies]


def table(rows: Sequence[Row]) -> Iterator[str]:
    """The lines of the table."""
    yield f"| {' | '.join(HEADINGS)} |"
    yield f"|---|{'---:|' * (len(HEADINGS) - 2)}---|"
    for row in rows:
        cells = (row.name, *("-" if each is None else f"{each:,}" for each in row.numbers), row.where)
        yield f"| {' | '.join(_plain(cell) for cell in cells)} |"


def _plain(cell: str) -> str:
    """A cell's text without what would end it, or would be a command to a terminal."""
    from graders.core.text import html_label

    return html_label(cell, 400).replace("|", "/")
