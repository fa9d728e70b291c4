"""What a worker says of itself through shared memory: it survives the worker, with the input that it was at."""

from __future__ import annotations

import mmap
import struct
from pathlib import Path

_FIELDS = struct.Struct("<QddQQ")
_START = 64


class State:
    """Counts, and the current input. ``began`` is 0 between two inputs."""

    def __init__(self, path: Path, most: int) -> None:
        """:param most: the bytes of the longest input."""
        with path.open("a+b") as file:
            if file.seek(0, 2) < _START + most:
                file.truncate(_START + most)
            self._map = mmap.mmap(file.fileno(), _START + most)
        self.executions, self.began, self.slowest_s, self.peak, self._length = _FIELDS.unpack_from(self._map)

    def refresh(self) -> None:
        """Takes over what the worker has written."""
        self.executions, self.began, self.slowest_s, self.peak, self._length = _FIELDS.unpack_from(self._map)

    def begin(self, data: bytes, now: float) -> None:
        """An input is about to be run."""
        self._map[_START : _START + len(data)] = data
        self.began, self._length = now, len(data)
        self._write()

    def end(self) -> None:
        """It was run."""
        self.began = 0.0
        self.executions += 1
        self._write()

    @property
    def current(self) -> bytes:
        """The input that was begun last."""
        return self._map[_START : _START + self._length]

    def _write(self) -> None:
        _FIELDS.pack_into(self._map, 0, self.executions, self.began, self.slowest_s, self.peak, self._length)
