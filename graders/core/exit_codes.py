"""The exit codes of ``pytest graders`` and of the commands: pytest's own where it has one of that meaning."""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """How a call ended."""

    OK = 0
    """Every automatic point was earned; a command has nothing to report."""
    LOST = 1
    """Points were lost; a command found something different from what it expects."""
    INTERRUPTED = 2
    """Somebody stopped it; what it had finished is kept."""
    UNSCORED = 3
    """The grader could not decide something, or there is no scorecard."""
    USAGE = 4
    """The command line asks for something that can't be."""
