"""The scorer, seen from the grader: measures one artifact at a time, each in a fresh sandboxed process."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from graders.core.errors import RunError, ScorerError, bad_file
from graders.core.paths import REPOSITORY
from graders.core.verdicts import Verdict
from graders.measure.calibration import RangeTable
from graders.measure.compression import Compression
from graders.measure.tflite import MalformedModel, Model, from_facts
from graders.measure.tflite.facts import typed
from graders.sandbox import Isolation, Limits, Reply, RunSpec, Server, Session
from graders.sandbox.host.limits import MEBI

DRIVER = Path(__file__).resolve().parent / "worker.py"
PRELOAD = ("graders.measure.scorer.worker",)
LIMITS = Limits(wall_s=300, cpu_s=300, memory=3072 * MEBI, file_size=256 * MEBI, processes=8)
ENVIRONMENT = {"OMP_NUM_THREADS": "1"}
# For one operation on an artifact, and for running one on many images. Whatever takes longer hangs.
READING_S, RUNNING_S = 60.0, 150.0
FEW = 50


@dataclass(frozen=True)
class WeightDifference:
    """How far the weights of a file are from those expected: ``worst`` is relative to a tensor's largest weight.

    ``difference`` says why there is nothing to compare: the tensors are others altogether.
    """

    tensors: int
    changed: int
    worst: float
    where: str
    difference: str = ""


@dataclass(frozen=True)
class Compressed:
    """What was done to a file's weights, its size, and the size of its data in a ZIP archive (DEFLATE, level 6)."""

    weights: Compression
    bytes: int
    deflated: int

    @property
    def deflation(self) -> float:
        """The share that an archive saves."""
        return 1 - self.deflated / self.bytes if self.bytes else 0.0


@dataclass(frozen=True)
class WeightLineage:
    """How alike a file's kernels are to those of the model that was given, and to those of another file: -1 to 1."""

    given: float
    other: float


@dataclass(frozen=True, eq=False)
class StoredTensor:
    """A kernel or a bias of a ``.tflite`` file as real numbers; how it is stored, and its largest scale, 0 for none."""

    part: str
    dtype: str
    scale: float
    values: NDArray[Any]


@dataclass(frozen=True, eq=False)
class KerasWeights:
    """The arrays of a Keras model's file by their paths in it; whether an optimizer's state is there as well."""

    arrays: Mapping[str, NDArray[Any]]
    optimizer: bool


@dataclass(frozen=True)
class Samples:
    """A data set's images by file name: training and test images with their classes, parts of both by (share, seed)."""

    train: tuple[str, ...]
    labels: tuple[int, ...]
    test: tuple[str, ...]
    splits: Mapping[tuple[float, int], tuple[str, ...]]
    test_labels: tuple[int, ...] = ()
    test_splits: Mapping[tuple[float, int], tuple[str, ...]] = field(default_factory=dict)


