r"""An attack: a small file with its variants, each a submission that cheats, as changes to one that does not.

The file is TOML, ``fixtures/submissions/attacks/NN-name.toml``, where NN is the attack's number in the threat model:

    attack = 13
    lab = "l02"
    title = "os._exit(0)"
    why = "What an attacker hopes for, in a line."

    [[variants]]
    name = "at-import"              # unique in the file
    base = "reference"              # or a submission of bases/, which leaves something to gain
    select = "native"               # pytest's -k
    changes = [{ prepend = "import os\nos._exit(0)" }]

Changes, here and in ``bases/*.toml``, are those of ``graders/selftest/corpus/changes.py``. A variant may have more:

    loot = true                     # the code prints a line that begins with LOOT if it could reach something
    gaps = { bare = "reason" }      # tiers in which it is known to loot, or to leave something; never to gain points
    tampered = ["l02.native.predictions"]   # criteria whose verdict must be that
    intact = ["l02.fp32"]           # criteria, by how their ids begin, that must have the result of the base
    same = true                     # all criteria must
    costs = ["l02.int8.integer_only"]   # criteria that must earn less than those of the base: the attack is detected
    at_most = { "l02.fp32.weights" = 0.5 }  # the points that criteria may earn at most
    wall_limit = 8                  # the time limit of a run, in seconds
    secret = "file"                 # graded with an instructor's secret, from a file or from the "environment"
    feedback = "data.json"          # graded twice: this file of the second submission is the first one's scorecard
    neighbour = true                # graded beside the reference, whose measurements must be those it has alone
    packed = [{ name = "../x", content = "" }]      # submitted as a ZIP archive with these members as well: with
                                    # content, as a link to somewhere, with so many MiB of zeros, or as so many files

What an attack writes outside its working folder has ``loot`` in its name: a run of the suite looks for such files. An
attack on files that are not its own opens them for writing and writes nothing, so that nothing is lost if it succeeds.
"""

from __future__ import annotations

import hashlib
import re
import stat
import tomllib
import warnings
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from graders.framework import registry
from graders.framework.definition import Lab
from graders.sandbox import TIERS
from graders.selftest.corpus.builder import build_submission
from graders.selftest.corpus.cases import CORPUS
from graders.selftest.corpus.changes import Change, read_change
from graders.selftest.corpus.tables import CaseError, inside, items, no_others, table, text, typed, wordings

ATTACKS = CORPUS / "attacks"
FILE_KEYS = {"attack", "title", "why", "lab", "variants"}
VARIANT_KEYS = {
    "name", "base", "select", "changes", "loot", "gaps", "tampered", "intact", "same", "costs", "at_most",
    "wall_limit", "secret", "feedback", "neighbour", "packed",
}  # fmt: skip
MEMBER_KEYS = {"name", "content", "link", "zeros_mib", "count"}
SECRETS = ("file", "environment")
NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


@dataclass(frozen=True, kw_only=True)
class Member:
    """What an archive holds beside the submission: a file of this content or of zeros, a link, or many empty files."""

    name: str
    content: str = ""
    link: str = ""
    zeros_mib: int = 0
    count: int = 1

    def write(self, archive: zipfile.ZipFile) -> None:
        """Puts it into an archive."""
        entry = zipfile.ZipInfo(self.name)
        entry.compress_type = zipfile.ZIP_DEFLATED
        entry.external_attr = ((stat.S_IFLNK if self.link else stat.S_IFREG) | 0o777) << 16
        for number in range(self.count):
            if self.count > 1:
                entry = zipfile.ZipInfo(f"{self.name}{number}")
            with archive.open(entry, "w") as file:
                file.write((self.link or self.content).encode())
                for _ in range(self.zeros_mib):
                    file.write(bytes(1 << 20))


@dataclass(frozen=True, kw_only=True)
class Variant:
    """One way to carry out an attack, and what grading it must and must not do."""

    name: str
    base: str
    select: str
    changes: tuple[Change, ...]
    loot: bool = False
    gaps: Mapping[str, str] = field(default_factory=dict)
    tampered: tuple[str, ...] = ()
    intact: tuple[str, ...] = ()
    same: bool = False
    costs: tuple[str, ...] = ()
    at_most: Mapping[str, float] = field(default_factory=dict)
    wall_limit: float | None = None
    secret: str | None = None
    feedback: str | None = None
    neighbour: bool = False
    packed: tuple[Member, ...] | None = None


@dataclass(frozen=True, kw_only=True)
class Attack:
    """A numbered attack of the threat model."""

    path: Path
    number: int
    title: str
    why: str
    lab: Lab
    variants: tuple[Variant, ...]


def load(path: Path) -> Attack:
    """Reads an attack. :raises CaseError: if something in it is missing, unknown or of another type."""
    data, where = _data(path), path.name
    no_others(data, FILE_KEYS, where)
    number = typed(data, "attack", int, where)
    if not where.startswith(f"{number:02}-"):
        raise CaseError(f"{where}: attack = {number}: the file's name begins with another number")
    lab = _lab(data, where)
    attack = Attack(
        path=path,
        number=number,
        title=text(data, "title", where),
        why=text(data, "why", where),
        lab=lab,
        variants=tuple(
            _variant(table(item, where), lab, f"{where}: variant {count}")
            for count, item in items(data, "variants", where)
        ),
    )
    names = [variant.name for variant in attack.variants]
    twice = [name for name in names if names.count(name) > 1]
    if twice:
        raise CaseError(f"{where}: two variants are called {twice[0]!r}")
    return attack


