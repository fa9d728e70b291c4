"""Keras models: HDF5 files (``.h5``) and archives around them (``.keras``), read as the scorer reads them."""

from __future__ import annotations

import io
import json
import random
import zipfile
from collections.abc import Sequence
from functools import cache

import h5py
import numpy as np

from graders.measure.keras_files import MOST_BYTES, UnreadableFile, read_keras_file
from graders.measure.scorer.operations.answers import Unmeasurable
from graders.measure.scorer.operations.files import keras_weights
from tests.fuzz.mutations import archive_of, archived, combined, members_of, plain
from tests.fuzz.target import MIB, Target, file_of, require_one_line

FILE = 0o100644 << 16


def run(data: bytes) -> None:
    with file_of(data, "model.h5") as path:
        try:
            found = read_keras_file(path)
        except UnreadableFile as error:
            require_one_line(error)
        else:
            assert sum(each.nbytes for each in found.arrays.values()) <= MOST_BYTES
        try:
            answer, arrays = keras_weights(str(path))
        except Unmeasurable as error:
            require_one_line(error)
            return
        json.dumps(answer, allow_nan=False)
        assert len(answer["names"]) == len(arrays)


def hdf5(libver: str, *, compressed: bool = False, links: bool = False) -> bytes:
    """A small model's weights."""
    made = io.BytesIO()
    options = {"compression": "gzip", "chunks": (2, 3), "shuffle": True, "fletcher32": True} if compressed else {}
    with h5py.File(made, "w", libver=libver) as file:
        file.attrs["layer_names"] = [b"dense", b"conv"]
        for layer in ("dense", "conv"):
            group = file.create_group(f"model_weights/{layer}/{layer}")
            group.attrs["weight_names"] = [b"kernel:0"]
            group.create_dataset("kernel:0", data=np.arange(12, dtype="f4").reshape(4, 3), **options)
            group.create_dataset("bias:0", data=np.zeros(3, "f2"))
        file.create_dataset("optimizer_weights/iterations", data=np.int64(3))
        file.create_dataset("text", data="x" * 20)
        file.create_dataset("names", data=np.array([(1, 2.0)], dtype=[("a", "i4"), ("b", "f8")]))
        if links:
            file["soft"], file["out"] = h5py.SoftLink("/model_weights"), h5py.ExternalLink("/etc/passwd", "/")
    return made.getvalue()


@cache
def seeds() -> Sequence[bytes]:
    plain_files = [hdf5("earliest"), hdf5("latest"), hdf5("latest", compressed=True), hdf5("earliest", compressed=True), hdf5("latest", links=True)]
    inside = [("metadata.json", b"{}", FILE, zipfile.ZIP_STORED), ("config.json", b"{}", FILE, zipfile.ZIP_DEFLATED)]
    return [*plain_files, *(archive_of([*inside, ("model.weights.h5", plain_files[at], FILE, method)]) for at, method in ((1, zipfile.ZIP_DEFLATED), (0, zipfile.ZIP_STORED), (1, zipfile.ZIP_LZMA)))]


def structure(draw: random.Random, data: bytes) -> bytes:
    """Bytes of HDF5's own structures: near one of their signatures."""
    marks = (b"TREE", b"HEAP", b"SNOD", b"OHDR", b"FRHP", b"FHDB", b"GCOL", b"\x89HDF", b"BTHD", b"OCHK", b"FADB", b"EAHD")
    places = [data.find(mark, draw.randrange(max(1, len(data)))) for mark in marks]
    places = [place for place in places if place >= 0]
    if not places:
        return plain(draw, data)
    start = draw.choice(places)
    return data[:start] + plain(draw, data[start : start + 128]) + data[start + 128 :]


def wrapped(draw: random.Random, data: bytes) -> bytes:
    """The archive's or the file's own bytes."""
    if data.startswith(b"PK"):
        return archived(structure)(draw, data)
    return draw.choice((structure, plain))(draw, data)


def switched(draw: random.Random, data: bytes) -> bytes:
    """The file alone, or in an archive."""
    members = members_of(data)
    if members:
        return members[-1][1]
    return archive_of([("model.weights.h5", data, FILE, draw.choice((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)))])


TARGET = Target(
    name="keras", reads="`.h5` and `.keras` files", run=run, seeds=seeds, mutate=combined(wrapped, wrapped, wrapped, wrapped, switched), suffix=".h5",
    libraries=("zipfile",), memory=512 * MIB, max_bytes=1 << 18,
)  # fmt: skip