class Measurement:
    """One artifact in one scorer process. What goes wrong with the file is the file's fault, as a :class:`RunError`."""

    def __init__(
        self,
        session: Session,
        path: Path,
        hung: dict[Path, RunError] | None = None,
        patience_s: float = RUNNING_S,
    ) -> None:
        """:param path: the artifact, outside of every workdir.

        :param hung: artifacts that ran out of time before: nobody waits for one twice.
        :param patience_s: the most that an operation may take, where it has a limit of its own at all.
        """
        self._patience_s = patience_s
        self._session = session
        self._hung = {} if hung is None else hung
        self.path = path

    def _call(
        self,
        operation: str,
        arrays: dict[str, NDArray[Any]] | None = None,
        timeout_s: float | None = None,
        **parameters: Any,
    ) -> Reply:
        if self.path in self._hung:
            raise self._hung[self.path]
        limit = None if timeout_s is None else min(timeout_s, self._patience_s)
        try:
            return self._session.call(operation, parameters, arrays, limit)
        except RunError as error:
            fault = _file_fault(error, self.path.name)
            if isinstance(fault, RunError) and fault.verdict is Verdict.TIMEOUT:
                self._hung[self.path] = fault
            raise fault from None

    def read(self, max_bytes: int) -> Model:
        """What the file says. :raises RunError: where it is no ``.tflite`` file."""
        reply = self._call("read", timeout_s=READING_S, path=str(self.path), max_bytes=max_bytes)
        try:
            if "malformed" in reply.facts:
                raise MalformedModel(str(reply.facts["malformed"])[:300])
            return from_facts(reply.facts["model"])
        except MalformedModel as error:
            raise bad_file(f"{self.path.name} is no valid .tflite file: {error}") from None
        except (KeyError, ValueError) as error:
            raise ScorerError(f"the scorer's answer can't be used: {error}") from None

    def tensors(self) -> tuple[StoredTensor, ...]:
        """Kernels and biases in the order of the graph. :raises RunError: where they can't be read."""
        reply = self._call("tensors", timeout_s=READING_S, path=str(self.path))
        try:
            return tuple(
                StoredTensor(each["part"], each["dtype"], float(each["scale"]), reply.arrays[f"{number:04d}"])
                for number, each in enumerate(reply.facts["tensors"])
            )
        except (KeyError, TypeError, ValueError) as error:
            raise ScorerError(f"the scorer's answer can't be used: {error}") from None

    def keras_weights(self) -> KerasWeights:
        """The weights in a Keras model's file, of which nothing is run.

        :raises RunError: where it is none that can be read.
        """
        reply = self._call("keras_weights", timeout_s=READING_S, path=str(self.path))
        try:
            names = [str(name) for name in reply.facts["names"]]
            arrays = {name: reply.arrays[f"{number:04d}"] for number, name in enumerate(names)}
            return KerasWeights(arrays, bool(reply.facts["optimizer"]))
        except (KeyError, TypeError, ValueError) as error:
            raise ScorerError(f"the scorer's answer can't be used: {error}") from None

    def compare_weights(self, baseline: Path) -> WeightDifference:
        """The weights against a baseline's. :raises RunError: where the tensors are others altogether."""
        reply = self._call("compare_weights", timeout_s=READING_S, path=str(self.path), baseline=str(baseline))
        if "difference" in reply.facts:
            raise RunError(Verdict.LOST, f"the file has {reply.facts['difference']}")
        facts = reply.facts
        return WeightDifference(
            int(facts["tensors"]), int(facts["changed"]), float(facts["worst"]), str(facts["where"])
        )

    def descent(self, given: Path, other: Path) -> WeightLineage | None:
        """What the file descends from; None where it has other kernels than the two."""
        paths = {"path": str(self.path), "given": str(given), "other": str(other)}
        facts = self._call("descent", None, READING_S, **paths).facts
        return WeightLineage(float(facts["given"]), float(facts["other"])) if facts else None

    def compress(self, original: Path, *, clusters: int | None = None, sparsity: float | None = None) -> Compressed:
        """The weights against those of the original model's FP32 file, for this number of clusters or sparsity.

        :raises RunError: where it is no file that has weights to look at.
        """
        reply = self._call(
            "compress",
            timeout_s=READING_S,
            path=str(self.path),
            original=str(original),
            clusters=clusters,
            sparsity=sparsity,
        )
        facts = reply.facts
        try:
            found: Compression = typed(Compression, facts["compression"], "compression")
            return Compressed(found, int(facts["bytes"]), int(facts["deflated"]))
        except (KeyError, TypeError, ValueError) as error:
            raise ScorerError(f"the scorer's answer can't be used: {error}") from None

    def infer_frames(self, frames: Path, count: int, delegates: bool = True) -> NDArray[Any]:
        """Raw outputs, (count, classes), for frames of a uint8 .npy file."""
        limit = READING_S if count <= FEW else RUNNING_S
        reply = self._call(
            "infer_frames", None, limit, path=str(self.path), frames=str(frames), count=count, delegates=delegates
        )
        return _outputs(reply, count)

    def infer_tensors(self, tensors: NDArray[Any], delegates: bool = True) -> NDArray[Any]:
        """Raw outputs, (n, classes), for input tensors in the file's own dtype."""
        reply = self._call("infer_tensors", {"tensors": tensors}, READING_S, path=str(self.path), delegates=delegates)
        return _outputs(reply, len(tensors))

    def ranges(self, kit: Path, images: Sequence[str], activations: Sequence[int], transform: str) -> RangeTable:
        """The range of each activation for each image: see :func:`graders.measure.scorer.worker.ranges`."""
        reply = self._call(
            "ranges",
            path=str(self.path),
            kit=str(kit),
            images=list(images),
            activations=list(activations),
            transform=transform,
        )
        return RangeTable(tuple(images), reply.arrays["low"], reply.arrays["high"])

    def samples(self, kit: Path, root: Path, splits: Sequence[tuple[float, int]]) -> Samples:
        """What the given kit says of the data set at ``root``, with the valid parts of these (share, seed) splits."""
        facts = self._call("samples", kit=str(kit), root=str(root), splits=[list(split) for split in splits]).facts
        parts, test_parts = (
            dict(zip(splits, (tuple(part) for part in facts[key]), strict=True)) for key in ("splits", "test_splits")
        )
        return Samples(
            tuple(facts["train"]),
            tuple(facts["labels"]),
            tuple(facts["test"]),
            parts,
            tuple(facts["test_labels"]),
            test_parts,
        )

    def prepare_pair(self, baseline: Path) -> None:
        """Loads the file and a baseline to be timed in turn."""
        self._call("prepare_pair", timeout_s=READING_S, path=str(self.path), baseline=str(baseline))

    def time_pair(self) -> tuple[float, float]:
        """Seconds of one inference: the file's, the baseline's."""
        facts = self._call("time_pair", timeout_s=READING_S).facts
        return float(facts["ours"]), float(facts["baseline"])


