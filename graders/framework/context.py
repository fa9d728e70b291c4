"""Everything that a lab's runs need: the submission's view, the data, the servers, the seed."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

from graders.caching import Fingerprint
from graders.caching.shared import SharedCache
from graders.core.errors import RunError
from graders.core.removal import remove
from graders.core.verdicts import Verdict
from graders.framework.definition import Lab
from graders.framework.repairs import Edits
from graders.framework.repairs.copies import code_edits, make_folders
from graders.framework.result_cache import ResultCache
from graders.measure.scorer.client import Scorer
from graders.profiles import EvaluationSet, Profile, draw
from graders.profiles.evaluation_set import SHOWN_FOLDER
from graders.profiles.given_model import GivenModel, permuted, unfrozen
from graders.sandbox import CodeCopy, Limits, RunSpec, Server, Session
from graders.submission import Artifact, accept_artifact

T = TypeVar("T")
NO_EDITS = Edits()
RUNNER_ENVIRONMENT = {
    "TF_USE_LEGACY_KERAS": "1",
    "TF_CPP_MIN_LOG_LEVEL": "3",
    "CUDA_VISIBLE_DEVICES": "-1",
    "OMP_NUM_THREADS": "1",
    "MPLBACKEND": "Agg",
}


class LabContext:
    """One submission's grading of one lab. Shared by the threads that run its plans."""

    def __init__(
        self,
        *,
        lab: Lab,
        profile: Profile,
        seed: int,
        code: Path,
        work: Path,
        server: Server,
        scorer: Scorer,
        shared_cache: SharedCache | None = None,
        own_model: bool = True,
        cache: ResultCache | None = None,
    ) -> None:
        """:param code: the view of the submission that runs import from. :param work: a folder of the grader's own.

        :param shared_cache: what other gradings of this profile and seed have measured already.
        :param own_model: whether runs are given the model in an order of channels of their own.
        :param cache: results of earlier gradings.
        """
        self.lab = lab
        self.profile = profile
        self.seed = seed
        self.code = code
        self.work = work
        self.server = server
        self.scorer = scorer
        self.shared_cache = shared_cache or SharedCache(work / "shared")
        self._own_model = own_model
        self.cache = cache or ResultCache(None, Fingerprint(), work)

    def drawn(self, purpose: str) -> random.Random:
        """A source of random numbers of its own for each purpose, the same for the same seed."""
        return random.Random(f"{self.lab.id}/{purpose}/{self.seed}")

    def once(self, name: str, make: Callable[[], T]) -> T:
        """The value of that name, made at most once for this lab, profile and seed; it must depend on nothing else."""
        return self.shared_cache.once(f"{self.lab.id}/{name}", make)

    def shared(self, name: str, make: Callable[[], T]) -> T:
        """As :meth:`once`, for all labs: it must depend on the profile and the seed alone."""
        return self.shared_cache.once(name, make)

    @property
    def evaluation(self) -> EvaluationSet:
        """The images that accuracy is graded on, drawn on first use."""
        return self.shared("evaluation", lambda: draw(self.profile, self.seed, self._evaluation_folder))

    @property
    def _evaluation_folder(self) -> Path:
        return self.shared_cache.folder / "evaluation"

    @property
    def given_model(self) -> GivenModel:
        """The model that runs are given."""
        if not self._own_model:
            return GivenModel(self.profile.model_path, own=False)
        return self.shared("given model", lambda: permuted(self.profile, self.seed, self.shared_cache.folder / "given"))

    @property
    def lasting_cache(self) -> ResultCache:
        """The cache for what gradings share: copies of its files are there as long as the shared measurements."""
        return self.cache.copying_to(self.shared_cache.folder / "cached" / self.lab.id)

    @property
    def unfrozen_model(self) -> Path:
        """A copy of the given model with every layer trainable; for the reference's runs alone."""
        return self.shared("unfrozen model", lambda: unfrozen(self.given_model, self.shared_cache.folder / "unfrozen"))

    def for_reference(self, run: str) -> LabContext:
        """The same grading, of the reference in place of the submission, for one run whose evidence can be shared."""
        folder = self.shared_cache.folder / "reference" / self.lab.id
        free = (folder / f"{run}-{number}" for number in itertools.count(1))
        return LabContext(
            lab=self.lab,
            profile=self.profile,
            seed=self.seed,
            code=self.lab.reference,
            work=next(each for each in free if not each.exists()),
            server=self.server,
            scorer=self.scorer,
            shared_cache=self.shared_cache,
            own_model=self._own_model,
            cache=self.lasting_cache,
        )

    def open(
        self,
        name: str,
        *,
        code: Path | None = None,
        edits: Edits = NO_EDITS,
        limits: Limits | None = None,
        readable: Sequence[Path] = (),
    ) -> Session:
        """Starts a run in a fresh working directory, on a copy of the code that it may write to.

        :param code: other code than the submission's, such as the reference's.
        :param edits: changes of what the run is given, for one that was tried before and has ended: its working
            directory is removed. A cached result's key names the run and the submission's files alone, so edits must
            follow from these.
        :param limits: in place of the lab's. :param readable: what it may read as well.
        :raises RunError: if what the run wrote before can't be removed.
        """
        workdir, source = self.workdir(name), code or self.code
        if edits:
            remove(workdir)
            if workdir.exists():
                raise RunError(Verdict.CRASHED, "the code left files that can't be removed, so it can't be run again")
        workdir.mkdir(parents=True)
        make_folders(workdir, edits)
        of_profile = self._of_profile() if self.lab.profile else ()
        spec = RunSpec(
            name=name,
            driver=self.lab.driver,
            paths=(),
            code=CodeCopy(source, self.code_folder(name), code_edits(source, edits)),
            workdir=workdir,
            limits=(limits or self.lab.limits).on_this_machine(),
            # Not the seed itself: what is drawn from that is hidden from a run.
            seed=self.drawn("seed of runs").randrange(2**31),
            environment=RUNNER_ENVIRONMENT,
            readable=(*self.lab.data_paths, *of_profile, self.made_data, *readable),
        )
        return self.server.open(spec)

    @property
    def made_data(self) -> Path:
        """A folder for data that a lab makes for its runs: they can read it."""
        folder = self.work / "made"
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def _of_profile(self) -> tuple[Path, ...]:
        """What runs read of the profile: its data set, the given model, and the images that they are shown."""
        shown = self._evaluation_folder / SHOWN_FOLDER
        shown.mkdir(parents=True, exist_ok=True)
        return (*self.profile.data, self.given_model.path, shown)

    def workdir(self, name: str) -> Path:
        """The working directory of a run."""
        return self.work / "workdirs" / name

    def code_folder(self, name: str) -> Path:
        """The copy of the code that a run imports from."""
        return self.work / "copies" / name

    def acquire(self, run: str, file: str) -> Artifact:
        """Takes a file out of an ended run's working directory. :raises RunError: as :func:`accept_artifact`."""
        return accept_artifact(self.workdir(run) / file, self.work / "artifacts" / run / file, self.lab.artifact_bytes)
