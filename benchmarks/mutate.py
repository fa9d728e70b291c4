"""Mutated ``.tflite`` files through the real scorer: ``python benchmarks/mutate.py [--count N] [--first SEED]``.

Each seed is one file: one of the embedded model's, with flipped bits, cut off, with sizes or offsets spliced in, with
giant shapes, swapped buffers or another graph. Whatever a file does, it is measured, or it is the file's own fault
within seconds: a fault of the grader's is printed with its seed, and the script ends with code 1.
"""

from __future__ import annotations

import argparse
import random
import struct
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

import ai_edge_litert.schema_py_generated as schema  # noqa: E402 - the path comes first
import flatbuffers  # noqa: E402
import numpy as np  # noqa: E402
from numpy.typing import NDArray  # noqa: E402

from graders.core.errors import RunError  # noqa: E402
from graders.core.verdicts import Verdict  # noqa: E402
from graders.framework.model_tester.runner import encoding_of  # noqa: E402
from graders.measure.scorer import client as scoring  # noqa: E402
from graders.measure.scorer.client import start_server  # noqa: E402
from graders.measure.scorer.measurement import Measurement  # noqa: E402
from graders.measure.scorer.results import Compressed, WeightDifference  # noqa: E402
from graders.measure.tflite import Model, aligned_activations, integer_violations, io_dtypes  # noqa: E402
from graders.profiles import choose as choose_profile  # noqa: E402
from graders.profiles.profile import IMAGENET  # noqa: E402
from graders.sandbox import RunSpec, Server, Session, choose  # noqa: E402

MODELS = ROOT / "fixtures" / "models" / "pocket_pets"
BASES = (MODELS / "fp32.tflite", MODELS / "int8.tflite", MODELS / "compressed" / "clustered-8.tflite")
ORIGINAL = BASES[0]
MAX_BYTES = 64 << 20
CALL_S = 10.0
"""The most that one operation on one file may take: honest files of this size take a tenth of a second."""
BATCH = 50
OWN_FAULTS = {Verdict.FAILED, Verdict.CRASHED, Verdict.TIMEOUT, Verdict.OUT_OF_MEMORY}
SIZES = (0, 1, 2, 4, 127, 128, 255, 2**15, 2**16, 2**24, 2**30, 2**31 - 1, 2**31, 2**32 - 1, 2**32 - 4)
SIDES = (-1, 0, 1, 2, 3, 7, 223, 225, 2**10, 2**15, 2**16, 2**20, 2**28, 2**30, 2**31 - 1)

Change = Callable[[random.Random, bytes], bytes]


@dataclass(frozen=True)
class Layout:
    """Where things lie in a file: constants, shapes, and the rest, which is structure."""

    constants: tuple[tuple[int, int], ...]
    shapes: tuple[tuple[int, int], ...]
    structure: tuple[int, ...]
    weights: tuple[tuple[int, int], ...]


@cache
def layout(path: Path) -> Layout:
    """The layout of one of the bases."""
    data = path.read_bytes()
    model = schema.Model.GetRootAs(data, 0)
    graph = model.Subgraphs(0)
    tensors = [graph.Tensors(index) for index in range(graph.TensorsLength())]
    spans: dict[int, tuple[int, int]] = {}
    for index in range(model.BuffersLength()):
        inner = model.Buffers(index)._tab  # noqa: SLF001 - the accessors do not give offsets
        field = inner.Offset(4)
        if field and inner.VectorLen(field):
            spans[index] = (inner.Vector(field), inner.VectorLen(field))
    shapes = []
    for tensor in tensors:
        field = tensor._tab.Offset(4)  # noqa: SLF001
        if field:
            shapes.append((tensor._tab.Vector(field), tensor.ShapeLength()))  # noqa: SLF001
    inside = np.zeros(len(data), bool)
    for start, size in spans.values():
        inside[start : start + size] = True
    floats = {tensor.Buffer() for tensor in tensors if tensor.Type() == schema.TensorType.FLOAT32}
    weights = tuple(span for index, span in spans.items() if index in floats)
    return Layout(tuple(spans.values()), tuple(shapes), tuple(np.flatnonzero(~inside).tolist()), weights)


def flip_anywhere(draw: random.Random, data: bytes) -> bytes:
    """One to sixteen bits, anywhere: mostly in weights."""
    return _flipped(draw, data, [draw.randrange(len(data)) for _ in range(draw.randint(1, 16))])


def _flipped(draw: random.Random, data: bytes, places: Iterable[int]) -> bytes:
    changed = bytearray(data)
    for place in places:
        changed[place] ^= 1 << draw.randrange(8)
    return bytes(changed)


def _flip_structure(draw: random.Random, data: bytes, where: Layout) -> bytes:
    return _flipped(draw, data, draw.choices(where.structure, k=draw.randint(1, 6)))


