"""How submissions are graded: the options that a class has, or a single one."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from graders.caching import files_digest
from graders.caching.fingerprints import digest_of, folder_files
from graders.framework import registry
from graders.framework.lab_plugin import LabPlugin
from graders.profiles import Profile, choose

REST_S = 900


@dataclass(frozen=True)
class Secret:
    """An instructor's secret, which no log and no error message shows."""

    value: bytes = field(repr=False)

    def __str__(self) -> str:
        return "Secret()"


@dataclass(frozen=True, kw_only=True)
class GradingOptions:
    """The options of ``pytest graders``, for a whole class or for one submission.

    ``lab_folders``: those of labs outside of this repository. ``seed``: None if each submission has its own.
    ``select``: as pytest's ``-k``. ``parallel_runs``: None for as many as there are cores.
    ``submission_limit``: seconds for all of a submission, None for what follows from the labs' limits.
    """

    labs: tuple[str, ...] = ()
    lab_folders: tuple[str, ...] = ()
    profile: str = "embedded"
    dataset_root: str | None = None
    model_path: str | None = None
    isolation: str = "auto"
    seed: int | None = None
    secret: Secret | None = None
    wall_limit: float | None = None
    settings: tuple[str, ...] = ()
    select: str = ""
    cache: bool = True
    quick: bool = False
    parallel_runs: int | None = 1
    submission_limit: float | None = None

    def time_limit(self) -> float:
        """Seconds after which the grading of a submission is stopped: more than all of its runs may take together."""
        if self.submission_limit is not None:
            return self.submission_limit
        runs = [len(plugin.run_names) * (self.wall_limit or plugin.lab.limits.wall_s) for plugin in self.plugins()]
        # The reference may have to run, too, and measuring takes its time.
        return REST_S + 2 * sum(runs)

    def plugins(self) -> list[LabPlugin[Any]]:
        """The labs. :raises UsageError: there is no such lab."""
        return registry.select_labs(self.labs, [Path(folder) for folder in self.lab_folders])

    def chosen_profile(self) -> Profile:
        """The data and the model. :raises UsageError: there are none."""
        root, model = self.dataset_root, self.model_path
        return choose(self.profile, Path(root) if root else None, Path(model) if model else None)

    def arguments(self) -> Iterator[str]:
        """These options on pytest's command line. The secret is none of them: others could read it there."""
        yield from (f"--lab={lab}" for lab in self.labs)
        yield from (f"--labs={folder}" for folder in self.lab_folders)
        yield f"--profile={self.profile}"
        yield f"--isolation={self.isolation}"
        if self.dataset_root:
            yield f"--dataset-root={self.dataset_root}"
        if self.model_path:
            yield f"--model-path={self.model_path}"
        yield from (f"--setting={text}" for text in self.settings)
        if self.select:
            yield from ("-k", self.select)
        if self.seed is not None:
            yield f"--seed={self.seed}"
        if self.wall_limit is not None:
            yield f"--wall-limit={self.wall_limit}"
        if self.parallel_runs is not None:
            yield f"--workers={self.parallel_runs}"
        if not self.cache:
            yield "--no-cache"
        if self.quick:
            yield "--quick"

    def identity(self, salt: bytes) -> Mapping[str, str]:
        """What results depend on, by kind. The secret is in it as a code from which nobody finds it.

        :param salt: the cohort's own.
        """
        draw = f"seed {self.seed}" if self.seed is not None else "the submission"
        if self.secret is not None:
            draw = "a secret: " + hmac.new(salt, self.secret.value, hashlib.sha256).hexdigest()
        outside = [files_digest(Path(folder), folder_files(Path(folder))) for folder in self.lab_folders]
        ids = [plugin.lab.id for plugin in self.plugins()]
        chosen = [ids, outside, self.profile, self.wall_limit, list(self.settings), self.select]
        return {"options": digest_of(chosen), "hidden values": digest_of(draw)}
