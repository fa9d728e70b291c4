"""Do the tests notice a changed line?  ``python benchmarks/mutation.py [MODULE…] [--sample N] [--jobs N]
[--results FILE]``.

Each mutant of a module (``mutants.py``) is tried in a fork of a process that has loaded the modules and collected the
tests: the fork replaces the code of one function and runs the tests that reach the changed lines, those that noticed
others of that function first, then the quickest, until one fails. A mutant that no test notices survives; the survivors
are listed, and docs/mutation.md explains them. Tests that start servers or TensorFlow take no part.
"""

from __future__ import annotations

import argparse
import functools
import gc
import importlib
import inspect
import json
import os
import pickle
import random
import resource
import select
import shutil
import signal
import sys
import tempfile
import time
import traceback
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import CodeType, FrameType, FunctionType
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import coverage  # noqa: E402 - the path comes first
import pytest  # noqa: E402
from mutants import Mutant, mutants  # noqa: E402

MODULES = (
    "scoring", "measure/calibration.py", "measure/quantization.py", "measure/evaluation.py", "measure/keras_files.py",
    "measure/latency.py", "measure/sizes.py", "measure/compression", "measure/tflite", "written/lab_report",
    "written/claims",
)  # fmt: skip
TESTS = ("tests/scoring", "tests/measure", "tests/written")
LEFT_OUT = (
    "tests/measure/test_mutated_files.py", "tests/measure/test_scorer.py",
    "tests/written/claims/test_claims_hostile.py",
)  # fmt: skip
"""Tests of servers and of hostile input by the thousand, which take seconds each."""
SERVERS = {"scorer", "calibration", "server", "ground"}
"""Fixtures that start a process or load TensorFlow."""
EXAMPLES = 25
SEED = 20240
CACHED = type(functools.cache(len))
CPU_S, WALL_S, MEMORY = 10.0, 30, 6 << 30
"""The most that one mutant may take: seconds of CPU beyond twice what its tests take, seconds in all beyond four times
that, and bytes."""
KILLED, SURVIVED, TIMEOUT, UNREACHED, SAME = "killed", "survived", "timed out", "not reached", "same code"


@dataclass
class Reach:
    """What a test does when nothing is changed: whether it passes, its seconds, and which lines it reaches."""

    passed: bool
    seconds: float
    lines: dict[str, set[int]]
    loaded: set[str]


