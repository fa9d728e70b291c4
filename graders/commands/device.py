"""What ``.tflite`` files cost on a microcontroller: measured in the sandbox, as in a grading."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
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


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's own options."""
    parser.add_argument("files", type=Path, nargs="+", metavar="FILE", help="a .tflite file")
    parser.add_argument("--isolation", default="auto", metavar="TIER", help="as for a grading (default: auto)")


def run(arguments: argparse.Namespace) -> int:
    """Prints a table in Markdown, a row for each file. :raises UsageError: a file can't be read."""
    from graders import sandbox

    for line in table(arguments.files, measure_files(arguments.files, sandbox.choose(arguments.isolation))):
        print(line)
    return ExitCode.OK


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


def table(files: Sequence[Path], costs: Sequence[DeviceCost]) -> Iterator[str]:
    """The lines of the table."""
    from graders.measure.device.boards import board_table

    boards = board_table()
    yield f"| {' | '.join(HEADINGS)} |"
    yield f"|---|{'---:|' * (len(HEADINGS) - 2)}---|"
    for file, cost in zip(files, costs, strict=True):
        arena = None if cost.arena is None else cost.arena.total
        fits = [each.name for each in boards.boards if boards.fit(each, cost.flash, arena) == "fits"]
        known = None if cost.file is None else cost.file.cost
        every = f"all {len(fits)} boards" if len(fits) == len(boards.boards) else ", ".join(fits)
        where = cost.reason or every or "none of the boards"
        numbers = (cost.flash, arena, known and known.macs, known and known.parameters)
        cells = (file.name, *("-" if each is None else f"{each:,}" for each in numbers), where)
        yield f"| {' | '.join(' '.join(cell.replace('|', '/').split()) for cell in cells)} |"
