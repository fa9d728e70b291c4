"""No parser: what the fuzzer itself is tested with. Its inputs do what their first byte says."""

from __future__ import annotations

import ctypes
import time
from collections.abc import Sequence

from tests.fuzz.mutations import plain
from tests.fuzz.target import MIB, Target

KEPT: list[bytes] = []


def run(data: bytes) -> None:
    what = data[:1]
    if what == b"r":
        raise KeyError("no such entry")
    if what == b"s":
        ctypes.string_at(0)
    while what == b"h":
        time.monotonic()
    if what == b"m":
        KEPT.append(b"x" * (20 * MIB))
    if what == b"e":
        KEPT.append(b"x" * (4096 * MIB))


def seeds() -> Sequence[bytes]:
    return b"fine", b"raises", b"segfault", b"hangs", b"much memory", b"even more", b"fine too"


TARGET = Target(name="_faulty", reads="", run=run, seeds=seeds, mutate=plain, suffix=".bin", cpu_s=0.5, memory=10 * MIB)
