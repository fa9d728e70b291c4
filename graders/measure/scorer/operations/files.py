"""What a file says and holds: its graph, its weights, what was done to them."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from graders.measure import compression, keras_files, likeness
from graders.measure.scorer.operations.answers import Answer, Array, Unmeasurable
from graders.measure.scorer.operations.interpreter import open_interpreter, resize, run
from graders.measure.scorer.results import Compressed, StoredAs, WeightDifference, WeightLineage
from graders.measure.sizes import deflate_size
from graders.measure.tflite import MalformedModel, facts
from graders.measure.tflite.facts import plain
from graders.measure.tflite.reader import read_model
from graders.measure.tflite.weights import Weights, used_constants, weights

# Of a file's facts as JSON: more is no classifier's, and more than one answer takes.
MOST_FACTS = 3 << 20
MOST_TENSORS, MOST_WEIGHTS = 60, 16 << 20
# A weight may be so many times the largest of the given model's; fine-tuning moves weights by a few percent.
USUAL_TIMES = 4.0
USUAL_RANGE = 1e4


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
    """Kernels and biases as real numbers in the order of the graph, and how each is stored."""
    data = Path(path).read_bytes()
    stored: list[StoredAs] = []
    arrays: dict[str, Array] = {}
    try:
        for entry in weights(data, read_model(data)):
            parts = (("kernel", entry.kernel, entry.kernel_tensor), ("bias", entry.bias, entry.bias_tensor))
            for part, values, tensor in parts:
                if values is None or tensor is None or len(stored) >= MOST_TENSORS:
                    continue
                scales = tensor.quantization.scales if tensor.quantization is not None else ()
                arrays[f"{len(stored):04d}"] = values
                stored.append(StoredAs(part, tensor.dtype, max(scales, default=0.0)))
    except MalformedModel as error:
        raise Unmeasurable(f"the file's weights can't be read: {error}") from None
    _require_few(arrays)
    return {"tensors": [plain(each) for each in stored]}, arrays


def nonzero_weights(path: str) -> Answer:
    """How many weights of all kernels and biases are not zero."""
    data = Path(path).read_bytes()
    try:
        found = [
            part for each in weights(data, read_model(data)) for part in (each.kernel, each.bias) if part is not None
        ]
    except MalformedModel as error:
        raise Unmeasurable(f"the file's weights can't be read: {error}") from None
    return {"nonzero": sum(int(np.count_nonzero(part)) for part in found)}, {}


def keras_weights(path: str) -> Answer:
    """The arrays of a Keras model's file, by their paths in it; nothing of the file is run."""
    try:
        found = keras_files.read_keras_file(Path(path))
    except keras_files.UnreadableFile as error:
        raise Unmeasurable(f"{Path(path).name} can't be read: {error}") from None
    arrays = {f"{number:04d}": values for number, values in enumerate(found.arrays.values())}
    _require_few(arrays)
    facts = {
        "names": list(found.arrays),
        "optimizer": found.optimizer,
        "network": found.network,
        "layers": list(found.layers),
        "groups": list(found.groups),
    }
    return facts, arrays


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
    return {"weights": plain(WeightDifference(len(ours), changed, min(worst, 1e30), where))}, {}


def lineage(path: str, given: str, other: str | None) -> Answer:
    """How alike a file's kernels are to those of one or two files: 1 is alike, about 0 any other network."""
    data = Path(path).read_bytes()
    originals = [[values for _, values in _constants(file)] for file in (given, other) if file is not None]
    sizes = {values.size for original in originals for values in original if values.size >= likeness.LEAST_WEIGHTS}
    try:
        model = read_model(data)
        ours = used_constants(data, model, sizes)
        stored = [values for each in weights(data, model) for values in (each.kernel, each.bias) if values is not None]
        wrapped = compression.unfinished(model)
    except MalformedModel as error:
        raise Unmeasurable(f"the file's weights can't be read: {error}") from None
    # Under wrappers that were left in, kernels are computed.
    computed = list(_computed(path, wrapped).values())
    found = [likeness.kernels_alike([*ours, *computed], original) for original in originals]
    finite = all(np.isfinite(values).all() for values in (*ours, *computed, *stored))
    return {"lineage": plain(WeightLineage(found[0], found[1] if other is not None else 0.0, finite))}, {}


def unusual(path: str, given: str) -> Answer:
    """Why two runtimes may well disagree about a file: it is of another network than the given one, or has numbers of
    another magnitude. Nothing if it has neither.
    """
    try:
        ours, model = _constants(path), read_model(Path(path).read_bytes())
    except MalformedModel as error:
        return {"unusual": f"its weights can't be read: {error}"}, {}
    theirs = _constants(given)
    if [array.shape for _, array in ours] != [array.shape for _, array in theirs]:
        return {"unusual": "it is another network than the given one"}, {}
    for (name, mine), (_, other) in zip(ours, theirs, strict=True):
        if not np.isfinite(mine).all():
            return {"unusual": f"{name} has weights that are no finite numbers"}, {}
        largest, usual = (float(np.abs(each).max(initial=0.0)) for each in (mine, other))
        if largest > USUAL_TIMES * max(usual, 1.0):
            return {"unusual": f"{name} has a weight of {largest:.3g}; the given model's largest is {usual:.3g}"}, {}
    for tensor in model.main.tensors:
        scales = tensor.quantization.scales if tensor.quantization is not None and not tensor.constant else ()
        reach = 255 * max(map(abs, scales), default=0.0)
        if reach > USUAL_RANGE:
            return {"unusual": f"tensor {tensor.index} has a scale for values up to {reach:.3g}"}, {}
    return {"unusual": ""}, {}


def compress(path: str, original: str, clusters: int | None, sparsity: float | None) -> Answer:
    """What was done to the weights: see :func:`graders.measure.compression.measure`; and what DEFLATE leaves of it.

    Kernels that the file computes, because tfmot's wrappers were left in it, are those of an inference.
    """
    data = Path(path).read_bytes()
    try:
        computed = _computed(path, compression.unfinished(read_model(data)))
        before = Path(original).read_bytes()
        found = compression.measure(data, before, clusters=clusters, sparsity=sparsity, computed=computed)
    except MalformedModel as error:
        raise Unmeasurable(f"the file's weights can't be read: {error}") from None
    return {"compressed": plain(Compressed(found, len(data), deflate_size(data)))}, {}


def _computed(path: str, kernels: dict[int, int]) -> dict[int, Array]:
    """What an inference makes of these tensors, by operator; none if the file can't be run."""
    if not kernels:
        return {}
    try:
        interpreter = open_interpreter(path, delegates=False, keep_all=True)
        resize(interpreter, 1)
        details = interpreter.get_input_details()[0]
        run(interpreter, np.zeros(details["shape"], details["dtype"]))
        return {operator: np.array(interpreter.get_tensor(tensor)) for operator, tensor in kernels.items()}
    except (Unmeasurable, ValueError, RuntimeError):
        return {}
