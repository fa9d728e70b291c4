"""The scorer, seen from the grader: measures one artifact at a time, each in a fresh sandboxed process."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from graders.core.errors import RunError
from graders.core.load import stretched
from graders.core.paths import REPOSITORY
from graders.measure.scorer.measurement import RUNNING_S, Measurement
from graders.sandbox import Isolation, Limits, RunSpec, Server
from graders.sandbox.host.limits import MEBI

DRIVER = Path(__file__).resolve().parent / "worker.py"
PRELOAD = ("graders.measure.scorer.worker",)
LIMITS = Limits(wall_s=300, cpu_s=300, memory=3072 * MEBI, file_size=256 * MEBI, processes=8)
ENVIRONMENT = {"OMP_NUM_THREADS": "1"}


class Scorer:
    """Opens a scorer process for each artifact, forked from a server that has imported LiteRT."""

    def __init__(
        self, server: Server, work: Path, readable: Sequence[Path] = (), patience_s: float = RUNNING_S
    ) -> None:
        """:param work: a folder of the grader's own for the scorers' boxes.

        :param readable: what measuring may have to read beside the artifact and the repository.
        :param patience_s: the most that one operation on an artifact may take.
        """
        self._patience_s = patience_s
        self._readable = tuple(readable)
        self._server = server
        self._work = work
        self._numbers = itertools.count()
        self._hung: dict[Path, RunError] = {}

    @contextmanager
    def measure(self, path: Path, driver: Path = DRIVER, *, own: bool = False) -> Iterator[Measurement]:
        """A scorer process for one artifact; it is ended when the block is left.

        :param driver: a lab's own, if it has operations beyond those of :mod:`.worker`.
        :param own: the file is the grader's and no student's: what is wrong with it is the grader's fault.
        """
        number = next(self._numbers)
        workdir = self._work / f"{number:04d}"
        workdir.mkdir(parents=True)
        spec = RunSpec(
            name=f"scorer-{number}",
            driver=driver,
            paths=(REPOSITORY,),
            workdir=workdir,
            limits=replace(LIMITS, wall_s=stretched(LIMITS.wall_s)),
            seed=0,
            environment=ENVIRONMENT,
            readable=(path, *self._readable),
        )
        session = self._server.open(spec)
        try:
            yield Measurement(session, path, self._hung, self._patience_s, own=own)
        finally:
            session.end()


def start_server(
    isolation: Isolation, readable: Sequence[Path] = (), scratch: Path | None = None, *, late: bool = False
) -> Server:
    """The server that scorers are forked from. :param readable: as for the server. :param late: as for the server."""
    return Server(PRELOAD, isolation, ENVIRONMENT, paths=(REPOSITORY,), readable=readable, scratch=scratch, late=late)
