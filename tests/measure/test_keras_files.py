"""Weights are read from Keras's files as numbers; what leads out of a file, or is none, is refused."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import h5py
import numpy as np
import pytest

from graders.measure import keras_files
from graders.measure.keras_files import INSIDE, MOST_DEPTH, UnreadableFile, read_keras_file

KERNEL = np.arange(6, dtype=np.float32).reshape(2, 3)


def legacy(path: Path) -> Path:
    """A model as Keras 2 saves it, with its optimizer."""
    with h5py.File(path, "w") as file:
        file.attrs["model_config"] = '{"class_name": "Lambda", "config": {"function": "never run"}}'
        file["model_weights/dense/dense/kernel:0"] = KERNEL
        file["optimizer_weights/Adam/m/dense/kernel:0"] = KERNEL
    return path


def test_legacy_models(tmp_path: Path) -> None:
    """The weights are there, the optimizer's state is told and left out."""
    found = read_keras_file(legacy(tmp_path / "model.h5"))
    assert list(found.arrays) == ["model_weights/dense/dense/kernel:0"]
    assert (found.arrays["model_weights/dense/dense/kernel:0"] == KERNEL).all()
    assert found.optimizer


def test_layers_of_the_network(tmp_path: Path) -> None:
    """Classes are named, in models within models and in wrappers too; what configures a layer is none."""
    assert read_keras_file(legacy(tmp_path / "model.h5")).layers == ("Lambda",)
    dense = {"class_name": "Dense", "config": {"kernel_initializer": {"class_name": "Zeros", "config": {}}}}
    wrapped = {"class_name": "TimeDistributed", "config": {"layer": dense}}
    inner = {"class_name": "Functional", "config": {"layers": [wrapped, 3, {"class_name": "ReLU", "config": None}]}}
    with h5py.File(tmp_path / "model.h5", "a") as file:
        file.attrs["model_config"] = json.dumps({"class_name": "Sequential", "config": {"layers": [inner]}})
    assert read_keras_file(tmp_path / "model.h5").layers == ("Dense", "Functional", "Sequential", "TimeDistributed")


@pytest.mark.parametrize("described", ["{", "[" * 50_000, b"\xff"])
def test_a_network_that_is_described_badly(described: str | bytes, tmp_path: Path) -> None:
    """The file is damaged, then."""
    path = legacy(tmp_path / "model.h5")
    with h5py.File(path, "a") as file:
        file.attrs["model_config"] = described
    with pytest.raises(UnreadableFile, match="it is damaged"):
        read_keras_file(path)


def test_keras_archives(tmp_path: Path) -> None:
    """The third format is an archive with the weights in it."""
    with h5py.File(tmp_path / "inner.h5", "w") as file:
        file["layers/dense/vars/0"] = KERNEL
    with zipfile.ZipFile(tmp_path / "model.keras", "w") as archive:
        archive.writestr("config.json", "{}")
        archive.write(tmp_path / "inner.h5", INSIDE)
    found = read_keras_file(tmp_path / "model.keras")
    assert list(found.arrays) == ["layers/dense/vars/0"]
    assert not found.optimizer


@pytest.mark.parametrize("kind", ["soft", "external", "storage", "virtual"])
def test_what_leads_out_of_the_file_is_refused(kind: str, tmp_path: Path) -> None:
    """The weights of another file are not this file's."""
    other = legacy(tmp_path / "other.h5")
    with h5py.File(tmp_path / "model.h5", "w") as file:
        if kind == "soft":
            file["kernel"] = h5py.SoftLink("/elsewhere")
        elif kind == "external":
            file["kernel"] = h5py.ExternalLink(str(other), "/model_weights/dense/dense/kernel:0")
        elif kind == "storage":
            file.create_dataset("kernel", (2, 3), "f4", external=[(str(other), 0, 24)])
        else:
            layout = h5py.VirtualLayout((2, 3), "f4")
            layout[:] = h5py.VirtualSource(str(other), "/model_weights/dense/dense/kernel:0", (2, 3))
            file.create_virtual_dataset("kernel", layout)
    with pytest.raises(UnreadableFile, match="another file"):
        read_keras_file(tmp_path / "model.h5")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "neither an HDF5 file"),
        (b"\x80\x04pickled", "neither an HDF5 file"),
        (b"\x89HDF\r\n\x1a\n" + bytes(100), "damaged"),
        (b"PK\x03\x04" + bytes(100), "archive is damaged"),
    ],
)
def test_what_is_no_model_is_said_so(content: bytes, message: str, tmp_path: Path) -> None:
    """One line says what it is not."""
    path = tmp_path / "model.h5"
    path.write_bytes(content)
    with pytest.raises(UnreadableFile, match=message):
        read_keras_file(path)


