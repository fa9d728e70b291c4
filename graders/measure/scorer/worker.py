"""What the scorer process does with an artifact. It is ours, but the file is the student's, so it runs in a sandbox.

It uses LiteRT alone, one thread, and gives plain numbers back. A file that can't be measured ends in
:class:`Unmeasurable`, whose message is for the student.
"""

from __future__ import annotations

import json
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from ai_edge_litert.interpreter import Interpreter, OpResolverType
from numpy.typing import NDArray
from PIL import Image

from graders.measure import compression, keras_files
from graders.measure.sizes import deflate_size
from graders.measure.tflite import MalformedModel, facts
from graders.measure.tflite.facts import plain
from graders.measure.tflite.reader import read_model
from graders.measure.tflite.weights import Weights, weights

MEAN = np.array([0.485, 0.456, 0.406], dtype=np.float32)
STD = np.array([0.229, 0.224, 0.225], dtype=np.float32)
BATCH = 37
WARM_UP = 5
SPAN_S = 0.0003
SPANS = 9
MOST_REPEATS = 20
# Of an image; and of a file's facts as JSON: more of either is no classifier's, and more than one answer takes.
MOST_SCORES = 4096
MOST_FACTS = 3 << 20
LEAST_WEIGHTS = 64
MOST_TENSORS, MOST_WEIGHTS = 60, 16 << 20

Array = NDArray[Any]
Answer = tuple[dict[str, Any], dict[str, Array]]


class Unmeasurable(Exception):
    """The file can't be measured, and why."""


def read(path: str, max_bytes: int) -> Answer:
    """The file's facts, or what is wrong with it."""
    data = Path(path).read_bytes()
    try:
        found = facts(read_model(data, max_bytes=max_bytes))
    except MalformedModel as error:
        return {"malformed": str(error)}, {}
    size = len(json.dumps(found))
    if size > MOST_FACTS:
        return {"malformed": f"its graph has more parts than any network's: {size:,} bytes of facts"}, {}
    return {"model": found}, {}


def tensors(path: str) -> Answer:
    """Kernels and biases as real numbers in the order of the graph; how each is stored is told beside them."""
    data = Path(path).read_bytes()
    told: list[dict[str, Any]] = []
    arrays: dict[str, Array] = {}
    try:
        for entry in weights(data, read_model(data)):
            parts = (("kernel", entry.kernel, entry.kernel_tensor), ("bias", entry.bias, entry.bias_tensor))
            for part, values, tensor in parts:
                if values is None or tensor is None or len(told) >= MOST_TENSORS:
                    continue
                scales = tensor.quantization.scales if tensor.quantization is not None else ()
                arrays[f"{len(told):04d}"] = values
                told.append({"part": part, "dtype": tensor.dtype, "scale": max(scales, default=0.0)})
    except MalformedModel as error:
        raise Unmeasurable(f"the file's weights can't be read: {error}") from None
    _require_few(arrays)
    return {"tensors": told}, arrays


def keras_weights(path: str) -> Answer:
    """The arrays of a Keras model's file, by their paths in it; nothing of the file is run."""
    try:
        found = keras_files.read_keras_file(Path(path))
    except keras_files.UnreadableFile as error:
        raise Unmeasurable(f"{Path(path).name} can't be read: {error}") from None
    arrays = {f"{number:04d}": values for number, values in enumerate(found.arrays.values())}
    _require_few(arrays)
    return {"names": list(found.arrays), "optimizer": found.optimizer}, arrays


def _require_few(arrays: dict[str, Array]) -> None:
    size = sum(each.nbytes for each in arrays.values())
    if len(arrays) > MOST_TENSORS:
        raise Unmeasurable(f"it holds {len(arrays):,} arrays; at most {MOST_TENSORS} were expected")
    if size > MOST_WEIGHTS:
        raise Unmeasurable(f"its weights have {size:,} bytes; at most {MOST_WEIGHTS:,} were expected")


def _constants(path: str) -> list[tuple[str, Array]]:
    data = Path(path).read_bytes()
    found: list[tuple[str, Array]] = []
    entry: Weights
    for entry in weights(data, read_model(data)):
        found.append((f"kernel of {entry.operator.label} {entry.operator.index}", entry.kernel))
        if entry.bias is not None:
            found.append((f"bias of {entry.operator.label} {entry.operator.index}", entry.bias))
    return found


