"""What a result depends on, as hashes by kind, so that a difference can be explained."""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import os
import platform
import sys
import sysconfig
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

PACKAGES = ("tensorflow", "tf-keras", "tensorflow-model-optimization", "ai-edge-litert", "numpy", "pillow", "pytest")
SKIPPED = frozenset({"__pycache__"})


@dataclass(frozen=True)
class Fingerprint:
    """The parts that a result depends on, each a text or a hash, by name."""

    parts: Mapping[str, str] = field(default_factory=dict)

    def with_parts(self, **parts: str) -> Fingerprint:
        """The same with more parts."""
        return Fingerprint({**self.parts, **parts})

    @property
    def key(self) -> str:
        """The sha256 of all parts."""
        return digest_of(dict(sorted(self.parts.items())))


def digest_of(value: Any) -> str:
    """The sha256 of plain data, as JSON."""
    return hashlib.sha256(json.dumps(value, sort_keys=True, default=str).encode()).hexdigest()


def files_digest(root: Path, files: Iterable[Path]) -> str:
    """The sha256 over names and bytes of files below ``root``."""
    digest = hashlib.sha256()
    for path in sorted(files):
        name = path.relative_to(root).as_posix().encode("utf-8", "surrogateescape")
        digest.update(name + b"\0" + hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def folder_files(folder: Path, ending: str = "") -> list[Path]:
    """The files below a folder except Python's caches; the path itself if it is a file."""
    if folder.is_file():
        return [folder]
    found = []
    for place, names, files in os.walk(folder):
        names[:] = [name for name in names if name not in SKIPPED]
        found += [Path(place, name) for name in files if name.endswith(ending)]
    return found


def metadata_digest(paths: Iterable[Path]) -> str:
    """The sha256 over names, sizes and times of files: for data sets that take long to read."""
    found = []
    for path in sorted(each for folder in paths for each in folder_files(folder)):
        status = path.stat()
        found.append([str(path), status.st_size, status.st_mtime_ns])
    return digest_of(found)


@cache
def environment() -> Mapping[str, str]:
    """Versions and machine, for the scorecard."""
    found = {"python": platform.python_version(), "system": f"{platform.system()} {platform.machine()}"}
    for name in PACKAGES:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            found[name] = "not installed"
    found["cores"] = str(os.cpu_count() or 1)
    return found


@cache
def environment_digest() -> str:
    """What measurements may depend on beside the code: every installed version, Python, and the processor's kind."""
    libraries = Path(sysconfig.get_path("purelib"))
    installed = sorted(name for name in os.listdir(libraries) if name.endswith(".dist-info"))
    return digest_of([sys.version, platform.machine(), _processor(), installed])


def _processor() -> str:
    """The processor's model and abilities, which choose the kernels that libraries compute with."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return platform.processor()
    return "\n".join(sorted({line for line in lines if line.startswith(("model name", "flags", "Features"))}))
