"""What a run printed: its beginning and its end are stored, all of it is counted."""

from __future__ import annotations

from graders.core.text import captured_output


class Output:
    """Takes any number of bytes and stores at most ``cap`` of them."""

    def __init__(self, cap: int) -> None:
        """:param cap: bytes that are stored: half from the beginning, half from the end."""
        self._half = cap // 2
        self._head = bytearray()
        self._tail = bytearray()
        self.total = 0

    def write(self, data: bytes) -> None:
        """Adds bytes."""
        self.total += len(data)
        room = self._half - len(self._head)
        self._head += data[:room]
        rest = data[room:]
        self._tail += rest[max(0, len(rest) - self._half) :]
        del self._tail[: max(0, len(self._tail) - self._half)]

    @property
    def dropped(self) -> int:
        """How many bytes were not stored."""
        return self.total - len(self._head) - len(self._tail)

    def text(self) -> str:
        """The stored text without control characters; if something was dropped, a line says how much."""
        middle = f"\n[… {self.dropped:,} bytes dropped …]\n".encode() if self.dropped else b""
        return captured_output((self._head + middle + self._tail).decode("utf-8", "replace"))