@dataclass(eq=False)
class Run:
    """A plugin of pytest: takes the place of its loop over the tests."""

    files: tuple[Path, ...]
    sample: int | None
    results: Path | None
    scratch: Path
    found: list[tuple[Mutant, str, str]] = field(default_factory=list)
    killed: set[str] = field(default_factory=set)
    jobs: int = 1
    caches: list[Any] = field(default_factory=list)
    filling: set[tuple[str, str]] = field(default_factory=set)
    failed: bool = False

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Deselects the tests that start something, and tries few examples of the others."""
        from hypothesis import Phase, settings

        items[:] = [item for item in items if not SERVERS & set(getattr(item, "fixturenames", ()))]
        for item in items:
            test = getattr(item, "obj", None)
            test = getattr(test, "__func__", test)
            made = getattr(test, "_hypothesis_internal_use_settings", None)
            if made is not None:
                test._hypothesis_internal_use_settings = settings(  # noqa: SLF001 - nothing public changes these
                    made, max_examples=min(EXAMPLES, made.max_examples), deadline=None, derandomize=True, database=None,
                    phases=[Phase.explicit, Phase.generate],
                )  # fmt: skip

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """A failure in a fork ends it."""
        self.failed |= report.failed

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Learns what the tests reach, then tries each mutant."""
        for path in self.files:
            importlib.import_module(".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"))
        # Coverage inspects the stack when it starts; the imports that this takes are done here, for every fork.
        inspect.stack()
        self.warm(session.items)
        self.caches = _caches()
        reached = {}
        for item in session.items:
            reached[item] = self.reach(item)
            _load(reached[item].loaded)
        for item in [item for item, reach in reached.items() if not reach.passed]:
            print(f"left out, since it fails here: {item.nodeid}", file=sys.stderr)
            del reached[item]
        functions = _functions(self.files)
        self.caches = _caches()
        gc.collect()
        gc.freeze()
        self.try_all(reached, functions)
        return True

    def warm(self, items: list[pytest.Item]) -> None:
        """Fills unbounded caches, such as word lists, with a test of each file; learns which functions fill them."""
        unbounded = {each.__wrapped__.__code__ for each in _caches() if each.cache_parameters()["maxsize"] is None}
        # Some are filled by now, if a module calls them when it is loaded.
        self.filling = {(each.co_filename, each.co_qualname) for each in unbounded}
        depth = 0

        def watch(frame: FrameType, event: str, _: object) -> None:
            nonlocal depth
            if event in {"call", "return"}:
                depth += (frame.f_code in unbounded) * (1 if event == "call" else -1)
                if depth:
                    self.filling.add((frame.f_code.co_filename, frame.f_code.co_qualname))

        sys.setprofile(watch)
        for item in {item.path: item for item in items}.values():
            self.passes([item])
        sys.setprofile(None)
        self.failed = False
        shutil.rmtree(self.scratch / "tmp", ignore_errors=True)
        _use(items[0], self.scratch / "tmp")

    def reach(self, item: pytest.Item) -> Reach:
        """Runs one test in a fork that watches the lines."""
        names = {str(path) for path in self.files}
        into = self.scratch / "reach"

        def watched() -> None:
            self.forget()
            before, start = set(sys.modules), time.process_time()
            watch = coverage.Coverage(data_file=None, config_file=False, include=list(names))
            watch.set_option("run:disable_warnings", ["no-data-collected"])
            with watch.collect():
                self.passes([item])
            data = watch.get_data()
            lines = {name: set(data.lines(name) or ()) for name in data.measured_files()}
            reach = Reach(not self.failed, time.process_time() - start, lines, set(sys.modules) - before)
            into.write_bytes(pickle.dumps(reach))

        into.unlink(missing_ok=True)
        forked(watched, 10 * CPU_S)
        shutil.rmtree(self.scratch / "tmp", ignore_errors=True)
        return pickle.loads(into.read_bytes()) if into.exists() else Reach(False, 0, {}, set())

    def try_all(self, reached: Mapping[pytest.Item, Reach], functions: Mapping[Any, FunctionType]) -> None:
        """Tries the mutants of each file, or a sample of them, in processes that take turns."""
        chosen = [mutant for path in self.files for mutant in self.chosen(path)]
        waiting, numbers = os.pipe()
        todo = [at for at, mutant in enumerate(chosen) if _shown(mutant) not in self.killed]
        left = b"".join(at.to_bytes(4, "little") for at in todo)
        feeder = _process(lambda: _write(numbers, left), waiting)
        os.close(numbers)
        workers = [_process(lambda: self.work(waiting, chosen, reached, functions)) for _ in range(self.jobs)]
        ended = [os.waitpid(each, 0)[1] for each in [*workers, feeder]]
        if any(ended):
            raise RuntimeError(f"a process that tried mutants ended with status {max(ended)}")
        found = {at: (state, by) for at, state, by in _rows(self.scratch / "found")}
        self.found += [(mutant, *found.get(at, (KILLED, ""))) for at, mutant in enumerate(chosen)]

    def chosen(self, path: Path) -> list[Mutant]:
        """The mutants of a file, or a sample of them."""
        made = list(numbered(mutants(path)))
        if self.sample is None or self.sample >= len(made):
            return made
        return random.Random(f"{SEED} {path.name}").sample(made, self.sample)

    def work(
        self, waiting: int, chosen: list[Mutant], reached: Mapping[pytest.Item, Reach],
        functions: Mapping[Any, FunctionType],
    ) -> None:  # fmt: skip
        """Takes mutants until none is left. Tests that noticed others of the same function come first."""
        self.scratch = Path(tempfile.mkdtemp(dir=self.scratch))
        _use(next(iter(reached)), self.scratch / "tmp")
        killers = defaultdict[str, Counter[str]](Counter)
        while number := os.read(waiting, 4):
            at = int.from_bytes(number, "little")
            mutant = chosen[at]
            tests = [item for item, reach in reached.items() if self.fills(mutant) or _touches(mutant, reach)]
            noticed = killers[f"{mutant.module} {mutant.function}"]
            tests.sort(key=lambda item: (-noticed[item.nodeid], reached[item].seconds))
            state, by = self.tried(mutant, tests, functions, sum(reached[item].seconds for item in tests))
            noticed[by] += 1
            self.note(at, mutant, state, by)

    def tried(
        self, mutant: Mutant, tests: list[pytest.Item], functions: Mapping[Any, FunctionType], usual: float
    ) -> tuple[str, str]:
        """The outcome of a mutant, and which test noticed it."""
        key = (str(mutant.module), mutant.function, mutant.first)
        if not tests or key not in functions:
            return UNREACHED, ""
        function, into = functions[key], self.scratch / "killer"
        try:
            code = _code(mutant.code(), mutant)
        except SyntaxError:
            return SAME, ""
        if code == function.__code__ or len(code.co_freevars) != len(function.__code__.co_freevars):
            return SAME, ""

        def changed() -> None:
            function.__code__ = code
            self.forget(everything=self.fills(mutant))
            killer = self.passes(tests)
            into.write_text(killer or "")

        into.unlink(missing_ok=True)
        status = forked(changed, usual)
        shutil.rmtree(self.scratch / "tmp", ignore_errors=True)
        if os.WIFSIGNALED(status) and os.WTERMSIG(status) in {signal.SIGPROF, signal.SIGALRM}:
            return TIMEOUT, ""
        if not into.exists():
            return KILLED, f"ended with status {status}"
        killer = into.read_text()
        return (KILLED, killer) if killer else (SURVIVED, f"{len(tests)} tests")

    def forget(self, *, everything: bool = False) -> None:
        """Empties the caches; unbounded ones only if ``everything`` is set."""
        for each in self.caches:
            if everything or each.cache_parameters()["maxsize"] is not None:
                each.cache_clear()

    def fills(self, mutant: Mutant) -> bool:
        """Whether an unbounded cache depends on a mutant, so that any test may notice it."""
        return any(name == str(mutant.module) and _part(mutant.function, of) for name, of in self.filling)

    def passes(self, tests: list[pytest.Item]) -> str | None:
        """The first of these tests that fails."""
        for item, following in zip(tests, [*tests[1:], None], strict=True):
            item.ihook.pytest_runtest_protocol(item=item, nextitem=following)
            if self.failed:
                return item.nodeid
        return None

    def note(self, at: int, mutant: Mutant, state: str, by: str) -> None:
        """Stores a result, and shows it unless the mutant was killed."""
        with (self.scratch.parent / "found").open("a", encoding="utf-8") as file:
            file.write(json.dumps([at, state, by]) + "\n")
        if state in {SURVIVED, UNREACHED, TIMEOUT}:
            print(f"{state}: {_shown(mutant)}  [{by}]", file=sys.stderr, flush=True)
        if self.results is not None:
            with self.results.open("a", encoding="utf-8") as file:
                file.write(json.dumps([_shown(mutant), mutant.operator, state, by]) + "\n")


