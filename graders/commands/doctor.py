"""What this machine can do: isolation tiers, versions of libraries, tools, and the fix for whatever is missing."""

from __future__ import annotations

import argparse
import os
import platform
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

from graders import sandbox
from graders.caching import environment
from graders.core.errors import UsageError
from graders.core.exit_codes import ExitCode
from graders.measure.device import micro
from graders.sandbox.host.isolation import TIERS

SUMMARY = "show what this machine can do: isolation tiers, versions, what is missing and how to fix it"
TOOLS = {"git": "git history", "zip": "students' archives", "chromium": "screenshots of reports"}
USER_NAMESPACES = Path("/proc/sys/user/max_user_namespaces")
APPARMOR = Path("/proc/sys/kernel/apparmor_restrict_unprivileged_userns")
PROFILE = """abi <abi/4.0>,
include <tunables/global>
profile bwrap /usr/bin/bwrap flags=(unconfined) {
  userns,
  include if exists <local/bwrap>
}"""


def examine() -> Iterator[str]:
    """The lines of ``python -m graders doctor``."""
    yield f"Python {platform.python_version()} on {platform.system()} {platform.release()}, {os.cpu_count()} cores"
    for name, version in environment().items():
        if name not in ("python", "system", "cores"):
            yield f"  {name} {version}"
    yield f"  {device_line()}"
    for tool, use in TOOLS.items():
        found = shutil.which(tool)
        yield f"  {tool}: {'installed' if found else f'not installed; for {use} (Debian: apt-get install {tool})'}"
    yield ""
    best = ""
    for tier in TIERS:
        try:
            isolation = sandbox.choose(tier)
        except UsageError as error:
            reason = str(error).partition(" is refused: ")[2].partition("; see python -m")[0]
            yield f"{tier}: refused, {reason}"
            yield from (f"    {line}" for line in fixes(tier, reason))
            continue
        best = best or tier
        user = "" if isolation.users is None else ", each run as a user of its own"
        yield f"{tier}: holds{user}" if tier != "bare" else f"bare: possible{user}, but not a security boundary"
        for layer in isolation.missing:
            yield f"    without {layer.layer}: {layer.reason}"
    yield ""
    yield f"grading takes {best} here, unless --isolation requests another tier"


def device_line() -> str:
    """Whether TensorFlow Lite Micro is there, which reports show the costs on a device with."""
    version = micro.installed()
    missing = "not installed; for costs on a device, which earn no points (pip install tflite-micro)"
    return f"{micro.PACKAGE} {version}" if version else f"{micro.PACKAGE}: {missing}"


def fixes(tier: str, reason: str) -> Iterator[str]:
    """How to make a refused tier possible."""
    if sys.platform != "linux":
        yield "Grade in a Linux container or virtual machine."
        return
    if "not installed" in reason or "library is missing" in reason:
        yield "Install what is missing, then run this again."
        return
    if tier == "strict":
        if _number(USER_NAMESPACES) == 0:
            yield "User namespaces are disabled: sysctl -w user.max_user_namespaces=10000"
        if _number(APPARMOR) == 1 and os.geteuid() != 0:
            yield "AppArmor denies user namespaces to bubblewrap. As root, write /etc/apparmor.d/bwrap:"
            yield from (f"    {line}" for line in PROFILE.splitlines())
            yield "and load it with: apparmor_parser -r /etc/apparmor.d/bwrap"
    if "Landlock" in reason:
        yield "Landlock needs Linux 5.13 or later, listed in /sys/kernel/security/lsm (boot with lsm=landlock,…)."


def _number(path: Path) -> int | None:
    try:
        return int(path.read_text())
    except (OSError, ValueError):
        return None


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """It takes none."""


def run(arguments: argparse.Namespace) -> int:  # noqa: ARG001 - each command gets them
    """Prints the lines."""
    for line in examine():
        print(line)
    return ExitCode.OK
