"""What a regression grades: the cases of the corpus, and folders of real submissions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path

from graders.caching import Fingerprint, environment_digest, files_digest
from graders.caching.fingerprints import digest_of, folder_files
from graders.caching.sources import source_files, sources_digest
from graders.core.errors import UsageError
from graders.core.paths import GRADERS, LABS, REFERENCE, REPOSITORY, TEMPLATE
from graders.framework.definition import Lab
from graders.framework.registry import definitions
from graders.framework.result_cache import code_files, data_digest, lab_data_digest
from graders.profiles import choose
from graders.sandbox import Isolation
from graders.selftest.corpus import cases as corpus
from graders.selftest.corpus.cases import Case
from graders.selftest.corpus.taught import Taught, all_taught
from graders.submission.archives import is_archive

GIT_STATE = ("HEAD", "packed-refs", "shallow", "refs")


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One thing to grade: a case, a submission that was written for the corpus, or anybody's submission.

    ``parts`` are hashes of what the outcome depends on.
    """

    name: str
    title: str
    parts: Mapping[str, str]
    case: Path | None = None
    taught: Path | None = None
    submission: Path | None = None

    @property
    def key(self) -> str:
        """The hash over all parts."""
        return Fingerprint({"entry": "regression", **self.parts}).key


def case_entries(isolation: Isolation, words: Sequence[str] = ()) -> list[Entry]:
    """The corpus's cases and whole submissions whose names contain any of the words; all of them for none.

    :raises UsageError: if no name does.
    """
    cases: list[Case | Taught] = [*all_taught()]
    cases += [case for folder in corpus.folders() for case in corpus.load_all(folder)]
    chosen = [case for case in cases if not words or any(word in name_of(case) for word in words)]
    if not chosen:
        raise UsageError(f"no case has {' or '.join(words)} in its name; cases are in fixtures/submissions")
    return [entry_of(case, isolation) for case in chosen]


def name_of(case: Case | Taught) -> str:
    """A case's path below the corpus: ``mistakes/l02/no-rounding``."""
    return case.path.relative_to(corpus.CORPUS).with_suffix("").as_posix()


def entry_of(case: Case | Taught, isolation: Isolation) -> Entry:
    """A case as an entry."""
    shared = _shared(isolation)
    if isinstance(case, Taught):
        parts = {**shared, **_of_labs(tuple(lab.id for lab in case.labs)), "submission": _taught_digest(case)}
        return Entry(name=name_of(case), title=case.title, parts=parts, taught=case.path)
    parts = {**shared, **_of_labs((case.lab.id,)), "submission": _case_digest(case)}
    return Entry(name=name_of(case), title=case.title, parts=parts, case=case.path)


def submission_entries(folders: Sequence[Path], isolation: Isolation) -> list[Entry]:
    """Each folder and archive in these folders, graded in all labs.

    :raises UsageError: if there are none.
    """
    found = []
    for folder in folders:
        if not folder.is_dir():
            raise UsageError(f"--submissions {folder}: not a folder of submissions")
        paths = sorted(path for path in folder.iterdir() if path.is_dir() or is_archive(path))
        if not paths:
            raise UsageError(f"--submissions {folder}: neither a folder nor a ZIP archive in it")
        for path in paths:
            parts = {
                **_shared(isolation),
                **_of_labs(tuple(lab.id for lab in definitions())),
                "submission": _submission_digest(path),
            }
            name = f"{folder.name}/{path.name}"
            found.append(Entry(name=name, title=path.name, parts=parts, submission=path.resolve()))
    return found


def _shared(isolation: Isolation) -> dict[str, str]:
    return {
        "environment": digest_of(
            [environment_digest(), isolation.tier, isolation.users is not None, asdict(isolation.lockdown)]
        ),
        "data": digest_of([data_digest(choose("embedded", None, None)), *map(lab_data_digest, definitions())]),
        "code": _code_digest(),
    }


@cache
def _code_digest() -> str:
    """The grader's own files that an outcome depends on, its reports' templates among them; labs' folders aside."""
    found = source_files([Path(__file__).with_name("engine.py"), GRADERS / "plugin.py"])
    for lab in definitions():
        found |= _lab_files(lab)
    found |= frozenset(folder_files(GRADERS / "reports"))
    return sources_digest(path for path in found if not path.is_relative_to(LABS))


def _lab_files(lab: Lab) -> frozenset[Path]:
    """What a lab's results and the tests that look at them depend on."""
    return code_files(lab) | source_files(lab.folder.glob("*.py"))


@cache
def _of_labs(identifiers: tuple[str, ...]) -> Mapping[str, str]:
    labs = [lab for lab in definitions() if lab.id in identifiers]
    thresholds = digest_of([dict(lab.thresholds) for lab in labs])
    found = []
    for lab in labs:
        # The thresholds are a part of their own.
        rest = [lab.criteria, lab.hints, lab.settings, lab.limits, lab.summary, lab.history]
        own = [path for path in _lab_files(lab) if path.is_relative_to(lab.folder)]
        found.append([sources_digest(own), repr(rest)])
    return {"thresholds": thresholds, "lab": digest_of(found)}


@cache
def _starting_points() -> str:
    """What cases are changes to."""
    folders = (REFERENCE, TEMPLATE)
    return files_digest(REPOSITORY, [path for folder in folders for path in folder_files(folder)])


def _case_digest(case: Case) -> str:
    own = [case.changes, case.select, case.costs, case.names, case.pending, case.says, case.wall_limit, case.lab.id]
    own.append(corpus.settings_of(case.lab))
    return digest_of([repr(own), _starting_points()])


def _taught_digest(taught: Taught) -> str:
    settings = [corpus.settings_of(lab) for lab in taught.labs]
    return digest_of([files_digest(taught.path.parent, [taught.path]), _submission_digest(taught.folder), settings])


def _submission_digest(path: Path) -> str:
    """A submission's files and what its branches point to."""
    if path.is_file():
        return files_digest(path.parent, [path])
    return files_digest(path, _files(path))


def _files(path: Path) -> Iterator[Path]:
    git = path / ".git"
    for file in folder_files(path):
        if not file.is_symlink() and file.is_file() and git not in file.parents:
            yield file
    for name in GIT_STATE:
        if (git / name).exists():
            yield from folder_files(git / name)
