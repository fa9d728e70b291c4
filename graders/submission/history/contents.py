"""What a file is by its first bytes, and the ids that git gives to contents."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

_MAGIC = (
    (4, b"TFL3", "tflite"),
    (0, b"\x89HDF\r\n\x1a\n", "hdf5"),
    (0, b"PK\x03\x04", "zip"),
    (0, b"\x93NUMPY", "npy"),
    (0, b"\x1f\x8b", "gzip"),
    (0, b"7z\xbc\xaf\x27\x1c", "7z"),
    (0, b"Rar!\x1a\x07", "rar"),
    (0, b"\x80\x02", "pickle"),
    (0, b"\x80\x03", "pickle"),
    (0, b"\x80\x04", "pickle"),
    (0, b"\x80\x05", "pickle"),
    (0, b"version https://git-lfs", "lfs"),
)


def kind_of(head: bytes) -> str:
    """``"tflite"``, ``"hdf5"``, ``"zip"``, ``"npy"``, ``"gzip"``, ``"7z"``, ``"rar"``, ``"pickle"``, ``"lfs"`` or
    ``""``, from the first 64 bytes of a file.
    """
    return next((kind for at, magic, kind in _MAGIC if head[at : at + len(magic)] == magic), "")


def given_blobs(root: Path, paths: Sequence[str]) -> dict[str, frozenset[str]]:
    """The template's files at and below ``paths`` of ``root``, each with the ids of its content in git, for both
    kinds of line ends and both kinds of hash.
    """
    files = [root / path for path in paths if (root / path).is_file()]
    files += [file for path in paths for file in sorted((root / path).rglob("*")) if file.is_file()]
    return {file.relative_to(root).as_posix(): content_ids(file.read_bytes()) for file in files}


def content_ids(data: bytes) -> frozenset[str]:
    """The ids that git gives to a file's content: with either kind of line ends, in SHA-1 and SHA-256."""
    unix = data.replace(b"\r\n", b"\n")
    found: set[str] = set()
    for content in (data, unix, unix.replace(b"\n", b"\r\n")):
        whole = f"blob {len(content)}\0".encode() + content
        # git's own choice of hashes; neither secures anything here.
        found |= {hashlib.sha1(whole, usedforsecurity=False).hexdigest(), hashlib.sha256(whole).hexdigest()}
    return frozenset(found)
