"""What a lab's grading remembers between gradings: results of runs, and measurements that depend on no submission."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from graders.caching import Fingerprint, Store, environment_digest, files_digest, keepable
from graders.caching.fingerprints import digest_of, folder_files, stated_digest
from graders.core.paths import GRADERS, REFERENCE, REPOSITORY, TEMPLATE
from graders.framework.definition import Lab
from graders.profiles import Profile
from graders.sandbox import Isolation

T = TypeVar("T")
# Packages that only look at results: a change there leaves every result as it is.
AFTERWARDS = ("reports", "scoring", "commands", "cohort")
ENTRANCES = tuple((name,) for name in ("plugin.py", "session.py", "options.py", "hooks.py", "cli.py"))
LOOKING = ("charts.py", "weight_charts.py", "conftest.py")


def fingerprint(lab: Lab, profile: Profile, isolation: Isolation, seed: int) -> Fingerprint:
    """What everything that is measured for a lab depends on, but for the submission."""
    missing = [asdict(layer) for layer in isolation.missing]
    settings = [lab.settings, asdict(lab.limits), lab.artifact_bytes, lab.student_file, lab.given, lab.preload]
    return Fingerprint(
        {
            "environment": environment_digest(),
            "isolation": digest_of([isolation.tier, isolation.user, isolation.walls, missing]),
            "data": digest_of([data_digest(profile), lab_data_digest(lab)]),
            "code": _grader_digest(),
            "lab": _lab_digest(lab.folder, lab.root, lab.template, lab.reference),
            "settings": digest_of(settings),
            "thresholds": digest_of(lab.thresholds),
            "seed": str(seed),
        }
    )


@cache
def data_digest(profile: Profile) -> str:
    """The data set, the model and the files that are kept ready: the repository's by bytes, others by size and time."""
    paths = [*profile.data, profile.model_path]
    if profile.drawn:
        folders = [profile.dataset_root, profile.model_path.parent]
        return files_digest(REPOSITORY, [path for folder in folders for path in folder_files(folder)])
    return stated_digest(paths)


def lab_data_digest(lab: Lab) -> str:
    """The lab's own data."""
    return _folders_digest(lab.root, tuple(sorted({path.parent for path in lab.data_paths})))


@cache
def _folders_digest(root: Path, folders: tuple[Path, ...]) -> str:
    return files_digest(root, [path for folder in folders for path in folder_files(folder)])


@cache
def _grader_digest() -> str:
    """The grader's own code and word lists that results depend on, the reference, the given kit and the template's
    texts; labs' own folders aside.
    """
    found = []
    for path in (*folder_files(GRADERS, ".py"), *folder_files(GRADERS, ".toml")):
        parts = path.relative_to(GRADERS).parts
        of_a_lab = parts[0] == "labs" and (len(parts) > 2 or parts[1].endswith(".toml"))
        if not (of_a_lab or parts[0] in AFTERWARDS or parts in ENTRANCES):
            found.append(path)
    found += folder_files(REFERENCE, ".py")
    for ending in (".py", ".md", ".ipynb"):
        found += folder_files(TEMPLATE, ending)
    return files_digest(REPOSITORY, found)


@cache
def _lab_digest(folder: Path, root: Path, template: Path, reference: Path) -> str:
    """A lab's own code, but for its criteria and its charts: these look at results. Of a lab outside of this repository
    its starter code and its reference, too.
    """
    own = [path for path in folder_files(folder, ".py") if path.name not in LOOKING]
    own = [path for path in own if not path.name.startswith("test_")]
    if root != REPOSITORY:
        own += [path for place in (template, reference) if place.is_dir() for path in folder_files(place)]
    return files_digest(root, list(dict.fromkeys(own)))


class ResultCache:
    """The store as one lab's grading uses it; without a store, nothing is remembered."""

    def __init__(self, store: Store | None, basis: Fingerprint, files: Path) -> None:
        """:param basis: what everything depends on. :param files: a folder for copies of kept files."""
        self._store = store
        self._basis = basis
        self._files = files

    def key(self, **parts: str) -> str:
        """The key of what depends on the basis and these parts."""
        return self._basis.with_parts(**parts).key

    @property
    def remembers(self) -> bool:
        """Whether there is a store."""
        return self._store is not None

    def knows(self, key: str) -> bool:
        """Whether something lies under this key."""
        return self._store is not None and self._store.has(key)

    def get(self, key: str) -> Any:
        """The value under this key; None if there is none."""
        return None if self._store is None else self._store.get(key, self._files)

    def put(self, key: str, value: Any) -> None:
        """Stores a value, unless a fault of ours or a busy machine has a part in it."""
        if self._store is not None and keepable(value):
            self._store.put(key, value)

    def once(self, what: str, make: Callable[[], T], holds: Callable[[T], bool] = lambda _: True) -> T:
        """A value that depends on no submission beyond what its name says; made where it is not remembered.

        :param holds: whether a value that was made is to be remembered.
        """
        key = self.key(measured=what)
        found: tuple[T] | None = self.get(key)
        if found is not None:
            return found[0]
        value = make()
        if holds(value):
            self.put(key, (value,))
        return value

    @property
    def parts(self) -> Mapping[str, str]:
        """The parts of the basis, by name."""
        return self._basis.parts
