"""The command line of ``python -m graders``: each module of ``graders.commands`` is a command."""

from __future__ import annotations

import argparse
import importlib
import pkgutil
import sys
from collections.abc import Sequence
from typing import Protocol

from graders import commands
from graders.core.errors import OptgradeError, UsageError
from graders.core.exit_codes import ExitCode


class Command(Protocol):
    """What the module of a command has."""

    SUMMARY: str

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Declares the command's own options."""

    def run(self, arguments: argparse.Namespace) -> int:
        """Runs the command; the exit code. :raises OptgradeError: its message is shown as one line."""


def load() -> dict[str, Command]:
    """Every command by name, in order. Their modules import heavy libraries only when they run."""
    names = sorted(module.name for module in pkgutil.iter_modules(commands.__path__) if module.name[0] != "_")
    return {name: importlib.import_module(f"graders.commands.{name}") for name in names}


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs a command; the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m graders",
        description="optgrade: everything but grading one submission, which is pytest graders.",
    )
    chosen = parser.add_subparsers(dest="command", required=True)
    known = load()
    for name, command in known.items():
        command.add_arguments(chosen.add_parser(name, help=command.SUMMARY, description=command.SUMMARY))
    given = parser.parse_args(arguments)
    try:
        return known[given.command].run(given)
    except OptgradeError as error:
        print(f"graders: {error}", file=sys.stderr)
        return ExitCode.USAGE if isinstance(error, UsageError) else ExitCode.UNSCORED
    except KeyboardInterrupt:
        print("graders: interrupted", file=sys.stderr)
        return ExitCode.INTERRUPTED
