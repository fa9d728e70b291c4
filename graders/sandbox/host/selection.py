"""Which isolation tier a grading takes: the strongest that passes its self-check here, or just the requested one."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable
from dataclasses import replace

from graders.core.errors import UsageError
from graders.sandbox.host import self_check
from graders.sandbox.host.isolation import (
    TIERS,
    Bare,
    Confined,
    Isolation,
    MissingLayer,
    Mounts,
    Strict,
    closed_places,
)
from graders.sandbox.host.users import users_of_runs

SCOPED_ABI = 6

Probe = Callable[[Isolation], str]


def choose(tier: str, probe: Probe = self_check.probe) -> Isolation:
    """The strongest tier that passes its self-check here, or just the requested one.

    :param probe: says what is wrong with a tier, ``""`` if nothing is.
    :raises UsageError: if ``tier`` is requested and does not hold: grading goes on with less only on request.
    """
    if tier not in ("auto", *TIERS):
        raise UsageError(f"--isolation={tier}: no such tier; there are {', '.join(TIERS)}")
    refused: list[MissingLayer] = []
    for name, layer, make in (
        ("strict", "namespaces", _make_strict),
        ("confined", "Landlock and seccomp", _make_confined),
    ):
        if tier not in ("auto", name):
            continue
        found = _try_tier(make, probe)
        if not isinstance(found, str):
            return replace(found, missing=(*refused, *found.missing))
        refused.append(MissingLayer(layer, found))
        if tier == name:
            raise UsageError(f"--isolation={tier} is refused: {found}; see python -m graders doctor")
    return replace(_bare(probe), missing=(*refused, *Bare().missing))


def _bare(probe: Probe) -> Bare:
    """No isolation, but as root users for the runs. :raises UsageError: if they would have to run as root."""
    bare = Bare(users=users_of_runs())
    wrong = probe(bare) if bare.users is not None else ""
    if wrong:
        places = ", ".join(map(str, closed_places(Mounts())))
        hint = f", or let others enter {places} (chmod o+x)" if places else ""
        why = f"students' code would have to run as root, because as another user {wrong}"
        raise UsageError(f"--isolation=bare is refused: {why}; grade as an ordinary user{hint}")
    return bare


def _try_tier(make: Callable[[], Strict | Confined | str], probe: Probe) -> Strict | Confined | str:
    """The tier, if it holds; else the reason why not."""
    made = make()
    return made if isinstance(made, str) else probe(made) or made


def _make_strict() -> Strict | str:
    if sys.platform != "linux":
        return "namespaces exist on Linux only"
    found = shutil.which("bwrap")
    if found is None:
        return "bubblewrap is not installed (Debian: apt-get install bubblewrap)"
    users = users_of_runs()
    # Without users of their own, runs own each other's files.
    lockdown = replace(Strict.lockdown, ignore_attributes=users is None)
    return _unavailable() or Strict(found, missing=_missing_scopes(), users=users, lockdown=lockdown)


def _make_confined() -> Confined | str:
    if sys.platform != "linux":
        return "Landlock and seccomp exist on Linux only"
    gap = MissingLayer("namespaces", "other processes' names and the machine's network devices can be seen")
    return _unavailable() or Confined(missing=(gap, *_missing_scopes()), users=users_of_runs())


def _unavailable() -> str:
    """Why Landlock or seccomp can't be used, ``""`` if they can."""
    try:
        import landlockpy
        import pyseccomp  # type: ignore[import-untyped]  # noqa: F401 - it loads its C library now or never
    except (ImportError, OSError, RuntimeError) as error:
        return f"a library is missing: {error} (Debian: apt-get install libseccomp2)"
    try:
        landlockpy.abi_version()
    except OSError as error:
        return f"the kernel has no Landlock ({error})"
    return ""


def _missing_scopes() -> tuple[MissingLayer, ...]:
    import landlockpy

    abi = landlockpy.abi_version()
    if abi >= SCOPED_ABI:
        return ()
    reason = f"this kernel's Landlock (ABI {abi}) does not stop signals; Linux 6.12 and later do"
    return (MissingLayer("scopes", reason),)
