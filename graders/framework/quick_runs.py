"""Which of a lab's runs ``--quick`` makes: those that its ``lab.toml`` lists, or one of each kind."""

from __future__ import annotations

from collections.abc import Sequence

from graders.core.errors import GraderError
from graders.framework.definition import Lab

DRAWN = "drawn"


def listed_runs(lab: Lab, names: Sequence[str]) -> tuple[str, ...]:
    """The runs that the lab's ``quick`` lists, in the order of ``names``, which are all of its runs.

    :raises GraderError: for one that is none of them; one line.
    """
    listed = lab.quick or ()
    unknown = [name for name in listed if name not in names]
    if unknown:
        known = ", ".join(names)
        raise GraderError(
            f"{lab.folder / 'lab.toml'}: 'quick' lists '{unknown[0]}', but the lab has no such run; it has {known}"
        )
    return tuple(name for name in names if name in listed)


def one_of_each_kind(names: Sequence[str]) -> tuple[str, ...]:
    """Of runs whose names are alike up to the first hyphen, the one of a drawn value, or else the first."""
    kinds: dict[str, str] = {}
    for name in names:
        kind, _, value = name.partition("-")
        if kind not in kinds or value == DRAWN:
            kinds[kind] = name
    return tuple(name for name in names if name in kinds.values())
