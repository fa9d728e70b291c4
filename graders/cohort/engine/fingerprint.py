"""What a worker's results depend on, by kind: workers that differ in any of it give results that can't be compared."""

from __future__ import annotations

import os
import platform
import sysconfig
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from functools import cache
from pathlib import Path

from graders.caching import files_digest
from graders.caching.fingerprints import digest_of, folder_files
from graders.core.paths import GRADERS, REFERENCE, REPOSITORY, TEMPLATE
from graders.framework.definition import Lab
from graders.framework.result_cache import data_digest, lab_data_digest
from graders.profiles import Profile
from graders.sandbox import Isolation

# A lab's file, and the one that says where its thresholds come from.
DEFINITION, PROVENANCE = "lab.toml", "calibration.toml"
# Not part of a grading: what starts it, and what is tested or shown of many.
ASIDE = ("cohort", "selftest", "commands")
# How the engine calls pytest, though.
CALLING = ("in_process.py", "grading.py", "options.py")
# Vector instructions, which choose the kernels that libraries compute with.
INSTRUCTIONS = ("sse4", "ssse3", "avx", "fma", "f16c", "amx", "vnni", "bf16", "asimd", "sve", "dotprod", "i8mm")


def fingerprint(labs: Sequence[Lab], profile: Profile, isolation: Isolation) -> dict[str, str]:
    """What this process's results depend on, each part a short text or a hash."""
    return {
        "code": _code(),
        "labs": digest_of(list(map(_without_thresholds, labs))),
        "thresholds": digest_of([dict(lab.thresholds) for lab in labs]),
        "data": digest_of([data_digest(profile), *map(lab_data_digest, labs)]),
        "libraries": digest_of(installed()),
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "system": f"{platform.system()} {platform.machine()}",
        "processor": " ".join(_instructions()) or platform.processor(),
        "isolation": isolation.tier + ("" if isolation.users is None else " with users"),
        "lockdown": digest_of(asdict(isolation.lockdown)),
    }


def difference(one: Mapping[str, str], other: Mapping[str, str]) -> str:
    """What differs between two workers, for people: texts as they are, hashes by their kind alone."""
    return "; ".join(
        _differs(name, one.get(name, ""), other.get(name, "")) for name in one if one[name] != other.get(name)
    )


def difference_of_libraries(one: Sequence[str], other: Sequence[str], most: int = 5) -> str:
    """Which libraries one worker has in another version, and which it has more or fewer."""
    mine, others = (dict(name.rpartition("-")[::2] for name in names) for names in (one, other))
    changed = [name for name in sorted(mine.keys() | others.keys()) if mine.get(name) != others.get(name)]
    texts = [f"{name} {mine.get(name, 'not installed')}, not {others.get(name, 'installed')}" for name in changed]
    more = f" and {len(texts) - most} more" if len(texts) > most else ""
    return f"installed libraries ({'; '.join(texts[:most])}{more})"


def _differs(name: str, one: str, other: str) -> str:
    if name == "processor":
        mine, others = set(one.split()), set(other.split())
        more, fewer = " ".join(sorted(mine - others)), " ".join(sorted(others - mine))
        return f"processor ({'; '.join(filter(None, (more and f'has {more}', fewer and f'lacks {fewer}')))})"
    if len(one) == len(other) == 64:
        return {
            "code": "the grader's code",
            "labs": "the labs' files",
            "thresholds": "the labs' thresholds",
            "data": "data sets and models",
        }.get(name, f"installed {name}" if name == "libraries" else name)
    return f"{name} ({one}, not {other})"


def _without_thresholds(lab: Lab) -> list[str]:
    """A lab's files, of its ``lab.toml`` everything but the thresholds, which are a part of their own."""
    files = [path for path in folder_files(lab.folder, "") if path.name not in (DEFINITION, PROVENANCE)]
    definition = tomllib.loads((lab.folder / DEFINITION).read_text(encoding="utf-8"))
    definition.pop("thresholds", None)
    return [files_digest(lab.folder, files), repr(definition)]


@cache
def _code() -> str:
    """The grader's own files that a result depends on, and the starter code and references that it compares with."""
    own = [path for path in folder_files(GRADERS) if not path.is_relative_to(GRADERS / "labs")]
    own = [path for path in own if path.relative_to(GRADERS).parts[0] not in ASIDE]
    given = [path for folder in (TEMPLATE, REFERENCE) for path in folder_files(folder)]
    calls = [GRADERS / "cohort" / "engine" / name for name in CALLING]
    return files_digest(REPOSITORY, [*own, *calls, *given])


def installed() -> list[str]:
    """The installed libraries, as name-version."""
    names = os.listdir(sysconfig.get_path("purelib"))
    return sorted(name.removesuffix(".dist-info") for name in names if name.endswith(".dist-info"))


def _instructions() -> Iterator[str]:
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return
    lines = [line for line in text.splitlines() if line.startswith(("flags", "Features"))]
    found = {flag for line in lines for flag in line.partition(":")[2].split()}
    yield from sorted(flag for flag in found if any(known in flag for known in INSTRUCTIONS))
