"""Isolation tiers: one small seam between the sandbox and what a machine can enforce."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from graders.errors import UsageError

TIERS = ("strict", "confined", "bare")


@dataclass(frozen=True)
class MissingLayer:
    """A layer of protection that a tier does not have here, and why."""

    layer: str
    reason: str


class Isolation(Protocol):
    """How the preloaded server is started, so that all that is forked from it is held in the same walls."""

    @property
    def tier(self) -> str:
        """``strict``, ``confined`` or ``bare``."""

    @property
    def missing(self) -> tuple[MissingLayer, ...]:
        """What this tier does not protect against on this machine."""

    def command(self, argv: Sequence[str]) -> list[str]:
        """The command that starts ``argv`` inside this tier's walls."""


@dataclass(frozen=True)
class Bare:
    """A process of its own with limits, a clean environment and a whole-tree kill: not a security boundary."""

    tier: str = "bare"
    missing: tuple[MissingLayer, ...] = (
        MissingLayer("file system", "the student's code can read what the user who grades can read"),
        MissingLayer("network", "the student's code can open connections"),
        MissingLayer("processes", "the student's code can see and signal processes of the same user"),
    )

    def command(self, argv: Sequence[str]) -> list[str]:
        """``argv`` itself."""
        return list(argv)


def choose(tier: str) -> Isolation:
    """The best tier that this version can do, or just the one asked for.

    :raises UsageError: where ``tier`` is more than can be done: grading goes on with less only when asked to.
    """
    if tier in ("auto", "bare"):
        return Bare()
    raise UsageError(
        f"--isolation={tier} is refused: this version can do 'bare' only; use a throwaway machine or container, "
        "and --isolation=auto"
    )
