"""What runs on a worker: one grading at a time, in a process that keeps its servers from one to the next."""

from __future__ import annotations

import logging
import signal
import socket
import tempfile
import threading
import time
from dataclasses import replace

from distributed import Worker, WorkerPlugin, get_worker

from graders import sandbox
from graders.cohort.engine.bench import Workbench
from graders.cohort.engine.fingerprint import fingerprint
from graders.cohort.engine.options import GradingOptions
from graders.cohort.engine.task import Grading, GradingOutcome, GradingTask
from graders.core.errors import OptgradeError

NAME = "optgrade"


class GradingPlugin(WorkerPlugin):
    """Keeps a worker's grading process for as long as the worker lives."""

    name = NAME
    idempotent = False

    def __init__(self, scratch: str | None = None) -> None:
        """:param scratch: the folder for temporary files, if not the worker's own choice."""
        self.scratch = scratch
        self.bench: Workbench
        self.lock: threading.Lock

    def setup(self, worker: Worker) -> None:
        """On the worker, in its main thread where it is a process of its own."""
        self.worker = worker
        self.bench = Workbench(self.scratch)
        self.lock = threading.Lock()
        if self.scratch is not None:
            tempfile.tempdir = self.scratch
        logging.getLogger("distributed").setLevel(logging.CRITICAL)
        if threading.current_thread() is threading.main_thread():
            # Ctrl-C goes to every process of the terminal; the driver ends its workers itself.
            signal.signal(signal.SIGINT, signal.SIG_IGN)

    def teardown(self, worker: Worker) -> None:  # noqa: ARG002  the plugin's interface
        """Ends the grading process."""
        self.bench.close()

    def __getstate__(self) -> dict[str, object]:
        return {"scratch": self.scratch}


def run_task(task: GradingTask, grading: Grading) -> GradingOutcome:
    """Grades a submission on this worker."""
    worker = get_worker()
    plugin = worker.plugins[NAME]
    assert isinstance(plugin, GradingPlugin)
    started = time.monotonic()
    with plugin.lock:
        try:
            outcome = grading(task, plugin.bench)
        except (OptgradeError, OSError) as error:
            outcome = GradingOutcome(fault=f"{type(error).__name__}: {error}")
    return replace(outcome, seconds=time.monotonic() - started, worker=socket.gethostname())


def worker_fingerprint(options: GradingOptions) -> dict[str, str]:
    """What results depend on here. :raises OptgradeError: it can't grade at all."""
    labs = [plugin.lab for plugin in options.plugins()]
    return fingerprint(labs, options.chosen_profile(), sandbox.choose(options.isolation))
