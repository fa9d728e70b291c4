"""The sizes of a file before and after compression, as the labs state them.

A lab zips a model and reports how much smaller it became: ``zip`` prints ``deflated 57%``. The compressed size is the
member's compressed data in the archive, without the archive's own headers, so the figure does not depend on a file's
name. zlib at level 6 writes the same stream as Python's zipfile, and is within 0.2 % of Info-ZIP's ``zip``.
"""

from __future__ import annotations

import zlib

LEVEL = 6
"""The default of ``zip``, of Python's zipfile and of zlib."""
BEST = 9
"""The default of Python's gzip."""
_CHUNK = 2**20


def raw_size(data: bytes) -> int:
    """The size in bytes as it is."""
    return len(data)


def deflate_size(data: bytes, level: int = LEVEL) -> int:
    """The size in bytes of a ZIP member's data under DEFLATE, at level 6; what would grow is stored as it is."""
    deflate = zlib.compressobj(level, zlib.DEFLATED, -zlib.MAX_WBITS)
    view = memoryview(data)
    parts = (view[start : start + _CHUNK] for start in range(0, len(data), _CHUNK))
    size = sum(len(deflate.compress(part)) for part in parts) + len(deflate.flush())
    return min(size, len(data))


def deflation(data: bytes) -> float:
    """The share that compression takes off, 1 - deflate_size / raw_size, in [0, 1); 0 for no data."""
    return 1.0 - deflate_size(data) / raw_size(data) if data else 0.0
