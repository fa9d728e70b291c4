"""What the corpus's tests share: one pair of servers, so that TensorFlow is imported once for all cases."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from graders import profiles, sandbox
from graders.grade import Options, Servers, start_servers
from graders.labs import catalogue

from .cases import REFERENCE


@pytest.fixture(scope="session")
def servers() -> Iterator[Servers]:
    """The runner's and the scorer's preloaded servers."""
    options = Options(
        submission=REFERENCE,
        labs=tuple(catalogue.chosen([])),
        profile=profiles.choose("embedded", None, None),
        isolation=sandbox.choose("auto"),
    )
    started = start_servers(options)
    yield started
    started.close()
