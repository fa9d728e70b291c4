"""What a quick look leaves out, which tests it begins with, and when a criterion is decided."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from graders.framework.checks import CRITERION

if TYPE_CHECKING:
    import pytest

    from graders.pipeline.config import AnyLab

PluginOf = Callable[["pytest.Item"], "AnyLab | None"]
"""The requested lab that a test belongs to, if there is one."""
REVIEWS_OF_RUNS = ("run_review", "summary", "static_review")
"""Fixtures that look at the results of a lab's runs, whichever these are."""
AT_ONCE, OF_A_RUN, OF_ALL_RUNS, QUIET = range(4)
"""What a test waits for: nothing, one run, all of its lab, or that nothing else is going on."""


def run_of(item: pytest.Item) -> str | None:
    """The run that a test looks at; None if it looks at no single one."""
    callspec = getattr(item, "callspec", None)
    return None if callspec is None else callspec.params.get("evidence")


def criterion_of(item: pytest.Item) -> str | None:
    """The criterion that a test decides, or helps to."""
    marker = item.get_closest_marker(CRITERION)
    return None if marker is None else str(marker.args[0])


def uses(item: pytest.Item, fixture: str) -> bool:
    """Whether a test uses a fixture."""
    return fixture in getattr(item, "fixturenames", ())


class QuickLook:
    """Which tests a quick look makes, and what it leaves out of each criterion."""

    def __init__(self) -> None:
        """Nothing is left out yet."""
        self._left_out: dict[str, dict[str, None]] = {}
        self._kept: set[str] = set()

    def select(self, items: Iterable[pytest.Item], plugin_of: PluginOf) -> list[pytest.Item]:
        """The tests that are made; what the others would look at counts as left out."""
        return [item for item in items if self._keeps(item, plugin_of(item))]

    def _keeps(self, item: pytest.Item, plugin: AnyLab | None) -> bool:
        criterion = criterion_of(item)
        if plugin is None or criterion is None:
            return True
        run, missing = run_of(item), self._missing(item, plugin)
        self._left_out.setdefault(criterion, {}).update(dict.fromkeys(missing))
        kept = run not in missing and (bool(plugin.quick_runs) or not uses(item, "run_review"))
        if kept:
            self._kept.add(criterion)
        return kept

    def _missing(self, item: pytest.Item, plugin: AnyLab) -> list[str]:
        """The runs that a test would look at and that are not made."""
        run = run_of(item)
        of_all = any(uses(item, name) for name in REVIEWS_OF_RUNS)
        looked_at = [run] if run is not None else plugin.run_names if of_all else []
        return [name for name in looked_at if name not in plugin.quick_runs]

    def left_out(self, criterion: str, *, decided: bool) -> tuple[str, ...]:
        """The runs of a criterion that were left out.

        :param decided: whether any check of it was made. One whose checks are all deselected was not left out by the
            quick look.
        """
        if not decided and criterion in self._kept:
            return ()
        return tuple(self._left_out.get(criterion, ()))


def in_order(
    items: Sequence[pytest.Item], plugin_of: PluginOf, weights: Mapping[str, Mapping[str, float]]
) -> list[pytest.Item]:
    """The tests as results come: what needs no run, then the cheapest run's, what needs all runs, latencies last.

    :param weights: about how long each run takes, by lab and name; no run is waited for of labs without any.
    """
    runs = [(weight, lab, run) for lab, known in weights.items() for run, weight in known.items()]
    # As runs are executed: of equal weight, in their order.
    places = {(lab, run): place for place, (_, lab, run) in enumerate(sorted(runs, key=lambda each: each[0]))}

    def place(item: pytest.Item) -> tuple[int, int]:
        plugin, run = plugin_of(item), run_of(item)
        lab = plugin.lab.id if plugin is not None else ""
        if uses(item, "timing"):
            return QUIET, 0
        if run is not None:
            return OF_A_RUN, places.get((lab, run), 0)
        waits = lab in weights and any(uses(item, name) for name in REVIEWS_OF_RUNS)
        return OF_ALL_RUNS if waits else AT_ONCE, 0

    return sorted(items, key=place)


class Undecided:
    """How many checks of each criterion are still to be made."""

    def __init__(self, items: Iterable[pytest.Item]) -> None:
        """:param items: the tests that will be made."""
        self._left: dict[str, int] = {}
        for criterion in filter(None, map(criterion_of, items)):
            self._left[criterion] = self._left.get(criterion, 0) + 1

    def decide(self, criterion: str) -> bool:
        """A check of the criterion has been made: whether it was the last one."""
        self._left[criterion] = self._left.get(criterion, 0) - 1
        return self._left[criterion] == 0
