"""What a lab's tests are written with: the criterion marker, and a check that says why it failed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

import pytest

from graders.core.errors import SourceLine

if TYPE_CHECKING:
    from graders.framework.definition import Lab

CRITERION = "criterion"
THRESHOLDS = "thresholds"
"""The key in a check's evidence for the values it compared with thresholds; see :func:`threshold_record`."""
MOST_NAMES = 3
_observed: ContextVar[dict[str, Any] | None] = ContextVar("observed", default=None)


def criterion(identifier: str, runs: str = "") -> pytest.MarkDecorator:
    """Marks a test as deciding a criterion of ``lab.toml``.

    :param runs: patterns such as ``"int8-*"``, comma between them: the test is repeated for each run of such a name,
        as its ``evidence``.
    """
    return pytest.mark.criterion(identifier, runs=runs)


class CheckFailed(AssertionError):
    """A check that failed: what was measured, what was expected, and the hint with the likely cause and next step."""

    def __init__(
        self,
        measured: str,
        expected: str,
        hint: str,
        filling: Mapping[str, Any],
        holds: float = 0.0,
        places: Sequence[SourceLine] = (),
    ) -> None:
        """Takes the texts of the failure; ``hint`` names an entry of ``lab.toml``.

        :param holds: how much of the check was earned nevertheless, in [0, 1).
        :param places: the student's own lines that it is about.
        """
        super().__init__(f"measured: {measured}; expected: {expected}")
        self.measured = measured
        self.expected = expected
        self.hint = hint
        self.filling = dict(filling)
        self.holds = holds
        self.places = tuple(places)


class Inconclusive(Exception):
    """A check that can't be decided this time: ``unscored``, never a student's zero."""


class NeedsManualReview(Exception):
    """A check that has to be graded manually, and what is known: the criterion is ``pending``."""

    def __init__(self, measured: str, next_step: str = "No action needed; marks are added later.") -> None:
        """:param measured: why it is not measured, in one line."""
        super().__init__(measured)
        self.measured = measured
        self.next = next_step


@contextmanager
def observing() -> Iterator[dict[str, Any]]:
    """Collects what the checks within measured, for the scorecard's evidence."""
    observed: dict[str, Any] = {}
    token = _observed.set(observed)
    try:
        yield observed
    finally:
        _observed.reset(token)


def observe(**facts: Any) -> None:
    """Adds facts to the evidence of the check that is under way. Durations belong under ``timing``."""
    observed = _observed.get()
    if observed is not None:
        observed.update(facts)


def check_threshold(lab: Lab, threshold: str, value: float, *, at_least: bool = False) -> bool:
    """Whether a measured value meets a threshold of ``lab.toml``; both become evidence, to show the distance.

    :param at_least: the threshold is the smallest value allowed, not the largest.
    """
    return record_threshold(threshold, value, lab.thresholds[threshold], at_least=at_least)


def record_threshold(threshold: str, value: float, limit: float, *, at_least: bool = False) -> bool:
    """The same for a limit from elsewhere in ``lab.toml``, under a name of its own."""
    observed = _observed.get()
    if observed is not None:
        observed[THRESHOLDS] = {
            **observed.get(THRESHOLDS, {}),
            threshold: threshold_record(value, limit, at_least=at_least),
        }
    return value >= limit if at_least else value <= limit


def threshold_record(value: float, limit: float, *, at_least: bool = False) -> dict[str, Any]:
    """The evidence for a value that was compared with a threshold."""
    return {"value": value, "limit": limit, "side": "at least" if at_least else "at most"}


def check(
    holds: bool,
    *,
    measured: str,
    expected: str,
    hint: str,
    share: float = 0.0,
    lines: Sequence[SourceLine] = (),
    **filling: Any,
) -> None:
    """Fails the test with a full reason unless ``holds``; what was measured becomes evidence either way.

    :param share: how much of the check is earned if it does not hold, in [0, 1).
    :param lines: the student's own lines that the failure is about.
    """
    observe(measured=measured, expected=expected)
    if not holds:
        raise CheckFailed(measured, expected, hint, filling, share, lines)


def first_fault(*checks: Callable[[], None]) -> CheckFailed | None:
    """The first failure of these checks, which add nothing to the evidence of the running check."""
    for each in checks:
        try:
            with observing():
                each()
        except CheckFailed as fault:
            return fault
    return None


def lose_for(cause: CheckFailed, measured: str, expected: str) -> None:
    """Fails a check with the cause that another check found."""
    observe(measured=measured, expected=expected)
    cause.measured, cause.expected = measured, expected
    raise cause


def join_names(names: list[str]) -> str:
    """The first few names, and the number of the others."""
    more = f" and {len(names) - MOST_NAMES} more" if len(names) > MOST_NAMES else ""
    return ", ".join(names[:MOST_NAMES]) + more