def load_all(*, strict: bool = True) -> list[Attack]:
    """Every attack, in order of number. :param strict: False skips files that are wrong.

    :raises CaseError: as :func:`load` does.
    """
    found = []
    for path in sorted(ATTACKS.glob("*.toml")):
        try:
            found.append(load(path))
        except CaseError:
            if strict:
                raise
    return found


@cache
def bases() -> Mapping[str, tuple[Change, ...]]:
    """What attacks may start from, as changes to the reference, by name.

    :raises CaseError: if something in a file of ``bases/`` is missing, unknown or of another type.
    """
    return {"reference": ()} | {path.stem: _base(path) for path in sorted((ATTACKS / "bases").glob("*.toml"))}


def digest(variant: Variant) -> str:
    """Another one for another definition of the variant, or of what it starts from."""
    return hashlib.sha256(repr((variant, bases()[variant.base])).encode()).hexdigest()[:16]


def build(base: str, changes: tuple[Change, ...], folder: Path, where: str) -> Path:
    """Writes a submission to ``folder``, and returns where in it the submission is.

    :raises CaseError: if a change does not apply.
    """
    return build_submission((*bases()[base], *changes), folder, where)


def pack(submission: Path, members: tuple[Member, ...]) -> Path:
    """Puts a submission into a ZIP archive beside it, hostile members first, and returns the archive."""
    path = submission.with_name(f"{submission.name}.zip")
    with warnings.catch_warnings(), zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        # zipfile warns of a name that is there twice.
        warnings.simplefilter("ignore")
        for member in members:
            member.write(archive)
        for file in sorted(submission.rglob("*")):
            archive.write(file, Path("work", file.relative_to(submission)))
    return path


def _data(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise CaseError(f"{path.name}: {error}") from None


def _lab(data: Mapping[str, Any], where: str) -> Lab:
    return registry.select_labs([text(data, "lab", where)])[0].lab


def _base(path: Path) -> tuple[Change, ...]:
    data, where = _data(path), f"bases/{path.name}"
    no_others(data, {"lab", "changes"}, where)
    return _changes(data, _lab(data, where), where)


def _changes(data: Mapping[str, Any], lab: Lab, where: str) -> tuple[Change, ...]:
    return tuple(read_change(item, lab, f"{where}: change {number}") for number, item in items(data, "changes", where))


def _member(item: Any, where: str) -> Member:
    data = table(item, f"{where}: packed")
    no_others(data, MEMBER_KEYS, f"{where}: packed")
    return Member(
        name=text(data, "name", where),
        **{key: typed(data, key, str, where) for key in ("content", "link") if key in data},
        **{key: typed(data, key, int, where) for key in ("zeros_mib", "count") if key in data},
    )


def _variant(data: Mapping[str, Any], lab: Lab, where: str) -> Variant:
    no_others(data, VARIANT_KEYS, where)
    name, base = text(data, "name", where), text(data, "base", where)
    if not NAME.fullmatch(name):
        raise CaseError(f"{where}: name = {name!r}: expected small letters, digits and hyphens")
    if base not in bases():
        raise CaseError(f"{where}: base = {base!r}: there are {', '.join(bases())}")
    gaps = table(data.get("gaps", {}), f"{where}: gaps")
    for tier in gaps:
        if tier not in TIERS:
            raise CaseError(f"{where}: gaps: {tier!r}: there are {', '.join(TIERS)}")
        text(gaps, tier, where)
    most = table(data.get("at_most", {}), f"{where}: at_most")
    variant = Variant(
        name=name,
        base=base,
        select=text(data, "select", where),
        changes=_changes(data, lab, where),
        loot=typed(data, "loot", bool, where) if "loot" in data else False,
        gaps=gaps,
        tampered=wordings(data, "tampered", where) if "tampered" in data else (),
        intact=wordings(data, "intact", where) if "intact" in data else (),
        same=typed(data, "same", bool, where) if "same" in data else False,
        costs=wordings(data, "costs", where) if "costs" in data else (),
        at_most={name: float(typed(most, name, (int, float), f"{where}: at_most")) for name in most},
        wall_limit=float(typed(data, "wall_limit", (int, float), where)) if "wall_limit" in data else None,
        secret=text(data, "secret", where) if "secret" in data else None,
        feedback=inside(text(data, "feedback", where), where, "feedback") if "feedback" in data else None,
        neighbour=typed(data, "neighbour", bool, where) if "neighbour" in data else False,
        packed=tuple(_member(item, where) for item in typed(data, "packed", list, where)) if "packed" in data else None,
    )
    if variant.secret not in (None, *SECRETS):
        raise CaseError(f"{where}: secret = {variant.secret!r}: there are {', '.join(SECRETS)}")
    known = {criterion.id for criterion in lab.criteria}
    for key in ("tampered", "costs", "at_most"):
        for identifier in getattr(variant, key):
            if identifier not in known:
                raise CaseError(f"{where}: {key}: {identifier!r} is no criterion of {lab.id}")
    for beginning in variant.intact:
        if not any(identifier.startswith(beginning) for identifier in known):
            raise CaseError(f"{where}: intact: no criterion of {lab.id} begins with {beginning!r}")
    return variant
