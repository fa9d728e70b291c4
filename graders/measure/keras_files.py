"""The weights in a Keras model's file, read as numbers: nothing that the file describes is built or run.

Three forms hold the same arrays: legacy HDF5 models and weights (``.h5``), HDF5 weights of the third Keras format
(``.weights.h5``), and the ZIP archive around those (``.keras``). An array's shape says which layer it belongs to.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graders.core.text import plain_line

MOST_BYTES = 64 << 20
MOST_ARRAYS = 2000
MOST_DEPTH = 24
MOST_NAME = 200
MOST_CONFIG = 4 << 20
INSIDE = "model.weights.h5"
ZIP_START, HDF5_START = b"PK\x03\x04", b"\x89HDF\r\n\x1a\n"
OPTIMIZER, NETWORK = "optimizer", "model_config"


class UnreadableFile(ValueError):
    """The file is none whose weights can be read; the message says why."""


@dataclass(frozen=True, eq=False)
class KerasFile:
    """The arrays of a model's file by their paths in it, and whether the optimizer's state lies beside them.

    ``network``: whether the file describes the network as well, so that a model can be loaded from it alone.
    ``layers``: the classes of layers in that description, as far as it can be read. ``groups``: the names at the file's
    top, which a legacy file of weights alone has one of for each layer.
    """

    arrays: dict[str, NDArray[Any]]
    optimizer: bool
    network: bool = True
    layers: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()


def read_keras_file(path: Path) -> KerasFile:
    """The weights in ``path``.

    :raises UnreadableFile: it is no HDF5 file and no ``.keras`` archive, is damaged, points to other files, or is too
        large.
    """
    data = path.read_bytes()
    archive = data.startswith(ZIP_START)
    if archive:
        data = _unpacked(data)
    if not data.startswith(HDF5_START):
        raise UnreadableFile("it is neither an HDF5 file (.h5) nor a .keras archive")
    import h5py  # type: ignore[import-untyped]

    try:
        with h5py.File(io.BytesIO(data), "r") as file:
            found = _read(file)
            # An archive has it in a file of its own.
            network = archive or NETWORK in file.attrs
            groups = tuple(plain_line(str(name))[:MOST_NAME] for name in list(file)[:MOST_ARRAYS])
            return replace(found, network=network, layers=layer_classes(file), groups=groups)
    except UnreadableFile:
        raise
    except Exception as error:  # noqa: BLE001 - HDF5's filters and NumPy raise more than they document
        raise UnreadableFile(f"it is damaged: {type(error).__name__}: {plain_line(str(error))}") from None


def _unpacked(data: bytes) -> bytes:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            entry = archive.getinfo(INSIDE)
            if entry.file_size > MOST_BYTES:
                raise UnreadableFile(f"its weights have {entry.file_size:,} bytes; at most {MOST_BYTES:,} are read")
            with archive.open(entry) as member:
                return member.read(MOST_BYTES)
    except KeyError:
        raise UnreadableFile(f"the archive has no {INSIDE} in it") from None
    except UnreadableFile:
        raise
    except Exception as error:  # noqa: BLE001 - decoders raise what they like, and whatever it is, it is the file's fault
        raise UnreadableFile(f"the archive is damaged: {type(error).__name__}: {plain_line(str(error))}") from None


def _read(file: Any) -> KerasFile:
    arrays: dict[str, NDArray[Any]] = {}
    optimizer, left = False, MOST_BYTES
    for name, dataset in _datasets(file, "", 0):
        if any(part.startswith(OPTIMIZER) for part in name.split("/")):
            optimizer = True
            continue
        if dataset.dtype.kind not in "fiub":
            continue
        if dataset.external or dataset.is_virtual:
            raise UnreadableFile(f"{plain_line(name)} lies in another file")
        left -= dataset.size * dataset.dtype.itemsize
        if left < 0 or len(arrays) >= MOST_ARRAYS:
            raise UnreadableFile(f"it holds more than {MOST_ARRAYS:,} arrays or {MOST_BYTES >> 20} MiB of them")
        arrays[name] = np.asarray(dataset[()])
    return KerasFile(arrays, optimizer)


def layer_classes(file: Any) -> tuple[str, ...]:
    """The classes of the layers that an open HDF5 file's description of the network names, in order; each once.

    :raises ValueError: the description is no JSON.
    """
    described = file.attrs.get(NETWORK, "{}")
    text = described.decode("utf-8") if isinstance(described, bytes) else str(described)
    if len(text) > MOST_CONFIG:
        raise UnreadableFile(f"it describes its network in {len(text):,} characters")
    found: set[str] = set()
    left = [json.loads(text)]
    while left:
        each = left.pop()
        config = each.get("config") if isinstance(each, dict) else None
        if isinstance(config, dict):
            found.add(plain_line(str(each.get("class_name")))[:100])
            inner = config.get("layers")
            left += inner if isinstance(inner, list) else []
            # What wraps a layer.
            left.append(config.get("layer"))
    return tuple(sorted(found))


def _datasets(group: Any, above: str, depth: int) -> Iterator[tuple[str, Any]]:
    """Every dataset below a group, over hard links alone: other ones lead out of the file."""
    import h5py

    if depth > MOST_DEPTH:
        raise UnreadableFile("its groups are nested without end")
    for key in group:
        name = f"{above}{key}"
        if not isinstance(group.get(key, getlink=True), h5py.HardLink):
            raise UnreadableFile(f"{plain_line(name)} is a link, maybe to another file")
        entry = group[key]
        if isinstance(entry, h5py.Dataset):
            yield name, entry
        elif isinstance(entry, h5py.Group):
            yield from _datasets(entry, f"{name}/", depth + 1)
