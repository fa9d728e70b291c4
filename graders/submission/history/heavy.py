"""Which files of a commit are models or data, which belong beside a repository and not in it."""

from __future__ import annotations

from pathlib import PurePosixPath

from graders.submission.history.records import FileChange

MODELS = frozenset({
    ".h5", ".hdf5", ".keras", ".tflite", ".lite", ".pb", ".pbtxt", ".pt", ".pth", ".onnx", ".ckpt", ".safetensors",
    ".weights", ".caffemodel", ".mlmodel", ".bin",
})  # fmt: skip
DATA = frozenset({".npz", ".npy", ".pkl", ".pickle", ".joblib", ".tfrecord", ".tfrecords", ".mat", ".parquet", ".idx"})
ARCHIVES = frozenset({".zip", ".tar", ".gz", ".tgz", ".bz2", ".xz", ".7z", ".rar"})
IMAGES = frozenset({".jpg", ".jpeg", ".png", ".bmp", ".gif", ".webp", ".tif", ".tiff"})
DOCUMENTS = frozenset({".ipynb", ".pdf"})

_CONTENTS = {
    "tflite": "a model (.tflite by its content)",
    "hdf5": "a model (HDF5 by its content)",
    "npy": "data (NumPy by its content)",
    "pickle": "data (a pickle by its content)",
    "zip": "an archive (ZIP by its content)",
    "gzip": "an archive (gzip by its content)",
    "7z": "an archive (7z by its content)",
    "rar": "an archive (RAR by its content)",
}


def heavy_kind(change: FileChange, *, least: int, small_data: int, most: int, most_of_image: int) -> str:
    """What makes a new or changed file one that does not belong in a repository, ``""`` if nothing does.

    An image is a plot or a screenshot, and belongs beside a text; a thousand are a data set (``is_image``).

    :param least: bytes below which nothing is a model: an LFS pointer, an empty stand-in.
    :param small_data: bytes up to which data and archives pass: a test vector, a few samples.
    :param most: bytes above which any file is too large but a notebook or a PDF.
    :param most_of_image: the same for an image.
    """
    size = change.size
    if change.status == "D" or size is None or size < least or change.content == "lfs":
        return ""
    ending = PurePosixPath(change.path.lower()).suffix
    if ending in MODELS or ".data-00000-of-" in change.path:
        return "a model"
    if ending in DATA or ending in ARCHIVES or change.path.lower().endswith("-ubyte"):
        return ("an archive" if ending in ARCHIVES else "data") if size > small_data else ""
    if change.content in ("tflite", "hdf5"):
        return _CONTENTS[change.content]
    if change.content in _CONTENTS and size > small_data:
        return _CONTENTS[change.content]
    if ending in IMAGES:
        return "a very large image" if size > most_of_image else ""
    return "a very large file" if size > most and ending not in DOCUMENTS else ""


def is_image(change: FileChange) -> bool:
    """Whether it is one by its name."""
    return PurePosixPath(change.path.lower()).suffix in IMAGES
