"""Measuring one artifact, seen from the grader: each operation of the scorer's process as a method."""

from __future__ import annotations

from pathlib import Path
from typing import Any, TypeVar

from numpy.typing import NDArray

from graders.core.errors import RunError, ScorerError, bad_file
from graders.core.load import stretched
from graders.core.verdicts import Verdict
from graders.measure.scorer.results import (
    Compressed,
    KerasWeights,
    PairedTimes,
    StoredAs,
    StoredTensor,
    WeightDifference,
    WeightLineage,
)
from graders.measure.tflite import Model, from_facts
from graders.measure.tflite.facts import typed
from graders.profiles import Normalisation
from graders.sandbox import Reply, Session
from graders.sandbox.guest import wire

T = TypeVar("T")
# For one operation on an artifact, and for running one on many images, on an idle machine. What takes longer hangs.
READING_S, RUNNING_S = 60.0, 150.0
FEW = 50


class Measurement:
    """One artifact in one scorer process. What is wrong with the file is raised as a :class:`RunError`."""

    def __init__(
        self,
        session: Session,
        path: Path,
        hung: dict[Path, RunError] | None = None,
        patience_s: float = RUNNING_S,
        *,
        own: bool = False,
    ) -> None:
        """:param path: the artifact, outside of every workdir.

        :param hung: artifacts that ran out of time before, so that none is waited for twice.
        :param patience_s: the most that an operation may take, if it has a limit of its own at all.
        :param own: it is a file of the grader's, so whatever is wrong with it is the grader's fault.
        """
        self._patience_s = patience_s
        self._own = own
        self._session = session
        self._hung = {} if hung is None else hung
        self.path = path

    def call(
        self,
        operation: str,
        arrays: dict[str, NDArray[Any]] | None = None,
        timeout_s: float | None = None,
        **parameters: object,
    ) -> Reply:
        """The answer of an operation of the driver's. :raises RunError: the file can't be measured."""
        if self.path in self._hung:
            raise self._hung[self.path]
        limit = None if timeout_s is None else stretched(min(timeout_s, self._patience_s))
        for array in (arrays or {}).values():
            # Inputs have the type that the file says it takes.
            if array.dtype.kind not in wire.PLAIN_KINDS:
                raise bad_file(f"{self.path.name} takes {array.dtype} values, and can't be given any")
        try:
            return self._session.call(operation, parameters, arrays, limit)
        except RunError as error:
            fault = _own_fault(error, self.path.name) if self._own else _file_fault(error, self.path.name)
            if isinstance(fault, RunError) and fault.verdict is Verdict.TIMEOUT:
                self._hung[self.path] = fault
            raise fault from None

    def read(self, max_bytes: int) -> Model:
        """What the file says. :raises RunError: it is no ``.tflite`` file."""
        reply = self.call("read", timeout_s=READING_S, path=str(self.path), max_bytes=max_bytes)
        if "malformed" in reply.facts:
            fault = f"{self.path.name} is no valid .tflite file: {str(reply.facts['malformed'])[:300]}"
            raise ScorerError(fault) if self._own else bad_file(fault)
        try:
            return from_facts(reply.facts["model"])
        except (KeyError, ValueError) as error:
            raise ScorerError(f"the scorer's answer can't be used: {error}") from None

    def tensors(self) -> tuple[StoredTensor, ...]:
        """Kernels and biases in the order of the graph. :raises RunError: they can't be read."""
        reply = self.call("tensors", timeout_s=READING_S, path=str(self.path))
        stored = _fact(reply, "tensors", tuple[StoredAs, ...])
        return tuple(
            StoredTensor(each.part, each.dtype, each.scale, _array(reply, number)) for number, each in enumerate(stored)
        )

    def nonzero_weights(self) -> int:
        """How many weights of all kernels and biases are not zero. :raises RunError: they can't be read."""
        return _fact(self.call("nonzero_weights", timeout_s=READING_S, path=str(self.path)), "nonzero", int)

    def keras_weights(self) -> KerasWeights:
        """The weights in a Keras model's file; nothing in it is run. :raises RunError: they can't be read."""
        reply = self.call("keras_weights", timeout_s=READING_S, path=str(self.path))
        names = _fact(reply, "names", tuple[str, ...])
        arrays = {name: _array(reply, number) for number, name in enumerate(names)}
        optimizer, network = _fact(reply, "optimizer", bool), _fact(reply, "network", bool)
        layers, groups = _fact(reply, "layers", tuple[str, ...]), _fact(reply, "groups", tuple[str, ...])
        return KerasWeights(arrays, optimizer, network, layers, groups)

    def compare_weights(self, baseline: Path) -> WeightDifference:
        """The weights against a baseline's. :raises RunError: the file has other tensors altogether."""
        reply = self.call("compare_weights", timeout_s=READING_S, path=str(self.path), baseline=str(baseline))
        if "difference" in reply.facts:
            raise RunError(Verdict.LOST, f"the file has {reply.facts['difference']}")
        return _fact(reply, "weights", WeightDifference)

    def lineage(self, given: Path, other: Path | None = None) -> WeightLineage:
        """How alike the file's kernels are to those of one or two files that it may have been made from."""
        paths = {"path": str(self.path), "given": str(given), "other": None if other is None else str(other)}
        return _fact(self.call("lineage", None, READING_S, **paths), "lineage", WeightLineage)

    def unusual(self, given: Path) -> str:
        """Why it is the file's own fault if two runtimes disagree about it; ``""`` if it is much like the given one."""
        reply = self.call("unusual", timeout_s=READING_S, path=str(self.path), given=str(given))
        return _fact(reply, "unusual", str)[:300]

    def compress(self, original: Path, *, clusters: int | None = None, sparsity: float | None = None) -> Compressed:
        """The weights against those of the original model's FP32 file, for this number of clusters or sparsity.

        :raises RunError: it is no file that has weights to look at.
        """
        reply = self.call(
            "compress",
            timeout_s=READING_S,
            path=str(self.path),
            original=str(original),
            clusters=clusters,
            sparsity=sparsity,
        )
        return _fact(reply, "compressed", Compressed)

    def infer_frames(
        self, frames: Path, count: int, normalisation: Normalisation, delegates: bool = True
    ) -> NDArray[Any]:
        """Raw outputs, (count, classes), for the first frames of a uint8 .npy file."""
        reply = self.call(
            "infer_frames",
            None,
            READING_S if count <= FEW else RUNNING_S,
            path=str(self.path),
            frames=str(frames),
            count=count,
            mean=list(normalisation.mean),
            std=list(normalisation.std),
            delegates=delegates,
        )
        return _outputs(reply, count)

    def infer_tensors(self, tensors: NDArray[Any], delegates: bool = True) -> NDArray[Any]:
        """Raw outputs, (n, classes), for input tensors in the file's own dtype."""
        reply = self.call("infer_tensors", {"tensors": tensors}, READING_S, path=str(self.path), delegates=delegates)
        return _outputs(reply, len(tensors))

    def matrix_contrast(self) -> float:
        """How far a diagonal stands out in a picture, 0 to 1. :raises RunError: it can't be shown."""
        return _fact(self.call("matrix_contrast", timeout_s=READING_S, path=str(self.path)), "contrast", float)

    def prepare_pair(self, baseline: Path) -> None:
        """Loads the file and a baseline to be timed in turn."""
        self.call("prepare_pair", timeout_s=READING_S, path=str(self.path), baseline=str(baseline))

    def time_pair(self) -> PairedTimes:
        """Seconds of one inference of the file and of the baseline."""
        return _fact(self.call("time_pair", timeout_s=READING_S), "times", PairedTimes)


