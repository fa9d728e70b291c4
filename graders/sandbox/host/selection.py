"""Which isolation tier a grading takes: the strongest that passes its self-check here, or just the requested one."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable
from dataclasses import replace

from graders.core.errors import UsageError
from graders.sandbox.host import self_check
from graders.sandbox.host.isolation import TIERS, Bare, Confined, Isolation, MissingLayer, Strict

# An unprivileged user without a name, for code that would run as root otherwise.
UNPRIVILEGED_USER = 64_123
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
    return replace(Bare(), missing=(*refused, *Bare().missing))


def _try_tier(make: Callable[[int | None], Strict | Confined | str], probe: Probe) -> Strict | Confined | str:
    """The tier, with an unprivileged user for runs if the grader is root and that holds; else the reason why not."""
    users = [UNPRIVILEGED_USER, None] if os.geteuid() == 0 else [None]
    reasons: list[str] = []
    for user in users:
        made = make(user)
        if isinstance(made, str):
            return made
        wrong = probe(made)
        if not wrong:
            if user is None and os.geteuid() == 0:
                gap = MissingLayer("unprivileged user", reasons[0])
                made = replace(made, missing=(*made.missing, gap))
            return made
        reasons.append(wrong)
    return reasons[-1]


def _make_strict(user: int | None) -> Strict | str:
    if sys.platform != "linux":
        return "namespaces exist on Linux only"
    found = shutil.which("bwrap")
    if found is None:
        return "bubblewrap is not installed (Debian: apt-get install bubblewrap)"
    return _unavailable() or Strict(found, missing=_missing_scopes(), user=user)


def _make_confined(user: int | None) -> Confined | str:
    if sys.platform != "linux":
        return "Landlock and seccomp exist on Linux only"
    gap = MissingLayer("namespaces", "other processes' names and the machine's network devices can be seen")
    return _unavailable() or Confined(missing=(gap, *_missing_scopes()), user=user)


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
