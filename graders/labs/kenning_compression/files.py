"""The files that an optimizer left: the model, its specification, its archive; taken in and measured."""

from __future__ import annotations

import hashlib
import json
import zipfile
from dataclasses import replace
from functools import cache, partial
from typing import Any

import numpy as np

from graders.core.errors import RunError, bad_file
from graders.core.result import Result, attempt, measured
from graders.core.text import plain_line
from graders.core.verdicts import Verdict
from graders.framework.context import LabContext
from graders.labs.kenning_compression.counting import Arrays, training
from graders.labs.kenning_compression.evidence import Archive, LayerWeights, ModelFile, Specification, Weights
from graders.labs.kenning_compression.problems import NETWORKS
from graders.measure.compression import (
    DENSE,
    KerasPairs,
    KernelPair,
    count_zeros,
    distinct_values,
    histograms,
    misplaced_zeros,
    pair_keras,
    spacing,
)
from graders.measure.keras_files import layer_classes
from graders.measure.sizes import deflate_size
from graders.submission import Artifact, accept_artifact

MODEL, JSON_FILE, ZIP_FILE = "a Keras model in an .h5 file", "a .json file", "a ZIP archive"
MOST_JSON, MOST_ENTRIES, MOST_SIDES, LARGEST_SIDE = 1 << 20, 4, 8, 1 << 31
METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
# Wrappers that were left in a file are another criterion.
OF_ANY = (
    "Model", "Functional", "Sequential", "InputLayer", "PruneLowMagnitude", "ClusterWeights",
    "ClusterWeightsRNN", "ClusterWeightsMHA",
)  # fmt: skip

Tensor = tuple[str, tuple[int, ...], str]


def take(context: LabContext, run: str, name: str, expected: str, error: RunError | None) -> Artifact:
    """A file of an ended run. :raises RunError: what the run ended with, if it wrote none because of that."""
    try:
        target = context.work / "artifacts" / run / name
        return accept_artifact(context.workdir(run) / name, target, context.lab.artifact_bytes, expected)
    except RunError as missing:
        if error is not None and missing.verdict is Verdict.MISSING:
            raise error from None
        raise


def model_file(
    context: LabContext, run: str, name: str, given: Arrays, error: RunError | None
) -> tuple[Result[ModelFile], Result[KerasPairs]]:
    """The model that a run wrote, and its kernels beside those of the model that was given."""

    def measure() -> tuple[ModelFile, KerasPairs]:
        artifact = take(context, run, name, MODEL, error)
        with context.scorer.measure(artifact.path) as measurement:
            found = measurement.keras_weights()
        pairs = pair_keras(found.arrays, given)
        foreign = sorted(set(found.layers) - known_layers())
        if foreign and not pairs.difference:
            pairs = replace(pairs, difference=f"a layer of the class {foreign[0]}, which it has none of")
        if pairs.difference and error is not None:
            # What was being written when the run ended.
            raise error
        for layer, values in found.arrays.items():
            if not np.isfinite(values).all():
                raise bad_file(f"{name} holds weights that are NaN or infinite: {plain_line(layer)}")
        deflated = deflate_size(artifact.path.read_bytes())
        file = ModelFile(artifact, deflated, found.optimizer, found.network, pairs.wrappers, pairs.difference)
        return file, pairs

    both = measured(measure)
    if both.error is not None:
        return Result(None, both.error), Result(None, both.error)
    file, pairs = both.get()
    return Result(file), Result(pairs)


@cache
def known_layers() -> frozenset[str]:
    """The classes of layers that the given networks have, those that hold other layers, and tfmot's wrappers."""
    import h5py  # type: ignore[import-untyped]

    found = set(OF_ANY)
    for path in sorted(NETWORKS.glob("*.h5")):
        with h5py.File(path, "r") as file:
            found |= set(layer_classes(file))
    return frozenset(found)


def weights(pairs: KerasPairs, given: Arrays, clusters: int | None) -> Weights:
    """A file's kernels against the given ones. :raises RunError: it is of another network."""
    if pairs.difference:
        raise RunError(Verdict.LOST, f"the file is of another network than the given model: {pairs.difference}")
    kernels = {name: pair for name, pair in pairs.pairs.items() if pair.original.compressible}
    chosen = list(pairs.pairs.values())
    return Weights(
        layers=tuple(_layer(name, pair, clusters) for name, pair in kernels.items()),
        misplaced=misplaced_zeros(chosen),
        changed=tuple(name for name in pairs.changed if "moving_" not in name),
        training=training(pairs.arrays, given, changed=bool(pairs.changed)),
        histograms=histograms([pair.found for pair in chosen], chosen),
    )


