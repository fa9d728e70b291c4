"""What a regression grades: the cases of the corpus, and folders of real submissions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from graders.caching import Fingerprint, files_digest
from graders.caching.fingerprints import digest_of as digest_of_data
from graders.caching.fingerprints import folder_files
from graders.cohort.engine.fingerprint import fingerprint
from graders.cohort.engine.options import GradingOptions
from graders.cohort.engine.parcel import Content, digest_of
from graders.core.errors import UsageError
from graders.core.paths import REFERENCE, REPOSITORY, TEMPLATE
from graders.framework.registry import definitions
from graders.profiles import choose
from graders.sandbox import Isolation
from graders.selftest.corpus import cases as corpus
from graders.selftest.corpus.cases import Case
from graders.selftest.corpus.taught import Taught, all_taught
from graders.submission import submission_name
from graders.submission.archives import is_archive

# Hidden values of submissions are the same from one run to the next.
SEED = 7


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
    if isinstance(case, Taught):
        parts = {**_parts(tuple(lab.id for lab in case.labs), isolation), "submission": _taught_digest(case)}
        return Entry(name=name_of(case), title=case.title, parts=parts, taught=case.path)
    parts = {**_parts((case.lab.id,), isolation), "submission": _case_digest(case)}
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
            shared = _parts(tuple(lab.id for lab in definitions()), isolation)
            parts = {**shared, **GradingOptions(seed=SEED).identity(b""), "submission": content_digest(path)}
            name = f"{folder.name}/{path.name}"
            found.append(Entry(name=name, title=path.name, parts=parts, submission=path.resolve()))
    return found


@cache
def _parts(labs: tuple[str, ...], isolation: Isolation) -> Mapping[str, str]:
    """What every outcome in these labs depends on, as for a class; and what is expected of it."""
    chosen = [lab for lab in definitions() if lab.id in labs]
    found = fingerprint(chosen, choose("embedded", None, None), isolation)
    return {**found, "expectations": files_digest(REPOSITORY, _of_expectations())}


def _of_expectations() -> Iterator[Path]:
    """What builds cases and compares their gradings, in this file's package and the corpus's."""
    package = Path(__file__).parent
    for folder in (package, package.parent / "corpus"):
        yield from sorted(folder.glob("*.py"))


@cache
def _starting_points() -> str:
    """What cases are changes to."""
    folders = (REFERENCE, TEMPLATE)
    return files_digest(REPOSITORY, [path for folder in folders for path in folder_files(folder)])


def _case_digest(case: Case) -> str:
    own = [case.changes, case.select, case.costs, case.names, case.pending, case.says, case.wall_limit, case.lab.id]
    own.append(corpus.settings_of(case.lab))
    return digest_of_data([repr(own), _starting_points()])


def _taught_digest(taught: Taught) -> str:
    settings = [corpus.settings_of(lab) for lab in taught.labs]
    return digest_of_data([files_digest(taught.path.parent, [taught.path]), content_digest(taught.folder), settings])


def content_digest(path: Path) -> str:
    """The digest of a submission as the engine takes it. :raises SubmissionError: it can't be read."""
    return digest_of(Content(name=submission_name(path), path=path))
