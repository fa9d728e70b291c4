"""Messages between the grader and a sandboxed process: one JSON object and named arrays, every size bounded.

A message is ``u32 length of JSON | JSON | per array: u64 length | .npy bytes``; the JSON's key ``"arrays"`` lists the
arrays' names. Arrays are plain numbers: object arrays and pickles are refused before anything is allocated.
"""

from __future__ import annotations

import io
import json
import math
import socket
import struct
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

MAX_JSON = 4 << 20
MAX_ARRAYS = 64
MAX_TOTAL = 256 << 20
PLAIN_KINDS = "biuf"


class WireError(ValueError):
    """The bytes are not a message, or one that is over its bounds."""


@dataclass(frozen=True)
class Message:
    """One message: a JSON object and arrays by name."""

    body: dict[str, Any]
    arrays: dict[str, NDArray[Any]] = field(default_factory=dict)


def encode_array(array: NDArray[Any]) -> bytes:
    """The array as .npy bytes. :raises WireError: for anything but plain numbers."""
    if array.dtype.kind not in PLAIN_KINDS:
        raise WireError(f"an array of {array.dtype} can't be sent: only numbers can")
    out = io.BytesIO()
    npy.write_array(out, np.asarray(array, order="C"), allow_pickle=False)
    return out.getvalue()


def decode_array(data: bytes) -> NDArray[Any]:
    """The array in .npy bytes; checked against the bytes that are there before anything is allocated.

    :raises WireError: if the bytes are not a .npy file of plain numbers with exactly that much data.
    """
    stream = io.BytesIO(data)
    try:
        version = npy.read_magic(stream)
        read = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}[version]
        shape, fortran, dtype = read(stream)
    except Exception as error:  # noqa: BLE001 - numpy's reading of a header may raise anything, MemoryError included
        raise WireError(f"not a .npy array: {type(error).__name__}") from None
    if dtype.kind not in PLAIN_KINDS or dtype.hasobject:
        raise WireError(f"an array of {dtype} is refused: only numbers are taken")
    if any(side < 0 for side in shape) or math.prod(shape) * dtype.itemsize != len(data) - stream.tell():
        raise WireError(f"an array of shape {shape} does not fit its {len(data)} bytes")
    flat = np.frombuffer(data, dtype=dtype, offset=stream.tell())
    try:
        return flat.reshape(shape, order="F" if fortran else "C")
    except (ValueError, OverflowError):
        raise WireError("an array has a shape that no array can have") from None


def encode(message: Message) -> bytes:
    """The message's bytes."""
    body = json.dumps({**message.body, "arrays": list(message.arrays)}).encode()
    parts = [struct.pack("<I", len(body)), body]
    for array in message.arrays.values():
        data = encode_array(array)
        parts += [struct.pack("<Q", len(data)), data]
    return b"".join(parts)


class Decoder:
    """Assembles messages from bytes as they arrive, never holding more than ``max_total``."""

    def __init__(self, max_total: int = MAX_TOTAL) -> None:
        """:param max_total: most bytes that one message may have."""
        self._buffer = bytearray()
        self._needed = 4
        self._max_total = max_total

    def feed(self, data: bytes) -> Message | None:
        """Takes more bytes; the message, when it is whole. :raises WireError: on a bad one."""
        self._buffer += data
        if len(self._buffer) > self._max_total:
            raise WireError(f"a message of over {self._max_total} bytes")
        return self._parse() if self._has(self._needed) else None

    def _has(self, needed: int) -> bool:
        self._needed = needed
        return len(self._buffer) >= needed

    def _parse(self) -> Message | None:
        (length,) = struct.unpack_from("<I", self._buffer)
        if length > MAX_JSON:
            raise WireError(f"a JSON part of {length} bytes; at most {MAX_JSON} are taken")
        if not self._has(4 + length):
            return None
        body = _object(bytes(self._buffer[4 : 4 + length]))
        names = body.pop("arrays", [])
        if not isinstance(names, list) or len(names) > MAX_ARRAYS or not all(isinstance(n, str) for n in names):
            raise WireError("the list of arrays is not a short list of names")
        spans = self._spans(4 + length, len(names))
        if spans is None:
            return None
        with memoryview(self._buffer) as view:
            arrays = {name: decode_array(bytes(view[span])) for name, span in zip(names, spans, strict=True)}
        del self._buffer[: self._needed]
        self._needed = 4
        return Message(body, arrays)

    def _spans(self, position: int, count: int) -> list[slice] | None:
        """Where the arrays lie in the buffer; None if they have not all arrived yet."""
        spans = []
        for _ in range(count):
            if not self._has(position + 8):
                return None
            (size,) = struct.unpack_from("<Q", self._buffer, position)
            if size > self._max_total:
                raise WireError(f"an array of {size} bytes; at most {self._max_total} are taken")
            spans.append(slice(position + 8, position + 8 + size))
            position += 8 + size
        return spans if self._has(position) else None


def _object(data: bytes) -> dict[str, Any]:
    try:
        body = json.loads(data)
    except (ValueError, RecursionError):
        raise WireError("the JSON part can't be read") from None
    if not isinstance(body, dict):
        raise WireError("the JSON part is not an object")
    return body


def receive(sock: socket.socket, decoder: Decoder) -> Message | None:
    """Blocks for the next message; None at the end of the stream. :param decoder: the stream's own."""
    message = decoder.feed(b"")
    while message is None:
        data = sock.recv(1 << 20)
        if not data:
            return None
        message = decoder.feed(data)
    return message


def send(sock: socket.socket, message: Message) -> None:
    """Sends a message, whole."""
    sock.sendall(encode(message))