def compare_weights(path: str, baseline: str) -> Answer:
    """The largest difference between two files' weights, relative to each tensor's largest weight."""
    try:
        ours = _constants(path)
    except MalformedModel as error:
        raise Unmeasurable(f"the file's weights can't be read: {error}") from None
    theirs = _constants(baseline)
    if [array.shape for _, array in ours] != [array.shape for _, array in theirs]:
        return {"difference": f"{len(ours)} weight tensors of other shapes than the {len(theirs)} expected"}, {}
    worst, where, changed = 0.0, "", 0
    for (name, mine), (_, other) in zip(ours, theirs, strict=True):
        top = float(np.abs(other).max(initial=0.0)) or 1.0
        relative = float(np.abs(mine - other).max(initial=0.0)) / top
        relative = relative if np.isfinite(relative) else float("inf")
        changed += relative > 1e-5
        if relative > worst:
            worst, where = relative, name
    return {"tensors": len(ours), "changed": changed, "worst": min(worst, 1e30), "where": where}, {}


def descent(path: str, given: str, other: str) -> Answer:
    """How alike a file's kernels are to those of two files of one network: correlations, weighted by size; or nothing
    where it is another network.
    """
    try:
        ours = _constants(path)
    except MalformedModel as error:
        raise Unmeasurable(f"the file's weights can't be read: {error}") from None
    found = {}
    for name, file in (("given", given), ("other", other)):
        theirs = _constants(file)
        if [array.shape for _, array in ours] != [array.shape for _, array in theirs]:
            return {}, {}
        found[name] = _alike([array for _, array in ours], [array for _, array in theirs])
    return found, {}


def _alike(ours: list[Array], theirs: list[Array]) -> float:
    """The mean correlation of the larger arrays, weighted by their sizes; 0 where nothing can be told."""
    total = weight = 0.0
    for mine, other in zip(ours, theirs, strict=True):
        if mine.size < LEAST_WEIGHTS or not np.isfinite(mine).all():
            continue
        one, two = mine.astype(np.float64).ravel(), other.astype(np.float64).ravel()
        one, two = one - one.mean(), two - two.mean()
        norm = float(np.sqrt((one * one).sum() * (two * two).sum()))
        if norm > 0 and np.isfinite(norm):
            total += mine.size * float((one * two).sum()) / norm
            weight += mine.size
    return total / weight if weight else 0.0


def compress(path: str, original: str, clusters: int | None, sparsity: float | None) -> Answer:
    """What was done to the weights: see :func:`graders.measure.compression.measure`; and what DEFLATE leaves of it.

    Kernels that the file computes, as one does that tfmot's wrappers were left in, are those of an inference.
    """
    data = Path(path).read_bytes()
    try:
        computed = _computed(path, compression.unfinished(read_model(data)))
        before = Path(original).read_bytes()
        found = compression.measure(data, before, clusters=clusters, sparsity=sparsity, computed=computed)
    except MalformedModel as error:
        raise Unmeasurable(f"the file's weights can't be read: {error}") from None
    return {"compression": plain(found), "bytes": len(data), "deflated": deflate_size(data)}, {}


def _computed(path: str, kernels: dict[int, int]) -> dict[int, Array]:
    """What an inference makes of these tensors, by operator; none where the file can't be run."""
    if not kernels:
        return {}
    try:
        interpreter = _interpreter(path, delegates=False, keep_all=True)
        _ready(interpreter, 1)
        details = interpreter.get_input_details()[0]
        _run(interpreter, np.zeros(details["shape"], details["dtype"]))
        return {operator: np.array(interpreter.get_tensor(tensor)) for operator, tensor in kernels.items()}
    except (Unmeasurable, ValueError, RuntimeError):
        return {}


def _interpreter(path: str, *, delegates: bool = True, keep_all: bool = False) -> Interpreter:
    kind = OpResolverType.AUTO if delegates else OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
    try:
        interpreter = Interpreter(
            model_path=path,
            num_threads=1,
            experimental_op_resolver_type=kind,
            experimental_preserve_all_tensors=keep_all,
        )
        # Some types of tensors can't be described either.
        ends = len(interpreter.get_input_details()), len(interpreter.get_output_details())
    except (ValueError, RuntimeError) as error:
        raise Unmeasurable(f"the file can't be loaded: {_line(error)}") from None
    if ends != (1, 1):
        raise Unmeasurable(f"the file has {ends[0]} inputs and {ends[1]} outputs; one of each was expected")
    return interpreter


def _line(error: Exception) -> str:
    return " ".join(str(error).split())[:300]


