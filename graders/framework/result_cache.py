"""What is cached between gradings of a lab: results of runs, and measurements that depend on no submission."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from graders.caching import Fingerprint, Store, cacheable, environment_digest, files_digest
from graders.caching.fingerprints import digest_of, folder_files, metadata_digest
from graders.caching.sources import source_files, sources_digest
from graders.core.paths import GRADERS, REFERENCE, REPOSITORY, TEMPLATE
from graders.framework.definition import OUTSIDE, Lab
from graders.profiles import Profile
from graders.sandbox import Isolation

T = TypeVar("T")
# What measures and caches for every lab, though a lab's own modules may know it by type only.
SHARED_MODULES = tuple(Path(__file__).with_name(name) for name in ("context.py", "timing.py", "static_review.py"))
# What looks at results when they are there: a change leaves every result as it is.
AFTERWARDS = (GRADERS / "scoring", GRADERS / "reports")


def fingerprint(lab: Lab, profile: Profile, isolation: Isolation, seed: int, modules: Iterable[Path]) -> Fingerprint:
    """What everything that is measured for a lab depends on, but for the submission.

    :param modules: files of the code that has the lab's runs executed; what they import is followed from there.
    """
    missing = [asdict(layer) for layer in isolation.missing]
    settings = [lab.settings, asdict(lab.limits), lab.artifact_bytes, lab.student_file, lab.given, lab.preload]
    return Fingerprint(
        {
            "environment": environment_digest(),
            "isolation": digest_of([isolation.tier, isolation.users is not None, asdict(isolation.lockdown), missing]),
            "data": digest_of([data_digest(profile), lab_data_digest(lab)]),
            "code": code_digest(lab, modules),
            "given": given_digest(lab.root, lab.template, lab.reference),
            "settings": digest_of(settings),
            "thresholds": digest_of(lab.thresholds),
            "seed": str(seed),
        }
    )


@cache
def data_digest(profile: Profile) -> str:
    """The data set, the model and the reference files: the repository's by bytes, others by size and time."""
    paths = [*profile.data, profile.model_path]
    if profile.drawn:
        folders = [profile.dataset_root, profile.model_path.parent]
        return files_digest(REPOSITORY, [path for folder in folders for path in folder_files(folder)])
    return metadata_digest(paths)


def lab_data_digest(lab: Lab) -> str:
    """The lab's own data."""
    return _folders_digest(lab.root, tuple(sorted({path.parent for path in lab.data_paths})))


@cache
def _folders_digest(root: Path, folders: tuple[Path, ...]) -> str:
    return files_digest(root, [path for folder in folders for path in folder_files(folder)])


def code_files(lab: Lab, modules: Iterable[Path] = ()) -> frozenset[Path]:
    """The grader's and the lab's own code, and data beside it, that the lab's results depend on.

    The lab's tests are not among it: they look at results, which its ``lab.py`` makes. An installed package may have
    its lab in another module; then all modules of the lab's folder count.

    :raises OSError: if there is neither.
    """
    main = lab.folder / "lab.py"
    own = [main] if main.is_file() else sorted(lab.folder.glob("*.py")) or [main]
    entries = [*own, *lab.driver_files, *SHARED_MODULES, *modules]
    return source_files(entries, packages=_packages(lab), without=AFTERWARDS)


def code_digest(lab: Lab, modules: Iterable[Path] = ()) -> str:
    """The digest of :func:`code_files`."""
    return sources_digest(code_files(lab, modules), tuple(_packages(lab).values()))


def _packages(lab: Lab) -> dict[str, Path]:
    """The package that a lab outside of the repository is a part of, by the names under which it may import itself."""
    if lab.folder.is_relative_to(GRADERS):
        return {}
    top = lab.folder
    while (top.parent / "__init__.py").is_file():
        top = top.parent
    return {top.name: top, f"{OUTSIDE}.{lab.folder.name}": lab.folder}


@cache
def given_digest(root: Path, template: Path, reference: Path) -> str:
    """The starter code with its texts, and the reference, whose code runs beside students'.

    Every lab's own measurements may rest on those of this repository, so these count for all.
    """
    found = folder_files(REFERENCE, ".py")
    for ending in (".py", ".md", ".ipynb"):
        found += folder_files(TEMPLATE, ending)
    given = files_digest(REPOSITORY, found)
    if root == REPOSITORY:
        return given
    own = [path for folder in (template, reference) if folder.is_dir() for path in folder_files(folder)]
    return digest_of([given, files_digest(root, own)])


class ResultCache:
    """The store as one lab's grading uses it; without a store, nothing is cached."""

    def __init__(self, store: Store | None, basis: Fingerprint, files: Path) -> None:
        """:param basis: what everything depends on. :param files: a folder for copies of cached files."""
        self._store = store
        self._basis = basis
        self._files = files

    def copying_to(self, files: Path) -> ResultCache:
        """The same cache, which puts copies of cached files into another folder."""
        return ResultCache(self._store, self._basis, files)

    def key(self, **parts: str) -> str:
        """The key of what depends on the basis and these parts."""
        return self._basis.with_parts(**parts).key

    @property
    def enabled(self) -> bool:
        """Whether there is a store."""
        return self._store is not None

    def has(self, key: str) -> bool:
        """Whether there is an entry under this key."""
        return self._store is not None and self._store.has(key)

    def get(self, key: str) -> Any:
        """The value under this key; None if there is none."""
        return None if self._store is None else self._store.get(key, self._files)

    def put(self, key: str, value: Any) -> None:
        """Stores a value, unless a part of it is a fault of the grader's or of a busy machine."""
        if self._store is not None and cacheable(value):
            self._store.put(key, value)

    def once(self, what: str, make: Callable[[], T], conclusive: Callable[[T], bool] = lambda _: True) -> T:
        """A value that depends on no submission beyond what its name says; made if it is not cached.

        :param conclusive: whether a value that was made is to be cached.
        """
        key = self.key(measured=what)
        found: tuple[T] | None = self.get(key)
        if found is not None:
            return found[0]
        value = make()
        if conclusive(value):
            self.put(key, (value,))
        return value

    @property
    def parts(self) -> Mapping[str, str]:
        """The parts of the basis, by name."""
        return self._basis.parts
