"""What is fuzzed: one function of bytes for each parser that reads something of a student's."""

from __future__ import annotations

import importlib
import os
import pkgutil
import random
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from tests.fuzz import targets

ROOT = Path(__file__).resolve().parents[2]
CRASHERS = Path(__file__).parent / "crashers"
MIB = 1 << 20

Mutation = Callable[[random.Random, bytes], bytes]


@dataclass(frozen=True, kw_only=True)
class Target:
    """A parser under test.

    ``run`` takes the bytes of a whole file and returns if they are read or refused as the parser documents it; whatever
    else it raises is a crash, as is more than ``cpu_s`` seconds or ``memory`` bytes for one input. ``seeds``: small
    valid files. ``mutate``: a change that keeps enough of the structure to get past the first check. ``libraries``:
    what is traced for coverage beside optgrade itself. ``few``: how many inputs take about three seconds.
    """

    name: str
    reads: str
    run: Callable[[bytes], None]
    seeds: Callable[[], Sequence[bytes]]
    mutate: Mutation
    suffix: str
    libraries: tuple[str, ...] = ()
    cpu_s: float = 10.0
    memory: int = 512 * MIB
    max_bytes: int = MIB
    few: int = 1000


def names() -> list[str]:
    """All targets: a module each, but for those of the fuzzer's own tests."""
    modules = [module.name for module in pkgutil.iter_modules(targets.__path__)]
    return sorted(name.replace("_", "-") for name in modules if not name.startswith("_"))


def load(name: str) -> Target:
    """The target of that name; its parser is imported only now, so that a fuzzer can trace it."""
    module = importlib.import_module(f"{targets.__name__}.{name.replace('-', '_')}")
    target: Target = module.TARGET
    assert target.name == name
    return target


def crashers(name: str) -> list[Path]:
    """Inputs that crashed the target once."""
    folder = CRASHERS / name
    return sorted(folder.iterdir()) if folder.is_dir() else []


def require_one_line(error: object) -> None:
    """A refusal is a single line that a student can read."""
    text = str(error)
    assert text.strip(), "an empty message"
    assert not set("\n\r\x1b") & set(text), f"no single line: {text!r}"
    assert len(text) <= 1000, f"a message of {len(text):,} characters"


@cache
def scratch() -> Path:
    """A folder of this process's own, in memory if the machine has such a place."""
    memory = Path("/dev/shm")
    where = memory if os.access(memory, os.W_OK) else None
    return Path(os.environ.get("OPTGRADE_FUZZ_SCRATCH") or tempfile.mkdtemp(prefix="optgrade-fuzz-", dir=where))


@contextmanager
def file_of(data: bytes, name: str) -> Iterator[Path]:
    """The bytes as a file."""
    path = scratch() / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    yield path