def _ready(interpreter: Interpreter, batch: int) -> bool:
    """Makes room for a batch; False where the file only takes single inputs."""
    details = interpreter.get_input_details()[0]
    shape = [int(side) for side in details["shape"]]
    try:
        if shape[:1] != [batch]:
            interpreter.resize_tensor_input(details["index"], [batch, *shape[1:]])
        interpreter.allocate_tensors()
    except (ValueError, RuntimeError):
        return False
    return True


def _run(interpreter: Interpreter, tensor: Array) -> Array:
    details = interpreter.get_input_details()[0]
    try:
        interpreter.set_tensor(details["index"], tensor)
        interpreter.invoke()
        output = np.array(interpreter.get_tensor(interpreter.get_output_details()[0]["index"]))
    except (ValueError, RuntimeError) as error:
        raise Unmeasurable(f"the file can't be run: {_line(error)}") from None
    if output.dtype.kind not in "iuf":
        raise Unmeasurable(f"the file's output is no array of numbers but of {output.dtype}")
    if output.size > MOST_SCORES * len(tensor):
        raise Unmeasurable(f"the file gives {output.size:,} numbers for {len(tensor)} inputs")
    if len(tensor) > 1 and output.shape[:1] != (len(tensor),):
        raise Unmeasurable(f"the file gives an output of shape {output.shape} for {len(tensor)} inputs")
    return output


def _run_all(path: str, batches: Iterator[Array], delegates: bool) -> Array:
    outputs = []
    interpreter = _interpreter(path, delegates=delegates)
    size = 0
    for batch in batches:
        if size != len(batch):
            whole = _ready(interpreter, len(batch))
            size = len(batch) if whole else 0
            if not whole:
                interpreter = _interpreter(path, delegates=delegates)
                if not _ready(interpreter, 1):
                    raise Unmeasurable("the file's tensors can't be allocated")
        if size:
            outputs.append(_run(interpreter, batch).reshape(len(batch), -1))
        else:
            outputs += [_run(interpreter, batch[i : i + 1]).reshape(1, -1) for i in range(len(batch))]
    return np.concatenate(outputs)


def _encoded(path: str) -> tuple[str, float, int]:
    """The input's dtype, scale (0 where it is not quantised) and zero point."""
    details = _interpreter(path).get_input_details()[0]
    scale, zero_point = details["quantization"]
    return np.dtype(details["dtype"]).name, float(scale), int(zero_point)


def _real(pictures: Array) -> Array:
    """uint8 pictures as the labs' loader hands them to a model."""
    real: Array = (pictures.astype(np.float32) / np.float32(255) - MEAN) / STD
    return real


def _preparation(path: str) -> Callable[[Array], Array]:
    """What turns uint8 pictures (n, height, width, 3) into the file's input tensor, quantised where it is quantised.

    A colour's level has only 256 values, so quantising is a look-up, which the image library does in one pass.
    """
    dtype, scale, zero_point = _encoded(path)
    if dtype not in ("int8", "uint8") or scale == 0:
        return lambda pictures: _real(pictures).astype(dtype)
    limits = np.iinfo(dtype)
    ramp = np.repeat(np.arange(256, dtype=np.uint8)[:, None], 3, axis=1)
    codes = np.clip(np.rint(_real(ramp) / np.float32(scale)) + zero_point, limits.min, limits.max)
    table = [int(code) & 0xFF for code in codes.T.ravel()]

    def looked_up(pictures: Array) -> Array:
        sheet = Image.fromarray(pictures.reshape(-1, pictures.shape[2], 3))
        return np.asarray(sheet.point(table)).view(dtype).reshape(pictures.shape)

    return looked_up


def infer_frames(path: str, frames: str, count: int, delegates: bool) -> Answer:
    """The raw outputs, (n, classes), for the first ``count`` frames of a uint8 .npy file (n, 224, 224, 3)."""
    prepare = _preparation(path)
    pictures = np.load(frames, mmap_mode="r", allow_pickle=False)

    def batches() -> Iterator[Array]:
        for start in range(0, min(count, len(pictures)), BATCH):
            yield prepare(np.ascontiguousarray(pictures[start : min(start + BATCH, count)]))

    return {}, {"outputs": _run_all(path, batches(), delegates)}


def infer_tensors(path: str, tensors: Array, delegates: bool) -> Answer:
    """The raw outputs for input tensors as they are, (n, 224, 224, 3) in the file's own dtype."""
    return {}, {"outputs": _run_all(path, iter([tensors]), delegates)}