def forked(work: Callable[[], None], usual: float) -> int:
    """The status with which a fork that did some work ended; it is killed if it takes far more than usual."""
    sys.stdout.flush()
    child = os.fork()
    if child:
        return _ended(child, WALL_S + 4 * usual)
    code = 1
    try:
        silent = os.open(os.devnull, os.O_RDWR)
        for number in (0, 1, 2):
            os.dup2(silent, number)
        signal.signal(signal.SIGPROF, signal.SIG_DFL)
        signal.setitimer(signal.ITIMER_PROF, CPU_S + 2 * usual)
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
        work()
        code = 0
    finally:
        os._exit(code)


def _ended(child: int, limit: float) -> int:
    """The status with which a process ended, or that of an alarm if it is killed after ``limit`` seconds."""
    watched = os.pidfd_open(child)
    in_time = select.select([watched], [], [], limit)[0]
    os.close(watched)
    if not in_time:
        os.kill(child, signal.SIGKILL)
    status = os.waitpid(child, 0)[1]
    return status if in_time else signal.SIGALRM


def _process(work: Callable[[], None], *closed: int) -> int:
    """The number of a process that does some work."""
    sys.stdout.flush()
    child = os.fork()
    if child:
        return child
    code = 1
    try:
        for each in closed:
            os.close(each)
        work()
        code = 0
    except Exception:  # noqa: BLE001 - what happened is shown, and the process ends
        traceback.print_exc()
    finally:
        os._exit(code)


def _write(into: int, content: bytes) -> None:
    with os.fdopen(into, "wb") as file:
        file.write(content)


