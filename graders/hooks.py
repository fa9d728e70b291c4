"""Hooks that this plugin adds to pytest's own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from graders.pipeline.servers import ServerPool


@pytest.hookspec(firstresult=True)
def pytest_optgrade_servers(config: pytest.Config) -> ServerPool | None:
    """Servers for the grading to use in place of its own; they stay their owner's, who closes them.

    Whoever grades many submissions in one process implements it.
    """