def _layer(name: str, pair: KernelPair, clusters: int | None) -> LayerWeights:
    now, before = pair.found.rows.reshape(-1).astype(np.float64), pair.original.rows.reshape(-1).astype(np.float64)
    zeros, values = now == 0, np.unique(now)
    smallest = np.argsort(np.abs(before), kind="stable")[: int(zeros.sum())]
    variance = float(before.var()) or 1.0
    return LayerWeights(
        name=name,
        dense=pair.found.kind == DENSE,
        zeros=count_zeros(pair.found),
        distinct=distinct_values(pair.found),
        same=bool((now == before).all()),
        given_zeros=int((before == 0).sum()),
        kept_zeros=int((zeros & (before == 0)).sum()),
        smallest=float(zeros[smallest].mean()) if zeros.any() else 0.0,
        members=float(np.isin(values, before).mean()),
        error=float(np.square(now - before).mean()) / variance,
        spacing=None if clusters is None else spacing(pair.found, clusters),
    )


def archive(context: LabContext, run: str, name: str, model: Result[ModelFile]) -> Archive:
    """The archive beside a model. :raises RunError: there is none, under either name that Kenning has for it."""
    stem = name.rsplit(".", 1)[0]
    names = (f"{name}.zip", f"{stem}.zip")
    found = [attempt(partial(take, context, run, each, ZIP_FILE, None)) for each in names]
    artifact = next((each.value for each in found if each.value is not None), None)
    if artifact is None:
        raise next(each.error for each in found if each.error is not None)
    try:
        with zipfile.ZipFile(artifact.path) as opened:
            entries = [each for each in opened.infolist() if not each.is_dir()]
            plain = 0 < len(entries) <= MOST_ENTRIES and all(each.compress_type in METHODS for each in entries)
            own = model.value.artifact if model.value is not None else None
            fits = [each for each in entries if plain and own is not None and each.file_size == own.size]
            holding = [each for each in fits if own is not None and _digest(opened, each) == own.sha256]
    except Exception as error:  # noqa: BLE001 - decoders raise what they like, and whatever it is, it is the file's fault
        raise bad_file(f"{artifact.path.name} is no valid ZIP archive: {plain_line(str(error))[:200]}") from None
    deflated = all(each.compress_type == zipfile.ZIP_DEFLATED for each in holding)
    return Archive(artifact.path.name, artifact.size, bool(holding), deflated)


def _digest(opened: zipfile.ZipFile, entry: zipfile.ZipInfo) -> str:
    with opened.open(entry) as member:
        return hashlib.sha256(member.read(entry.file_size + 1)).hexdigest()


def specification(
    context: LabContext, run: str, name: str, expected: dict[str, Any], *, made: bool, error: RunError | None
) -> Specification:
    """The specification beside a model. :raises RunError: there is none, or none that can be read."""
    artifact = take(context, run, f"{name}.json", JSON_FILE, error)
    if artifact.size > MOST_JSON:
        raise bad_file(f"{name}.json has {artifact.size:,} bytes, which no specification has")
    try:
        content = json.loads(artifact.path.read_text(encoding="utf-8-sig"))
    except (ValueError, RecursionError) as fault:
        raise bad_file(f"{name}.json is no JSON: {plain_line(str(fault))[:200]}") from None
    if not isinstance(content, dict):
        raise bad_file(f'{name}.json is no object with "input" and "output"')
    outputs = content.get("output")
    return Specification(
        inputs=_tensors(content.get("input")),
        outputs=len(outputs) if isinstance(outputs, list) else 0,
        expected=_tensors(expected["input"]),
        made=made,
    )


def _tensors(described: object) -> tuple[Tensor, ...]:
    found = []
    for each in described[:MOST_ENTRIES] if isinstance(described, list) else ():
        if isinstance(each, dict):
            shape = each.get("shape")
            listed = shape[:MOST_SIDES] if isinstance(shape, list) else ()
            sides = tuple(side if isinstance(side, int) and abs(side) < LARGEST_SIDE else -1 for side in listed)
            found.append((plain_line(str(each.get("name")))[:100], sides, plain_line(str(each.get("dtype")))[:20]))
    return tuple(found)
