"""A process that runs one target on one input after the other: ``python -m tests.fuzz.worker TARGET ENGINE FOLDER [COUNT]``.

Engine ``coverage``: atheris, which keeps an input that reaches new code and changes it further. Engine ``mutations``:
each number is an input, always the same one. With either, an exception is saved and the next input run; if the process
dies, the parent finds the input in shared memory and starts another process.
"""

from __future__ import annotations

import faulthandler
import hashlib
import os
import random
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path

from tests.fuzz.findings import Findings, text_of
from tests.fuzz.mutations import plain
from tests.fuzz.state import State
from tests.fuzz.target import Mutation, Target, load

HARD = 4
"""How many times the memory of one input a process may have in all, beyond what it began with."""
OF_ATHERIS = 1 << 30
"""The address space that atheris takes for itself."""
LARGEST = 1 << 21


class Runner:
    """Runs a target, watches it, and notes what is wrong."""

    def __init__(self, target: Target, folder: Path, count: int | None = None) -> None:
        """:param count: ends the process after so many inputs."""
        self._count = count
        self._target, self._folder = target, folder
        self._findings = Findings(folder / "crashes", target.suffix)
        self._state = State(folder / "state", LARGEST)
        skipped = folder / "skipped"
        self._skipped = set(skipped.read_text().split()) if skipped.exists() else set[str]()
        forget_peak()

    @property
    def executions(self) -> int:
        """How many inputs were run, by earlier processes too."""
        return self._state.executions

    def __call__(self, data: bytes) -> None:
        """One input."""
        if len(data) > LARGEST or (self._skipped and digest(data) in self._skipped):
            return
        state = self._state
        peak, memory = peak_memory(), own_memory()
        started = cpu_s()
        state.begin(data, time.monotonic())
        try:
            self._target.run(data)
        except Exception as error:
            self._findings.add(data, text_of(error))
        seconds, grown = cpu_s() - started, 0
        if peak_memory() > peak:
            grown = peak_memory() - memory
            state.peak = max(state.peak, grown)
        if grown > self._target.memory:
            self._findings.add(data, f"took {grown >> 20} MiB, more than {self._target.memory >> 20}")
            forget_peak()
        if seconds > state.slowest_s:
            state.slowest_s = seconds
            (self._folder / f"slowest{self._target.suffix}").write_bytes(data)
        if seconds > self._target.cpu_s:
            self._findings.add(data, f"took {seconds:.1f} s of processor time, more than {self._target.cpu_s:g}")
        state.end()
        if self._count is not None and state.executions >= self._count:
            os._exit(0)


def digest(data: bytes) -> str:
    """What an input is skipped by."""
    return hashlib.sha256(data).hexdigest()


def cpu_s() -> float:
    """Processor time, of ended subprocesses too."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)


def peak_memory() -> int:
    """The most memory that this process has had; what getrusage says includes the process that it was forked from."""
    with open("/proc/self/status") as file:
        return next(int(line.split()[1]) << 10 for line in file if line.startswith("VmHWM"))


def forget_peak() -> None:
    """Lets the peak begin at what is used now."""
    Path("/proc/self/clear_refs").write_text("5")


def own_memory() -> int:
    """The memory that this process has."""
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * resource.getpagesize()


def limit_memory(more: int) -> None:
    """So much more address space than now."""
    with open("/proc/self/statm") as file:
        most = int(file.read().split()[0]) * resource.getpagesize() + more
    resource.setrlimit(resource.RLIMIT_AS, (most, most))


def by_coverage(name: str, folder: Path, count: int | None) -> None:
    """Runs without end, or about so many inputs in all."""
    import atheris

    with atheris.instrument_imports(include=["graders", "zipfile", "tomllib", "markdown_it"]):
        target = load(name)
        seeds = target.seeds()
        runner = Runner(target, folder, count)
        limit_memory(HARD * target.memory + OF_ATHERIS)
        for seed in seeds:
            runner(seed)
    corpus = folder / "corpus"
    corpus.mkdir(exist_ok=True)
    for seed in seeds:
        (corpus / digest(seed)[:40]).write_bytes(seed)

    def mutate(data: bytes, most: int, number: int) -> bytes:
        draw = random.Random(number)
        if draw.random() < 0.3:
            made: bytes = atheris.Mutate(data, most)
            return made
        return changed(target.mutate, draw, data)[:most]

    own = ("segv", "bus", "abrt", "ill", "fpe", "int", "term", "xfsz", "usr1", "usr2")
    flags = [f"-handle_{each}=0" for each in own]
    limits = [f"-max_len={target.max_bytes}", "-timeout=100000", "-rss_limit_mb=0", "-malloc_limit_mb=0", "-len_control=0", "-report_slow_units=100000"]
    atheris.Setup([name, *flags, *limits, f"-artifact_prefix={folder}/", str(corpus)], runner, custom_mutator=mutate)
    atheris.Fuzz()


def by_mutations(name: str, folder: Path, count: int | None) -> None:
    """Runs without end, or so many inputs in all."""
    target = load(name)
    inputs = made_by(target)
    runner = Runner(target, folder, count)
    limit_memory(HARD * target.memory)
    while True:
        runner(inputs(runner.executions))


def made_by(target: Target) -> Callable[[int], bytes]:
    """The input of each number: the seeds, then changed ones."""
    seeds = list(target.seeds())

    def numbered(number: int) -> bytes:
        if number < len(seeds):
            return seeds[number]
        draw = random.Random(f"{target.name} {number}")
        change = plain if draw.random() < 0.15 else target.mutate
        return changed(change, draw, draw.choice(seeds))[: target.max_bytes]

    return numbered


def changed(change: Mutation, draw: random.Random, data: bytes) -> bytes:
    """A change by structure may fail on what an earlier one has broken; then bytes are changed."""
    try:
        return change(draw, data)
    except Exception:
        return plain(draw, data)


def main(argv: list[str]) -> None:
    """Never returns, unless a count is given."""
    name, engine, place, *rest = argv
    folder, count = Path(place), int(rest[0]) if rest else None
    with (folder / "fault").open("w") as fault:
        faulthandler.enable(fault, all_threads=False)
        ENGINES[engine](name, folder, count)


ENGINES = {"coverage": by_coverage, "mutations": by_mutations}

if __name__ == "__main__":
    main(sys.argv[1:])