def ranges(path: str, kit: str, images: list[str], activations: list[int], transform: str) -> Answer:
    """Smallest and largest value of each activation for each image: float32 (images, activations), twice.

    :param activations: tensor numbers in the float file at ``path``.
    :param transform: ``"prepared"`` as the labs' loader gives images; ``"pixels"`` and ``"unit"`` without
        normalisation, in 0..255 and 0..1.
    """
    sys.path.insert(0, kit)
    from dl_in_iot_course.misc import pet_dataset

    loader = object.__new__(pet_dataset.PetDataset)
    loader.mean, loader.std = MEAN, STD
    interpreter = _interpreter(path, delegates=False, keep_all=True)
    _ready(interpreter, 1)
    entrance = interpreter.get_input_details()[0]["index"]
    low = np.empty((len(images), len(activations)), dtype=np.float32)
    high = np.empty_like(low)
    for row, image in enumerate(images):
        if transform == "prepared":
            sample = loader.prepare_input_sample(image)
        else:
            with Image.open(image) as opened:
                pixels = np.asarray(opened.convert("RGB").resize((224, 224)), dtype=np.float32)[None]
            sample = pixels if transform == "pixels" else pixels / np.float32(255)
        interpreter.set_tensor(entrance, sample)
        interpreter.invoke()
        for column, tensor in enumerate(activations):
            values = interpreter.get_tensor(tensor)
            low[row, column], high[row, column] = values.min(), values.max()
    return {}, {"low": low, "high": high}


def samples(kit: str, root: str, splits: list[list[float]]) -> Answer:
    """What the given kit says of a data set: images, their classes, the valid parts of ``[share, seed]`` splits.

    Images are named by their files alone.
    """
    sys.path.insert(0, kit)
    from dl_in_iot_course.misc import pet_dataset

    dataset = pet_dataset.PetDataset(Path(root))

    def names(paths: list[str]) -> list[str]:
        return [Path(path).name for path in paths]

    parts = [names(dataset.split_dataset(share, int(seed))[1]) for share, seed in splits]
    test_parts = [names(dataset.split_dataset(share, int(seed), usetest=True)[1]) for share, seed in splits]
    return {
        "train": names(dataset.dataX),
        "labels": dataset.dataY,
        "test": names(dataset.testX),
        "test_labels": dataset.testY,
        "splits": parts,
        "test_splits": test_parts,
    }, {}


_pair: dict[str, Any] = {}


def prepare_pair(path: str, baseline: str) -> Answer:
    """Loads a file and its baseline for :func:`time_pair` and warms both up."""
    for name, file in (("ours", path), ("baseline", baseline)):
        interpreter = _interpreter(file)
        if not _ready(interpreter, 1):
            raise Unmeasurable("the file's tensors can't be allocated")
        details = interpreter.get_input_details()[0]
        try:
            interpreter.set_tensor(details["index"], np.zeros(details["shape"], details["dtype"]))
            for _ in range(WARM_UP):
                interpreter.invoke()
        except (ValueError, RuntimeError) as error:
            raise Unmeasurable(f"the file can't be run: {_line(error)}") from None
        _pair[name] = interpreter
    once = min(_seconds(_pair["baseline"], 1) for _ in range(10))
    _pair["repeats"] = max(1, min(MOST_REPEATS, int(SPAN_S / once)))
    return {"repeats": _pair["repeats"]}, {}


def _seconds(interpreter: Interpreter, repeats: int) -> float:
    started = time.perf_counter()
    for _ in range(repeats):
        interpreter.invoke()
    return time.perf_counter() - started


def time_pair() -> Answer:
    """Seconds of one inference of the file and of its baseline: medians of spans taken in turn.

    Spans are much shorter than the time for which a busy machine runs a process before it lets another one run, so that
    few of them are interrupted, and medians do not feel those.
    """
    repeats = _pair["repeats"]
    spans = [[_seconds(_pair[name], repeats) for name in ("baseline", "ours", "baseline")] for _ in range(SPANS)]
    ours = statistics.median(each[1] for each in spans)
    baseline = statistics.median((each[0] + each[2]) / 2 for each in spans)
    return {"ours": ours / repeats, "baseline": baseline / repeats}, {}


OPERATIONS = {
    "read": read,
    "tensors": tensors,
    "keras_weights": keras_weights,
    "compare_weights": compare_weights,
    "compress": compress,
    "descent": descent,
    "infer_frames": infer_frames,
    "infer_tensors": infer_tensors,
    "ranges": ranges,
    "samples": samples,
    "prepare_pair": prepare_pair,
    "time_pair": time_pair,
}