def truncate(draw: random.Random, data: bytes) -> bytes:
    """Cut off at the end, sometimes with zeros in place of the missing part."""
    kept = draw.choice((draw.randrange(len(data)), len(data) - draw.randint(1, 64), draw.randint(0, 64)))
    return data[:kept] + (bytes(len(data) - kept) if draw.random() < 0.3 else b"")


def _splice(draw: random.Random, data: bytes, where: Layout) -> bytes:
    """Other 32-bit numbers in the structure: sizes, offsets, indices."""
    changed = bytearray(data)
    for _ in range(draw.randint(1, 4)):
        place = min(draw.choice(where.structure) & ~3, len(data) - 4)
        number = draw.choice((*SIZES, len(data), len(data) - place, draw.randrange(len(data)), draw.randrange(64)))
        struct.pack_into("<I", changed, place, number & 0xFFFFFFFF)
    return bytes(changed)


def _giant(draw: random.Random, data: bytes, where: Layout) -> bytes:
    """Other sides of tensors' shapes, zero and negative ones too."""
    changed = bytearray(data)
    for start, rank in draw.sample(where.shapes, draw.randint(1, 4)):
        for axis in range(rank):
            if draw.random() < 0.5:
                struct.pack_into("<i", changed, start + 4 * axis, draw.choice(SIDES))
    return bytes(changed)


def chunks(draw: random.Random, data: bytes) -> bytes:
    """A chunk taken from one place and put in, or over what is, at another."""
    size = draw.choice((1, 4, 16, 256, 4096))
    start, end = draw.randrange(len(data)), draw.randrange(len(data))
    piece = data[start : start + size]
    return data[:end] + piece + data[end + draw.choice((0, len(piece))) :]


def objects(draw: random.Random, data: bytes) -> bytes:
    """A whole file again, with another graph: buffers swapped, connections, types, codes and options changed."""
    while True:
        model = schema.ModelT.InitFromPackedBuf(bytearray(data), 0)
        for _ in range(draw.randint(1, 3)):
            draw.choice(GRAPH_CHANGES)(draw, model)
        if draw.random() < 0.5:
            model.signatureDefs = None
        builder = flatbuffers.Builder(1 << 18)
        try:
            builder.Finish(model.Pack(builder), b"TFL3")
        except TypeError:
            continue  # A number that its field can't hold.
        return bytes(builder.Output())


def _tensor(draw: random.Random, model: Any) -> Any:
    return draw.choice(model.subgraphs[0].tensors)


def _operator(draw: random.Random, model: Any) -> Any:
    return draw.choice(model.subgraphs[0].operators)


def swap_buffers(draw: random.Random, model: Any) -> None:
    """Two tensors exchange their values."""
    one, two = _tensor(draw, model), _tensor(draw, model)
    one.buffer, two.buffer = two.buffer, one.buffer


