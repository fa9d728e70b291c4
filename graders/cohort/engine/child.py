"""The grading process of a worker: it grades one submission after the other on the same servers.

pytest, hypothesis and the servers are used in a main thread here, and standard output is the process's own, as in a
single grading. It ends with the worker, in the middle of a grading too; servers and runs end with it.
"""

from __future__ import annotations

import os
import pickle
import queue
import signal
import threading
from typing import IO

from graders import sandbox
from graders.cohort.engine.bench import receive, send
from graders.cohort.engine.grading import grade_here
from graders.cohort.engine.options import GradingOptions
from graders.cohort.engine.task import GradingOutcome, GradingTask
from graders.core.errors import OptgradeError
from graders.core.paths import REFERENCE
from graders.pipeline.config import GradingConfig
from graders.pipeline.servers import ServerPool, prepare_servers


class _Servers:
    """The servers for the options that were asked for last."""

    def __init__(self) -> None:
        self._pool: ServerPool | None = None
        self._options: GradingOptions | None = None

    def take(self, options: GradingOptions) -> ServerPool:
        """The servers for gradings with these options."""
        if self._pool is None or self._options != options:
            self.close()
            config = GradingConfig(
                submission=REFERENCE,
                labs=tuple(options.plugins()),
                profile=options.chosen_profile(),
                isolation=sandbox.choose(options.isolation),
            )
            self._pool, self._options = prepare_servers(config), options
        return self._pool

    def close(self) -> None:
        """Ends the servers; the next grading gets others."""
        pool, self._pool, self._options = self._pool, None, None
        if pool is not None:
            pool.close()


def main() -> None:
    """Answers each request until there is no worker any more."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # pytest takes the standard streams for itself while it runs.
    asked, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    requests: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
    servers = _Servers()
    busy = threading.Event()
    threading.Thread(target=_listen, args=(asked, requests, busy), daemon=True).start()
    while (request := requests.get()) is not None:
        # From this worker, through a pipe that nobody else has.
        task: GradingTask = pickle.loads(request)  # noqa: S301
        answer = pickle.dumps(_outcome(task, servers))
        busy.clear()
        send(answers, answer)
    servers.close()


def _outcome(task: GradingTask, servers: _Servers) -> GradingOutcome:
    try:
        outcome, whole = grade_here(task, servers.take(task.options))
    except (OptgradeError, OSError) as error:
        outcome, whole = GradingOutcome(fault=f"{type(error).__name__}: {error}"), False
    if not whole:
        # What went wrong may have left the servers useless.
        servers.close()
    return outcome


def _listen(stream: IO[bytes], requests: queue.SimpleQueue[bytes | None], busy: threading.Event) -> None:
    """Passes requests on. Without a worker there is nobody to grade for: what runs is given up."""
    while (request := receive(stream)) is not None:
        busy.set()
        requests.put(request)
    if busy.is_set():
        os._exit(1)
    requests.put(None)


if __name__ == "__main__":
    main()