def test_an_archive_without_weights(tmp_path: Path) -> None:
    """A ZIP archive of something else."""
    with zipfile.ZipFile(tmp_path / "model.keras", "w") as archive:
        archive.writestr("model.tflite", b"")
    with pytest.raises(UnreadableFile, match=r"has no model\.weights\.h5"):
        read_keras_file(tmp_path / "model.keras")


@pytest.mark.parametrize("method", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_an_archive_whose_data_are_broken(method: int, tmp_path: Path) -> None:
    """Whatever a decoder raises over a student's file is said of the file; nothing of it is the grader's fault."""
    path = tmp_path / "model.keras"
    with zipfile.ZipFile(path, "w", method) as archive:
        archive.writestr("model.weights.h5", bytes(range(256)) * 40)
    data = bytearray(path.read_bytes())
    start = 30 + len("model.weights.h5")
    data[start : start + 60] = b"\xff" * 60
    path.write_bytes(data)
    with pytest.raises(UnreadableFile, match="the archive is damaged"):
        read_keras_file(path)


def test_large_arrays_are_not_read(tmp_path: Path) -> None:
    """A few bytes on the disk can claim gigabytes."""
    with h5py.File(tmp_path / "model.h5", "w") as file:
        file.create_dataset("kernel", (1 << 16, 1 << 16), "f4", chunks=(1024, 1024), compression="gzip")
    with pytest.raises(UnreadableFile, match="it holds more than 2,000 arrays or 64 MiB of them"):
        read_keras_file(tmp_path / "model.h5")


def written(path: Path, **arrays: object) -> Path:
    """A file with these arrays; two underscores in a name stand for a stroke."""
    with h5py.File(path, "w") as file:
        for name, values in arrays.items():
            file[name.replace("__", "/")] = values
    return path


def test_what_is_no_number_is_passed_over(tmp_path: Path) -> None:
    """Texts, and an optimizer's state, may come before the weights."""
    path = written(tmp_path / "model.h5", a__text="what", b__optimizer__m=KERNEL, c__kernel=KERNEL)
    found = read_keras_file(path)
    assert list(found.arrays) == ["c/kernel"]
    assert found.optimizer


def test_as_many_bytes_as_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Arrays may have as many bytes as the limit says, together, and not one more."""
    path = written(tmp_path / "model.h5", one=KERNEL, two=KERNEL)
    monkeypatch.setattr(keras_files, "MOST_BYTES", 2 * KERNEL.nbytes)
    assert len(read_keras_file(path).arrays) == 2
    monkeypatch.setattr(keras_files, "MOST_BYTES", 2 * KERNEL.nbytes - 1)
    with pytest.raises(UnreadableFile, match="it holds more than"):
        read_keras_file(path)


def test_as_many_arrays_as_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor are there more arrays than the limit says."""
    path = written(tmp_path / "model.h5", one=KERNEL, two=KERNEL)
    monkeypatch.setattr(keras_files, "MOST_ARRAYS", 2)
    assert len(read_keras_file(path).arrays) == 2
    monkeypatch.setattr(keras_files, "MOST_ARRAYS", 1)
    with pytest.raises(UnreadableFile, match="it holds more than 1 arrays"):
        read_keras_file(path)


def test_as_many_unpacked_bytes_as_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What an archive says of its weights' size is looked at before they are unpacked."""
    inner = written(tmp_path / "inner.h5", kernel=KERNEL)
    with zipfile.ZipFile(tmp_path / "model.keras", "w") as archive:
        archive.write(inner, INSIDE)
    size = inner.stat().st_size
    monkeypatch.setattr(keras_files, "MOST_BYTES", size)
    assert list(read_keras_file(tmp_path / "model.keras").arrays) == ["kernel"]
    monkeypatch.setattr(keras_files, "MOST_BYTES", size - 1)
    with pytest.raises(UnreadableFile, match=f"its weights have {size:,} bytes; at most {size - 1:,} are read"):
        read_keras_file(tmp_path / "model.keras")


def test_groups_within_groups(tmp_path: Path) -> None:
    """Groups may lie within each other as deep as the limit says; a group that holds itself has no end."""
    deep = "/".join("g" * MOST_DEPTH)
    assert list(read_keras_file(written(tmp_path / "deep.h5", **{f"{deep}/kernel": KERNEL})).arrays) == [
        f"{deep}/kernel"
    ]
    deeper = written(tmp_path / "deeper.h5", **{f"{deep}/g/kernel": KERNEL})
    with pytest.raises(UnreadableFile, match="nested without end"):
        read_keras_file(deeper)
    with h5py.File(tmp_path / "circle.h5", "w") as file:
        group = file.create_group("g")
        group["again"] = group
    with pytest.raises(UnreadableFile, match="nested without end"):
        read_keras_file(tmp_path / "circle.h5")
