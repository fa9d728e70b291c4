"""Optimises, tests and compares models: ``python -m kenning_compression optimize|test|report …``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from kenning.core.exceptions import KenningError

COMMANDS = ("optimize", "test", "report")


class OneLineParser(argparse.ArgumentParser):
    """A parser with one-line error messages."""

    def error(self, message: str) -> NoReturn:
        """Print what is wrong and exit with code 2."""
        self.exit(2, f"error: {message}\n")


def parse_arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    """The command line. If it is wrong, one line says so and the program exits with 2."""
    parser = OneLineParser(prog="python -m kenning_compression", description=__doc__)
    parser.add_argument("commands", nargs="+", choices=COMMANDS, help="what to do; several run in this order")
    parser.add_argument("--json-cfg", "--cfg", type=Path, metavar="FILE", help="the scenario, JSON or YAML")
    parser.add_argument("--measurements", type=Path, nargs="+", metavar="FILE", help="test writes, report reads")
    parser.add_argument("--report-path", type=Path, metavar="FILE", help="the report, in Markdown")
    parser.add_argument("--to-html", action="store_true", help="write the report as an HTML page as well")
    args = parser.parse_args(argv)
    if {"optimize", "test"} & set(args.commands) and args.json_cfg is None:
        parser.error("optimize and test need a scenario: --json-cfg FILE")
    if {"test", "report"} & set(args.commands) and not args.measurements:
        parser.error("test and report need --measurements FILE")
    if "test" in args.commands and len(args.measurements) > 1:
        parser.error("test writes one file: give --measurements one name")
    if "report" in args.commands and args.report_path is None:
        parser.error("report needs --report-path FILE")
    return args


def run(args: argparse.Namespace) -> None:
    """Runs the commands, in the order of :data:`COMMANDS`."""
    if {"optimize", "test"} & set(args.commands):
        from kenning.scenarios.scenario import load

        scenario = load(args.json_cfg)
        if "optimize" in args.commands:
            print(f"written: {scenario.optimize()}")
        if "test" in args.commands:
            from kenning.scenarios.testing import run_test

            run_test(scenario).save(args.measurements[0])
            print(f"written: {args.measurements[0]}")
    if "report" in args.commands:
        from kenning.scenarios.report import write_report

        for path in write_report(args.measurements, args.report_path, html=args.to_html):
            print(f"written: {path}")


def main(argv: Sequence[str] | None = None) -> int:
    """Returns 0; 1 if a part of the lab is not implemented yet; 2 if the scenario or a file is wrong."""
    args = parse_arguments(argv)
    try:
        run(args)
    except NotImplementedError as missing:
        print(f"not implemented yet: {missing}", file=sys.stderr)
        return 1
    except (KenningError, OSError) as problem:
        print(f"error: {problem}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