def cut_buffer(draw: random.Random, model: Any) -> None:
    """A constant with fewer or more bytes than its shape needs, or none."""
    buffer = draw.choice([each for each in model.buffers if each.data is not None and len(each.data)] or [None])
    if buffer is not None:
        values = np.asarray(buffer.data, np.uint8)
        buffer.data = np.resize(values, draw.choice((0, 1, len(values) // 2, len(values) + 4)))


def rewire(draw: random.Random, model: Any) -> None:
    """An operator that takes or gives another tensor, its own output among them: cycles."""
    operator, tensors = _operator(draw, model), len(model.subgraphs[0].tensors)
    ends = draw.choice(("inputs", "outputs"))
    wires = [int(each) for each in getattr(operator, ends)]
    if wires:
        place = draw.randrange(len(wires))
        wires[place] = draw.choice((-1, draw.randrange(tensors), int(operator.outputs[0]), int(operator.inputs[0])))
    setattr(operator, ends, draw.choice((wires, wires, wires[:-1], wires * 2)))


def reorder(draw: random.Random, model: Any) -> None:
    """Operators in another order, one twice, or one missing."""
    operators = model.subgraphs[0].operators
    first, second = draw.randrange(len(operators)), draw.randrange(len(operators))
    operators[first] = operators[second]
    if draw.random() < 0.3:
        del operators[first]


def recode(draw: random.Random, model: Any) -> None:
    """Another kind of operator: any built-in one, a custom one, or one of another version."""
    code = draw.choice(model.operatorCodes)
    kind = draw.randrange(3)
    if kind == 0:
        code.builtinCode = draw.randrange(210)
        code.deprecatedBuiltinCode = min(code.builtinCode, 127)
    elif kind == 1:
        code.builtinCode = code.deprecatedBuiltinCode = schema.BuiltinOperator.CUSTOM
        code.customCode = draw.choice((b"FlexErf", b"TFLite_Detection_PostProcess", b"", b"\xff\x00no"))
    else:
        code.version = draw.choice((-1, 0, 2, 99))


def retype(draw: random.Random, model: Any) -> None:
    """A tensor of another type."""
    _tensor(draw, model).type = draw.randrange(20)


def requantise(draw: random.Random, model: Any) -> None:
    """Other scales and zero points, useless ones among them."""
    tensor = _tensor(draw, model)
    made = schema.QuantizationParametersT()
    count = draw.choice((0, 1, 1, 2, (list(tensor.shape) or [1])[-1] if tensor.shape is not None else 1))
    made.scale = [draw.choice((0.0, 1e-45, 1e38, -1.0, 0.5, float("nan"), float("inf")))] * min(int(count), 64)
    made.zeroPoint = [draw.choice((0, -129, 2**31, -(2**63), 2**63 - 1))] * len(made.scale)
    made.quantizedDimension = draw.choice((0, 0, 3, -1, 99))
    tensor.quantization = made


def reoption(draw: random.Random, model: Any) -> None:
    """Other strides, dilations, activations."""
    options = _operator(draw, model).builtinOptions
    fields = [name for name, value in vars(options or object).items() if isinstance(value, int)] if options else []
    if fields:
        limits = {"padding": 1, "fusedActivationFunction": 5}
        name = draw.choice(fields)
        most = limits.get(name)
        value = draw.choice((0, -1, 2, 3, 1000, 2**31 - 1)) if most is None else draw.randint(0, most + 1)
        setattr(options, name, value)


def reends(draw: random.Random, model: Any) -> None:
    """Other inputs and outputs of the whole network, none or several."""
    graph = model.subgraphs[0]
    ends = draw.choice(("inputs", "outputs"))
    setattr(graph, ends, [draw.randrange(len(graph.tensors)) for _ in range(draw.choice((0, 1, 1, 2)))])


def variable(draw: random.Random, model: Any) -> None:
    """A tensor that is a variable, is stored elsewhere, or has no shape that is known."""
    tensor = _tensor(draw, model)
    kind = draw.randrange(3)
    if kind == 0:
        tensor.isVariable = not tensor.isVariable
    elif kind == 1:
        tensor.shapeSignature = [draw.choice(SIDES) for _ in tensor.shape if tensor.shape is not None]
    elif hasattr(tensor, "externalBuffer"):
        tensor.externalBuffer = draw.randrange(1, 9)


def subgraphs(draw: random.Random, model: Any) -> None:
    """The graph twice, or an operator that runs the graph it is in."""
    if draw.random() < 0.5:
        model.subgraphs.append(model.subgraphs[0])
        return
    code, options = schema.OperatorCodeT(), schema.IfOptionsT()
    code.builtinCode = code.deprecatedBuiltinCode = schema.BuiltinOperator.IF
    model.operatorCodes.append(code)
    options.thenSubgraphIndex, options.elseSubgraphIndex = draw.choice((0, 0, 1, -1)), 0
    operator = _operator(draw, model)
    operator.opcodeIndex = len(model.operatorCodes) - 1
    operator.builtinOptionsType, operator.builtinOptions = schema.BuiltinOptions.IfOptions, options


GRAPH_CHANGES = (
    swap_buffers, swap_buffers, cut_buffer, rewire, rewire, reorder, recode, retype, requantise, reoption, reends,
    variable, subgraphs,
)  # fmt: skip


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
    data, where = base.read_bytes(), layout(base)
    kind = draw.choices(tuple(KINDS), weights=[weight for _, weight in KINDS.values()])[0]
    if kind == "weight":
        changed, nudged = _weight(draw, data, where)
        return Mutant(seed, kind, base, changed, nudged if base == ORIGINAL else None)
    return Mutant(seed, kind, base, KINDS[kind][0](draw, data, where))


def _weight(draw: random.Random, data: bytes, where: Layout) -> tuple[bytes, float | None]:
    """One weight, another finite number; and how far that is, relative to the largest of its tensor."""
    if not where.weights:
        return flip_anywhere(draw, data), None
    start, size = draw.choice(where.weights)
    values: NDArray[np.float32] = np.frombuffer(data, "<f4", size // 4, start).copy()
    at, top = draw.randrange(len(values)), float(np.abs(values).max()) or 1.0
    before = values[at]
    values[at] += np.float32(draw.choice((-1, 1)) * top * 10 ** draw.uniform(-4, 2))
    return data[:start] + values.tobytes() + data[start + size :], float(abs(values[at] - before)) / top


KINDS: Mapping[str, tuple[Callable[[random.Random, bytes, Layout], bytes], int]] = {
    "bits": (lambda draw, data, _: flip_anywhere(draw, data), 2),
    "structure bits": (_flip_structure, 4),
    "truncated": (lambda draw, data, _: truncate(draw, data), 2),
    "spliced": (_splice, 4),
    "giant shapes": (_giant, 3),
    "chunks": (lambda draw, data, _: chunks(draw, data), 2),
    "graph": (lambda draw, data, _: objects(draw, data), 4),
    "weight": (lambda draw, data, where: _weight(draw, data, where)[0], 2),
}


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
            except Exception as error:  # noqa: BLE001 - that is what is looked for
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
