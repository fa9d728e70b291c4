"""Mutated ``.tflite`` files through the real scorer: ``python -m tests.fuzz.through_scorer [--count N] [--first SEED]``.

Each seed is one file: one of the embedded model's, with flipped bits, cut off, with sizes or offsets spliced in, with
giant shapes, swapped buffers or another graph. Whatever a file does, it is measured, or it is the file's own fault
within seconds: a fault of the grader's is printed with its seed, and the script ends with code 1.
"""

from __future__ import annotations

import argparse
import random
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from graders.core.errors import RunError
from graders.core.verdicts import Verdict
from graders.framework.model_tester.runner import encoding_of
from graders.measure.scorer import client as scoring
from graders.measure.scorer.client import start_server
from graders.measure.scorer.measurement import Measurement
from graders.measure.scorer.results import Compressed, WeightDifference
from graders.measure.tflite import Model, aligned_activations, integer_violations, io_dtypes
from graders.profiles import choose as choose_profile
from graders.profiles.profile import IMAGENET
from graders.sandbox import RunSpec, Server, Session, choose
from tests.fuzz.target import ROOT
from tests.fuzz.tflite_mutations import KINDS, layout, move_weight

MODELS = ROOT / "fixtures" / "models" / "pocket_pets"
BASES = (MODELS / "fp32.tflite", MODELS / "int8.tflite", MODELS / "compressed" / "clustered-8.tflite")
ORIGINAL = BASES[0]
MAX_BYTES = 64 << 20
CALL_S = 10.0
"""The most that one operation on one file may take: honest files of this size take a tenth of a second."""
BATCH = 50
OWN_FAULTS = {Verdict.FAILED, Verdict.CRASHED, Verdict.TIMEOUT, Verdict.OUT_OF_MEMORY}


@dataclass(frozen=True)
class Mutant:
    """One mutated file. ``nudged``: how far weights were moved at most, if that is the only change to fp32's."""

    seed: int
    kind: str
    base: Path
    data: bytes
    nudged: float | None = None


def mutant(seed: int) -> Mutant:
    """The file of a seed, always the same."""
    draw = random.Random(f"mutant {seed}")
    base = draw.choice(BASES)
    data = base.read_bytes()
    where = layout(data)
    kind = draw.choices(tuple(KINDS), weights=[weight for _, weight in KINDS.values()])[0]
    if kind == "weight":
        changed, nudged = move_weight(draw, data, where)
        return Mutant(seed, kind, base, changed, nudged if base == ORIGINAL else None)
    return Mutant(seed, kind, base, KINDS[kind][0](draw, data, where))


@dataclass(frozen=True)
class Outcome:
    """The outcome of measuring a mutant: each operation's verdict, ``"measured"`` or a verdict, and what is wrong."""

    seed: int
    kind: str
    found: Mapping[str, str]
    wrong: tuple[str, ...]
    seconds: float