def _fact(reply: Reply, name: str, kind: type[T]) -> T:
    """A fact of an answer as the type that it should be of. :raises ScorerError: it is not."""
    try:
        return typed(kind, reply.facts[name], name)
    except (KeyError, ValueError) as error:
        raise ScorerError(f"the scorer's answer can't be used: {error}") from None


def _array(reply: Reply, number: int) -> NDArray[Any]:
    try:
        return reply.arrays[f"{number:04d}"]
    except KeyError as error:
        raise ScorerError(f"the scorer's answer can't be used: {error}") from None


def _outputs(reply: Reply, count: int) -> NDArray[Any]:
    outputs = reply.arrays.get("outputs")
    if outputs is None or outputs.ndim != 2 or len(outputs) != count:
        raise ScorerError("the scorer gave no outputs")
    return outputs


def _own_fault(error: RunError, name: str) -> ScorerError:
    return ScorerError(f"measuring the grader's own {name} failed: {error.message}")


def _file_fault(error: RunError, name: str) -> RunError | ScorerError:
    """An artifact that can't be measured costs what depends on it; any other failure is the grader's."""
    if error.exception == "Unmeasurable":
        return bad_file(error.message.removeprefix("Unmeasurable: "))
    if error.verdict is Verdict.FAILED:
        return ScorerError(f"measuring {name} failed: {error.message}")
    return RunError(error.verdict, f"measuring {name}: {error.message}")