def _rows(path: Path) -> list[Any]:
    """What a file of JSON says, line by line; no file says nothing."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()] if path.exists() else []


def _caches() -> list[Any]:
    return [each for each in gc.get_objects() if isinstance(each, CACHED)]


def _use(item: pytest.Item, folder: Path) -> None:
    """Makes tests write their temporary files to a folder; pytest has no public way to change it at this point."""
    factory = item.config._tmp_path_factory  # noqa: SLF001
    factory._given_basetemp, factory._basetemp = folder, None  # noqa: SLF001


def _part(function: str, name: str) -> bool:
    """Whether a name means a function, or one within it."""
    return name == function or name.startswith(f"{function}.<locals>.")


def _touches(mutant: Mutant, reach: Reach) -> bool:
    first, last = mutant.lines
    return not reach.lines.get(str(mutant.module), set()).isdisjoint(range(first, last + 1))


def _load(names: Iterable[str]) -> None:
    """Loads what the tests load, so that no fork has to."""
    for name in sorted(names):
        if not name.startswith(("tests", "tensorflow", "_pytest", "__")):
            try:
                importlib.import_module(name)
            except Exception:  # noqa: BLE001 - a module that a test made
                continue


def _functions(files: Iterable[Path]) -> dict[Any, FunctionType]:
    """The functions of some files by file, name and first line."""
    names = {str(path) for path in files}
    made = [each for each in gc.get_objects() if isinstance(each, FunctionType) and each.__code__.co_filename in names]
    return {(each.__code__.co_filename, each.__code__.co_qualname, each.__code__.co_firstlineno): each for each in made}


def _code(module: CodeType, mutant: Mutant) -> CodeType:
    """The code of the mutant's function within that of its module."""
    (found,) = [
        each for each in _within(module) if each.co_qualname == mutant.function and each.co_firstlineno == mutant.first
    ]
    return found


def _within(code: CodeType) -> Iterator[CodeType]:
    for each in code.co_consts:
        if isinstance(each, CodeType):
            yield each
            yield from _within(each)


def _shown(mutant: Mutant) -> str:
    return mutant.name.replace(f"{ROOT}/", "")


def numbered(made: Iterable[Mutant]) -> Iterator[Mutant]:
    """Mutants that would be called alike, each with a number."""
    counted = Counter[str]()
    for mutant in made:
        counted[mutant.name] += 1
        number = counted[mutant.name]
        yield mutant if number == 1 else replace(mutant, after=f"{mutant.after} ({number})")


def known(results: Path | None) -> set[str]:
    """The mutants that an earlier run has killed."""
    return set() if results is None else {name for name, _, state, _ in _rows(results) if state == KILLED}


def files(names: Iterable[str]) -> tuple[Path, ...]:
    """The files that names below graders/ mean."""
    found = [ROOT / "graders" / name for name in names]
    return tuple(file for path in found for file in (sorted(path.rglob("*.py")) if path.is_dir() else [path]))


def table(found: Iterable[tuple[Mutant, str, str]]) -> Iterator[str]:
    """The totals by module, as a table of Markdown."""
    counted: dict[str, Counter[str]] = {}
    for mutant, state, _ in found:
        if state != SAME:
            counted.setdefault(str(mutant.module.relative_to(ROOT / "graders")), Counter())[state] += 1
    yield "| module | mutants | killed | timed out | survived | not reached |"
    yield "|---|---|---|---|---|---|"
    total = sum(counted.values(), Counter[str]())
    for name, states in [*counted.items(), ("all", total)]:
        cells = [states.total(), *(states[state] for state in (KILLED, TIMEOUT, SURVIVED, UNREACHED))]
        yield f"| {name} | {' | '.join(map(str, cells))} |"


def main() -> int:
    """Runs it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("modules", nargs="*", default=MODULES, help="files or folders below graders/")
    parser.add_argument("--sample", type=int, help="N mutants of each file, drawn with a fixed seed")
    parser.add_argument(
        "--results", type=Path, help="store results in this file; mutants that it lists as killed are not tried again"
    )
    parser.add_argument(
        "--tests", nargs="+", default=TESTS, help="the tests to use: tests/scoring tests/measure tests/written"
    )
    parser.add_argument("--jobs", type=int, default=1, help="how many processes try mutants: 1")
    chosen = parser.parse_args()
    os.chdir(ROOT)
    with tempfile.TemporaryDirectory(prefix="optgrade-mutants-") as scratch:
        results = chosen.results and chosen.results.absolute()
        run = Run(files(chosen.modules), chosen.sample, results, Path(scratch), killed=known(results), jobs=chosen.jobs)
        pytest.main(
            ["-q", "-s", "-p", "no:cacheprovider", "-p", "no:randomly", f"--basetemp={scratch}/tmp", *chosen.tests,
             *(f"--ignore={each}" for each in LEFT_OUT)],
            plugins=[run],
        )  # fmt: skip
    print("\n".join(table(run.found)))
    return int(any(state in {SURVIVED, UNREACHED} for _, state, _ in run.found))


if __name__ == "__main__":
    sys.exit(main())
