"""A plugin for pytest, as a baseline: a fresh Python for each run, which imports TensorFlow again.

``python -m pytest -p benchmarks.fresh_python graders --submission ...`` grades with the same runs and the same tests.
"""

from __future__ import annotations

import copy
import threading

from graders.sandbox.host.server import Server
from graders.sandbox.host.session import RunSpec, Session

_open = Server.open


def _open_in_fresh_python(self: Server, spec: RunSpec) -> Session:
    """Opens a run in a server of its own, which ends with it."""
    fresh = copy.copy(self)
    fresh._lock, fresh._ready, fresh._process, fresh._control = threading.Lock(), None, None, None  # noqa: SLF001
    session = _open(fresh, spec)
    ended = session._on_end  # noqa: SLF001

    def end() -> None:
        ended()
        fresh.close()

    session._on_end = end  # noqa: SLF001
    return session


Server.open = _open_in_fresh_python  # type: ignore[method-assign]