def _outputs(reply: Reply, count: int) -> NDArray[Any]:
    outputs = reply.arrays.get("outputs")
    if outputs is None or outputs.ndim != 2 or len(outputs) != count:
        raise ScorerError("the scorer gave no outputs")
    return outputs


def _file_fault(error: RunError, name: str) -> RunError | ScorerError:
    """An artifact that can't be measured costs what depends on it; a fault of ours is ours."""
    if error.exception == "Unmeasurable":
        return bad_file(error.message.removeprefix("Unmeasurable: "))
    if error.verdict is Verdict.FAILED:
        return ScorerError(f"measuring {name} failed: {error.message}")
    return RunError(error.verdict, f"measuring {name}: {error.message}")


class Scorer:
    """Opens a scorer process for each artifact, forked from a server that has imported LiteRT."""

    def __init__(
        self, server: Server, work: Path, readable: Sequence[Path] = (), patience_s: float = RUNNING_S
    ) -> None:
        """:param work: a folder of the grader's own for the scorers' boxes.

        :param readable: what measuring may have to read beside the artifact and the repository.
        :param patience_s: the most that one operation on an artifact may take.
        """
        self._patience_s = patience_s
        self._readable = tuple(readable)
        self._server = server
        self._work = work
        self._numbers = itertools.count()
        self._hung: dict[Path, RunError] = {}

    @contextmanager
    def measure(self, path: Path) -> Iterator[Measurement]:
        """A scorer process for one artifact; it is ended when the block is left."""
        number = next(self._numbers)
        workdir = self._work / f"{number:04d}"
        workdir.mkdir(parents=True)
        spec = RunSpec(
            name=f"scorer-{number}",
            driver=DRIVER,
            paths=(REPOSITORY,),
            workdir=workdir,
            limits=LIMITS,
            seed=0,
            environment=ENVIRONMENT,
            readable=(path, *self._readable),
        )
        session = self._server.open(spec)
        try:
            yield Measurement(session, path, self._hung, self._patience_s)
        finally:
            session.end()


def start_server(
    isolation: Isolation, readable: Sequence[Path] = (), scratch: Path | None = None, *, late: bool = False
) -> Server:
    """The server that scorers are forked from. :param readable: as for the server. :param late: as for the server."""
    return Server(PRELOAD, isolation, ENVIRONMENT, paths=(REPOSITORY,), readable=readable, scratch=scratch, late=late)