class _Hurried:
    """A session whose every call has a few seconds."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def call(self, operation: str, parameters: Any = None, arrays: Any = None, _: float | None = None) -> Any:
        return self._session.call(operation, parameters, arrays, timeout_s=CALL_S)


class Mill:
    """Measures mutants, many in one scorer process: the next one gets a new process where one was lost."""

    def __init__(self, server: Server, folder: Path, frames: Path) -> None:
        """:param folder: below the server's scratch folder. :param frames: a uint8 .npy file of two images or more."""
        self._server, self._folder, self._frames = server, folder, frames
        (folder / "files").mkdir(parents=True)
        self._boxes = 0
        self._session: Session | None = None
        self.lost = 0
        try:
            self._original = self._measured(ORIGINAL, Measurement.read, MAX_BYTES)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Ends the process that it has."""
        if self._session is not None:
            self._session.end()
            self._session = None

    def grind(self, made: Mutant) -> Outcome:
        """Every operation of the scorer that reads a student's file, and what the grader makes of it."""
        path = self._folder / "files" / f"{made.seed}.tflite"
        path.write_bytes(made.data)
        path.chmod(0o644)
        found: dict[str, str] = {}
        wrong: list[str] = []
        started = time.monotonic()
        for name, operation in OPERATIONS.items():
            before = time.monotonic()
            try:
                answer = operation(self, path)
                found[name] = "measured"
                wrong += [f"{name}: {each}" for each in self._doubts(made, name, answer)]
            except RunError as error:
                found[name] = error.verdict.value
                other_tensors = name == "compare_weights" and error.verdict is Verdict.LOST
                if error.verdict not in OWN_FAULTS and not other_tensors:
                    wrong.append(f"{name}: {error.verdict.value}: {error}")
                if "\n" in str(error) or not str(error) or len(str(error)) > 500:
                    wrong.append(f"{name}: no single line: {str(error)!r}")
                if error.verdict is not Verdict.FAILED and error.verdict is not Verdict.LOST:
                    self.lost += 1
                    self.close()
            except Exception as error:
                found[name] = type(error).__name__
                wrong.append(f"{name}: {type(error).__name__}: {error}")
                self.close()
            if time.monotonic() - before > CALL_S + 5:
                wrong.append(f"{name}: took {time.monotonic() - before:.0f} s")
        path.unlink()
        return Outcome(made.seed, made.kind, found, tuple(wrong), time.monotonic() - started)

    def _measured(self, path: Path, call: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
        if self._session is None:
            self._boxes += 1
            box = self._folder / f"box-{self._boxes}"
            box.mkdir()
            spec = RunSpec(
                name=f"mill-{self._boxes}",
                driver=scoring.DRIVER,
                paths=(scoring.REPOSITORY,),
                workdir=box,
                limits=scoring.LIMITS,
                seed=0,
                environment=scoring.ENVIRONMENT,
                readable=(self._folder / "files", self._frames, MODELS),
            )
            self._session = self._server.open(spec)
        hurried: Any = _Hurried(self._session)
        return call(Measurement(hurried, path), *arguments, **named)

    def read(self, path: Path) -> Any:
        """The facts, and what the grader itself works out of them."""
        model: Model = self._measured(path, Measurement.read, MAX_BYTES)
        aligned_activations(self._original, model)
        aligned_activations(model, self._original)
        integer_violations(model)
        io_dtypes(model)
        for side in ("inputs", "outputs"):
            encoding_of(model, side)
        return model

    def compress(self, path: Path) -> Any:
        """As lab 3 measures it, with clusters and with a sparsity."""
        self._measured(path, Measurement.compress, ORIGINAL, sparsity=0.4)
        return self._measured(path, Measurement.compress, ORIGINAL, clusters=8)

    def compare(self, path: Path) -> Any:
        """As lab 2 measures it."""
        return self._measured(path, Measurement.compare_weights, ORIGINAL)

    def infer(self, path: Path, delegates: bool) -> Any:
        """Two frames."""
        return self._measured(path, Measurement.infer_frames, self._frames, 2, IMAGENET, delegates=delegates)

    def _doubts(self, made: Mutant, name: str, answer: Any) -> Iterator[str]:
        """What can't be true of a file of which it is known what was done to it."""
        if isinstance(answer, Model) and answer.size != len(made.data):
            yield f"says {answer.size} bytes of {len(made.data)}"
        if isinstance(answer, Compressed) and answer.bytes != len(made.data):
            yield f"says {answer.bytes} bytes of {len(made.data)}"
        if isinstance(answer, WeightDifference):
            if not 0 <= answer.worst < float("inf"):
                yield f"says that weights differ by {answer.worst}"
            if made.nudged is not None and abs(answer.worst - made.nudged) > 1e-3 * made.nudged:
                yield f"says that weights differ by {answer.worst}, not {made.nudged}"
        if made.nudged is not None and name == "infer" and not np.isfinite(answer).all():
            yield "gives no numbers for a finite weight"


OPERATIONS: Mapping[str, Callable[[Mill, Path], Any]] = {
    "read": Mill.read,
    "compare_weights": Mill.compare,
    "compress": Mill.compress,
    "infer": lambda mill, path: mill.infer(path, delegates=False),
    "infer with delegates": lambda mill, path: mill.infer(path, delegates=True),
}


def run(seeds: Iterable[int], server: Server, folder: Path, frames: Path, workers: int = 2) -> list[Outcome]:
    """Measures the mutants of these seeds, so many at a time."""

    def part(job: tuple[int, list[int]]) -> list[Outcome]:
        number, some = job
        mill = Mill(server, folder / f"mill-{number}", frames)
        try:
            return [mill.grind(mutant(seed)) for seed in some]
        finally:
            mill.close()

    every = list(seeds)
    jobs = list(enumerate(every[start : start + BATCH] for start in range(0, len(every), BATCH)))
    with ThreadPoolExecutor(workers) as pool:
        return [outcome for outcomes in pool.map(part, jobs) for outcome in outcomes]


def make_frames(folder: Path) -> Path:
    """Two images of the embedded data set as the scorer takes them."""
    from PIL import Image

    pictures = sorted((choose_profile("embedded", None, None).dataset_root / "images").glob("*.jpg"))[:2]
    path = folder / "frames.npy"
    np.save(path, np.stack([np.asarray(Image.open(each).convert("RGB").resize((224, 224))) for each in pictures]))
    path.chmod(0o644)
    return path


def main() -> int:
    """Measures, and prints what came of it; 1 where anything was wrong."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--first", type=int, default=0, metavar="SEED")
    parser.add_argument("--isolation", default="auto")
    parser.add_argument("--workers", type=int, default=2)
    arguments = parser.parse_args()
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="optgrade-mutants-") as name:
        folder = Path(name)
        folder.chmod(0o711)
        frames = make_frames(folder)
        with start_server(choose(arguments.isolation), (MODELS, frames), folder) as server:
            outcomes = run(
                range(arguments.first, arguments.first + arguments.count), server, folder, frames, arguments.workers
            )
    seconds = time.monotonic() - started
    print(f"{len(outcomes):,} files in {seconds:.0f} s")
    for operation in OPERATIONS:
        counts = Counter(outcome.found[operation] for outcome in outcomes)
        print(f"{operation:22}" + ", ".join(f"{verdict} {count:,}" for verdict, count in counts.most_common()))
    lost = [each for each in outcomes if {*each.found.values()} & {"crashed", "timeout", "out_of_memory"}]
    print(f"{len(lost)} files ended their scorer: {', '.join(f'{each.seed} ({each.kind})' for each in lost[:40])}")
    slow = sorted(outcomes, key=lambda each: -each.seconds)[:5]
    print(f"slowest: {', '.join(f'{each.seed} ({each.kind}) {each.seconds:.1f} s' for each in slow)}")
    wrong = [each for each in outcomes if each.wrong]
    for each in wrong:
        print(f"WRONG {each.seed} ({each.kind}): {'; '.join(each.wrong)}")
    return int(bool(wrong))


if __name__ == "__main__":
    raise SystemExit(main())
