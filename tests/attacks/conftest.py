"""What the attacks share: servers of the tier that is under way, and gradings of what is attacked."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from graders.core.errors import UsageError
from graders.sandbox import choose
from graders.selftest.attacks.grading import Arena


class Arenas:
    """One arena at a time, since each has a pair of servers with TensorFlow in them."""

    def __init__(self, folder: Path) -> None:
        """:param folder: for the submissions that are attacked."""
        self._folder = folder
        self._open: tuple[str, Arena | str] | None = None

    def of(self, tier: str) -> Arena | str:
        """The arena of a tier, or why this machine refuses the tier."""
        if self._open is None or self._open[0] != tier:
            self.close()
            self._open = tier, self._start(tier)
        return self._open[1]

    def _start(self, tier: str) -> Arena | str:
        try:
            isolation = choose(tier)
        except UsageError as refused:
            return str(refused)
        return Arena(isolation, self._folder / tier)

    def close(self) -> None:
        """Ends the servers."""
        if self._open is not None and isinstance(self._open[1], Arena):
            self._open[1].close()
        self._open = None


@pytest.fixture(scope="session")
def arenas(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Arenas]:
    """The arenas of all tiers, by name."""
    found = Arenas(tmp_path_factory.mktemp("arenas"))
    yield found
    found.close()
