"""Opening labs: for each, what its runs need of one grading."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from graders.framework.context import LabContext
from graders.framework.definition import Lab
from graders.framework.result_cache import ResultCache, fingerprint
from graders.measure.scorer.client import Scorer
from graders.pipeline.config import AnyLab, GradingConfig
from graders.pipeline.servers import ServerPool, prepare_servers, work_folder
from graders.pipeline.stage import StagedLab, StagedSubmission, stage

# What has runs executed and reviews made, whose results are cached; the rest is what these import.
RESULT_MODULES = tuple(
    Path(__file__).with_name(name) for name in ("labs.py", "execution.py", "review.py", "reference_guard.py")
)


@dataclass(frozen=True)
class OpenLab:
    """A staged lab and the context of its runs."""

    staged: StagedLab
    context: LabContext

    @property
    def id(self) -> str:
        """The lab's id."""
        return self.staged.id

    @property
    def plugin(self) -> AnyLab:
        """The lab's code."""
        return self.staged.plugin

    @property
    def lab(self) -> Lab:
        """The lab's definition, as this submission has it."""
        return self.staged.lab

    def cache_key(self, run: str) -> str:
        """The key of a run's result in the result cache."""
        return self.context.cache.key(run=run, submission=self.staged.part.digest)


@dataclass(frozen=True)
class OpenGrading:
    """A staged submission with its labs open and the servers that runs are executed by."""

    config: GradingConfig
    staged: StagedSubmission
    labs: tuple[OpenLab, ...]
    servers: ServerPool

    def lab(self, identifier: str) -> OpenLab:
        """The lab of that id."""
        return next(lab for lab in self.labs if lab.id == identifier)


@contextmanager
def open_grading(config: GradingConfig, lent: ServerPool | None = None) -> Iterator[OpenGrading]:
    """Stages a submission and opens its labs, until the end of the context.

    The servers start in the background, unless every result is cached. :param lent: servers to use instead, which may
    run already.
    """
    with ExitStack() as stack:
        servers = lent or stack.enter_context(closing(prepare_servers(config)))
        staged = stage(config, stack.enter_context(work_folder(servers)))
        labs = stack.enter_context(open_labs(config, staged, servers))
        if lent is None:
            # Before anything is removed: nothing may write to it any more.
            stack.callback(servers.stop)
        if not all_cached(config, labs):
            servers.start()
        yield OpenGrading(config, staged, labs, servers)


@contextmanager
def open_labs(config: GradingConfig, staged: StagedSubmission, servers: ServerPool) -> Iterator[tuple[OpenLab, ...]]:
    """The labs of a staged submission, until the end of the context. This starts no server."""
    with ExitStack() as stack:
        if config.store is not None:
            stack.callback(config.store.trim)
        yield tuple(OpenLab(lab, _context(lab, config, staged, servers, stack)) for lab in staged.labs)


def _context(
    lab: StagedLab, config: GradingConfig, staged: StagedSubmission, servers: ServerPool, stack: ExitStack
) -> LabContext:
    """A lab's context; ``stack`` releases what it has acquired."""
    work, profile = staged.work / lab.id, config.profile
    work.mkdir()
    shared = servers.caches.acquire(f"{profile.identity}/{lab.seed}")
    stack.callback(servers.caches.release, shared)
    readable = (profile.dataset_root, profile.model_path, shared.folder)
    basis = fingerprint(lab.lab, profile, config.isolation, lab.seed, RESULT_MODULES)
    return LabContext(
        lab=lab.lab,
        profile=profile,
        seed=lab.seed,
        code=lab.part.root,
        work=work,
        server=servers.runner,
        scorer=Scorer(servers.scorers, work / "scorers", readable, lab.lab.limits.wall_s),
        shared_cache=shared,
        cache=ResultCache(config.store, basis, work / "cached"),
    )


def all_cached(config: GradingConfig, labs: Iterable[OpenLab]) -> bool:
    """Whether every run that the grading may make is cached, so that no server is needed."""
    return all(
        lab.context.cache.has(lab.cache_key(name))
        for lab in labs
        if lab.staged.absent is None
        for name in config.runs_of(lab.plugin)
    )
