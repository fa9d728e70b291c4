"""Messages to and from a sandboxed process: whatever comes is a message, not yet one, or refused."""

from __future__ import annotations

import contextlib
import io
import json
import pickle
import socket
import struct
import threading
import time
import tracemalloc
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.lib import format as npy
from numpy.typing import NDArray

from graders.sandbox.guest import wire
from graders.sandbox.guest.wire import Decoder, Message, WireError

KINDS = ("i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8")
PLAIN = ["?", *(f"{order}{kind}" for order in "<>" for kind in KINDS)]
NOT_PLAIN = ["complex64", "complex128", "object", "U3", "S3", "M8[s]", "m8[s]", "V4"]
SOON_S = 10.0
"""Far above what any of these takes, far below a hang."""

plain_arrays = hnp.arrays(
    dtype=st.sampled_from(PLAIN).map(np.dtype),
    shape=hnp.array_shapes(min_dims=0, max_dims=5, min_side=0, max_side=4),
)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=8,
)
bodies = st.dictionaries(st.text(max_size=5).filter(lambda key: key != "arrays"), json_values, max_size=4)


def same(first: NDArray[Any], second: NDArray[Any]) -> bool:
    """Equal to the bit, NaNs included."""
    return first.shape == second.shape and first.dtype == second.dtype and first.tobytes() == second.tobytes()


def feed_all(data: bytes) -> Message | None:
    """What a decoder makes of the bytes; anything but a message, None or WireError fails the test."""
    started = time.perf_counter()
    answer = None
    with contextlib.suppress(WireError):
        answer = Decoder().feed(data)
    assert time.perf_counter() - started < SOON_S
    assert answer is None or isinstance(answer, Message)
    return answer


def npy_bytes(header: str, data: bytes = b"", version: tuple[int, int] = (1, 0)) -> bytes:
    """A .npy file with just this header text."""
    text = header.encode("latin1", "replace") + b"\n"
    length = struct.pack("<H" if version == (1, 0) else "<I", len(text))
    return npy.magic(*version) + length + text + data


def described(descr: str, shape: str, order: str = "False") -> str:
    """A .npy header with these texts in it."""
    return f"{{'descr': {descr}, 'fortran_order': {order}, 'shape': {shape}, }}"


def framed(body: bytes, *arrays: bytes) -> bytes:
    """Bytes in the form of a message, whatever is in them."""
    return struct.pack("<I", len(body)) + body + b"".join(struct.pack("<Q", len(array)) + array for array in arrays)


@given(plain_arrays, st.booleans())
def test_array_round_trip(array: NDArray[Any], transposed: bool) -> None:
    """An array of any plain dtype, byte order, shape and memory order comes out of the wire as it went in."""
    array = array.T if transposed else array
    assert same(wire.decode_array(wire.encode_array(array)), array)


@given(plain_arrays)
def test_array_with_gaps_round_trip(array: NDArray[Any]) -> None:
    """A view with strides is sent as the values that it shows."""
    view = array[..., ::-2] if array.ndim else array
    assert same(wire.decode_array(wire.encode_array(view)), view)


@given(plain_arrays.filter(lambda array: array.ndim > 1))
def test_column_major_file(array: NDArray[Any]) -> None:
    """A .npy file in Fortran order has the same elements in the same places."""
    out = io.BytesIO()
    npy.write_array(out, np.asfortranarray(array), allow_pickle=False)
    decoded = wire.decode_array(out.getvalue())
    assert decoded.shape == array.shape
    assert same(np.ascontiguousarray(decoded), np.ascontiguousarray(array))


@given(bodies, st.dictionaries(st.text(max_size=5), plain_arrays, max_size=4))
def test_message_round_trip(body: dict[str, Any], arrays: dict[str, NDArray[Any]]) -> None:
    """A message's JSON and arrays come out as they went in."""
    decoded = Decoder().feed(wire.encode(Message(body, arrays)))
    assert decoded is not None
    assert decoded.body == body
    assert list(decoded.arrays) == list(arrays)
    assert all(same(decoded.arrays[name], array) for name, array in arrays.items())


def test_split_anywhere() -> None:
    """A message cut in two at any byte is None after the first part and whole after the second."""
    sent = Message(
        {"operation": "é", "n": [1, None]}, {"a": np.arange(6, dtype="<i2").reshape(2, 3), "b": np.float32(2)}
    )
    data = wire.encode(sent)
    for cut in range(len(data)):
        decoder = Decoder()
        assert decoder.feed(data[:cut]) is None
        got = decoder.feed(data[cut:])
        assert got is not None
        assert got.body == sent.body
        assert same(got.arrays["a"], sent.arrays["a"])
        assert float(got.arrays["b"]) == 2.0


def test_byte_by_byte() -> None:
    """A message that comes one byte at a time is whole at its last byte and not before."""
    data = wire.encode(Message({"k": 1}, {"a": np.zeros((0, 3)), "b": np.ones(2, "u1")}))
    decoder = Decoder()
    answers = [decoder.feed(data[at : at + 1]) for at in range(len(data))]
    assert answers[:-1] == [None] * (len(data) - 1)
    assert answers[-1] is not None
    assert answers[-1].arrays["a"].shape == (0, 3)


def test_two_messages_in_one_piece() -> None:
    """Bytes after a message belong to the next one."""
    first, second = Message({"n": 1}, {"a": np.arange(3)}), Message({"n": 2})
    decoder = Decoder()
    data = wire.encode(first) + wire.encode(second)
    got = [decoder.feed(data[:-1]), decoder.feed(data[-1:])]
    assert [message.body["n"] for message in got if message] == [1, 2]


@pytest.mark.parametrize("dtype", NOT_PLAIN)
def test_only_numbers_are_sent(dtype: str) -> None:
    """Arrays of anything but plain numbers are refused when they are sent."""
    with pytest.raises(WireError, match="only numbers"):
        wire.encode_array(np.zeros(2, dtype=dtype))


@pytest.mark.parametrize("dtype", [name for name in NOT_PLAIN if name != "object"])
def test_only_numbers_are_taken(dtype: str) -> None:
    """A .npy file of anything but plain numbers is refused when it comes."""
    out = io.BytesIO()
    np.save(out, np.zeros(2, dtype=dtype))
    with pytest.raises(WireError, match="only numbers"):
        wire.decode_array(out.getvalue())


class Trap:
    """Its unpickling raises the alarm."""

    sprung = False

    def __reduce__(self) -> tuple[Any, tuple[()]]:
        return _spring, ()


def _spring() -> None:
    Trap.sprung = True


def test_objects_are_refused_unread() -> None:
    """A .npy file of pickled objects, and a bare pickle, are refused and never unpickled."""
    out = io.BytesIO()
    np.save(out, np.array([Trap()], dtype=object), allow_pickle=True)
    for data in (out.getvalue(), pickle.dumps(Trap())):
        with pytest.raises(WireError):
            wire.decode_array(data)
        feed_all(framed(b'{"arrays": ["a"]}', data))
    assert not Trap.sprung
    np.load(io.BytesIO(out.getvalue()), allow_pickle=True)
    assert Trap.sprung, "the trap itself does not work"


@pytest.mark.parametrize(
    ("descr", "shape"),
    [
        ("'<f4'", "(3,)"),
        ("'<f4'", "(1,)"),
        ("'<f4'", "(-1, -2)"),
        ("'<f4'", "(-2,)"),
        ("'<f4'", f"({2**62}, 4)"),
        ("'<f4'", f"(0, {2**80})"),
        ("'<f4'", f"({2**40}, {2**40}, 0)"),
        ("'<f4'", f"({'1, ' * 100})"),
        ("'<f4'", f"(2, {'1, ' * 80})"),
        ("'<f4'", "[2]"),
        ("'<f4'", "2"),
        ("'<f4'", "(2.0,)"),
        ("'<f4'", "(None,)"),
        ("'<f4'", "('2',)"),
        ("'O'", "(1,)"),
        ("'|O'", "(0,)"),
        ("'|V8'", "(1,)"),
        ("'<f4, <f4'", "(1,)"),
        ("[('x', '<f4'), ('y', '<f4')]", "(1,)"),
        ("('<f4', (2,))", "(1,)"),
        ("()", "(2,)"),
        ("('<f4',)", "(2,)"),
        ("('<f4', 2, 3)", "(2,)"),
        ("[]", "(2,)"),
        ("[()]", "(2,)"),
        ("[1]", "(2,)"),
        ("[(1, '<f4')]", "(2,)"),
        ("{}", "(2,)"),
        ("None", "(2,)"),
        ("4", "(2,)"),
        ("b'<f4'", "(2,)"),
        ("'no such type'", "(2,)"),
        ("'<f3'", "(2,)"),
        ("''", "(2,)"),
    ],
)
def test_lying_headers(descr: str, shape: str) -> None:
    """A .npy header that does not describe plain numbers with just that much data is refused."""
    with pytest.raises(WireError):
        wire.decode_array(npy_bytes(described(descr, shape), bytes(8)))


@pytest.mark.parametrize(
    "header",
    [
        "",
        "{",
        "{'descr': (",
        "{'descr': '<f4",
        "'''",
        "  x\n y",
        "(" * 3000,
        "[" * 200 + "]" * 200,
        "-" * 9000 + "1",
        "-" * 4000 + "1",
        "{'descr': " * 900,
        "{'descr': '<f4'}",
        "{1: 2, 'descr': 3}",
        "{'descr': '<f4', 'fortran_order': 1, 'shape': (2,)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (2,), 'more': 1}",
        "{[]: 1}",
        "__import__('os').getpid()",
        "1" * 5000,
        "{'descr': '<f4', 'fortran_order': False, 'shape': (" + "9" * 5000 + ",)}",
        "x" * 60_000,
        "\x00",
        "{'descr': '\\x00', 'fortran_order': False, 'shape': (2,)}",
        "{'descr': '\\d', 'fortran_order': False, 'shape': (2L,)}",
    ],
)
@pytest.mark.parametrize("version", [(1, 0), (2, 0)])
def test_broken_headers(header: str, version: tuple[int, int]) -> None:
    """A .npy header that is no plain description at all is refused, whatever reading it raises."""
    with pytest.raises(WireError):
        wire.decode_array(npy_bytes(header, bytes(8), version))


@given(st.text(alphabet="{}()[]'\",:<>=?fiu248TrueFalsdhpnotc_ 0L#\\\n\t", max_size=60))
def test_random_headers(text: str) -> None:
    """Any text in a .npy header makes an array or a refusal."""
    with contextlib.suppress(WireError):
        assert isinstance(wire.decode_array(npy_bytes(text, bytes(8))), np.ndarray)


@pytest.mark.parametrize("version", [(3, 0), (0, 0), (255, 255)])
def test_other_npy_versions(version: tuple[int, int]) -> None:
    """Versions of the .npy format that no plain numbers need are refused."""
    with pytest.raises(WireError):
        wire.decode_array(npy_bytes(described("'<f4'", "(2,)"), bytes(8), version))


def test_every_truncation() -> None:
    """A .npy file cut short at any byte, or with a byte too many, is refused."""
    data = wire.encode_array(np.arange(5, dtype="<f8"))
    for cut in range(len(data)):
        with pytest.raises(WireError):
            wire.decode_array(data[:cut])
    with pytest.raises(WireError):
        wire.decode_array(data + b"\0")


def test_giant_claims_allocate_nothing() -> None:
    """Headers that promise terabytes are refused before memory is taken for them."""
    giants = [
        framed(b'{"arrays": ["a"]}', npy_bytes(described("'<f8'", f"({2**37},)"))),
        framed(b'{"arrays": ["a"]}') + struct.pack("<Q", 2**40),
        struct.pack("<I", 2**32 - 1),
        struct.pack("<I", wire.MAX_JSON + 1),
    ]
    for data in giants:
        tracemalloc.start()
        with pytest.raises(WireError):
            Decoder().feed(data)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < 4 << 20


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"1",
        b"null",
        b'"text"',
        b"\xff\xfe",
        b"\xed\xa0\x80",
        b"[" * 100_000,
        b'{"a":' * 50_000,
        b'{"a": ' + b"9" * 5000 + b"}",
        b'{"arrays": 1}',
        b'{"arrays": [1]}',
        b'{"arrays": "ab"}',
        b'{"arrays": {"a": 1}}',
        b'{"arrays": [["a"]]}',
        b'{"arrays": [null]}',
        json.dumps({"arrays": [str(n) for n in range(wire.MAX_ARRAYS + 1)]}).encode(),
    ],
)
def test_bad_json(body: bytes) -> None:
    """A JSON part that is not an object with a short list of names is refused."""
    with pytest.raises(WireError):
        Decoder().feed(framed(body))


def test_total_is_bounded() -> None:
    """Bytes that never become a message are refused once there are more than a message may have."""
    decoder = Decoder(max_total=10_000)
    assert decoder.feed(framed(b'{"arrays": ["a", "b"]}', bytes(6000)) + struct.pack("<Q", 6000)) is None
    for _ in range(3):
        assert decoder.feed(bytes(1000)) is None
    with pytest.raises(WireError, match="over 10000 bytes"):
        decoder.feed(bytes(1000))
    with pytest.raises(WireError, match="at most 10000"):
        Decoder(max_total=10_000).feed(framed(b'{"arrays": ["a"]}') + struct.pack("<Q", 10_001))


@given(st.binary(max_size=300))
def test_random_bytes(data: bytes) -> None:
    """Any bytes are a message, not yet one, or refused."""
    feed_all(data)


@given(st.binary(max_size=200))
def test_random_arrays(data: bytes) -> None:
    """Any bytes in an array's place are refused or an array."""
    feed_all(framed(b'{"arrays": ["a"]}', data))
    feed_all(framed(b'{"arrays": ["a"]}', npy.magic(1, 0) + data))


VALID = wire.encode(Message({"facts": {"n": 1}}, {"a": np.arange(4, dtype="<f4"), "b": np.ones((2, 2), "u1")}))


@given(st.lists(st.tuples(st.integers(0, len(VALID) - 1), st.integers(0, 255)), min_size=1, max_size=6))
def test_changed_bytes(changes: list[tuple[int, int]]) -> None:
    """A valid message with some bytes changed is a message, not yet one, or refused."""
    data = bytearray(VALID)
    for at, value in changes:
        data[at] = value
    answer = feed_all(bytes(data))
    if answer is not None:
        for array in answer.arrays.values():
            assert array.dtype.kind in "biuf"
            assert array.nbytes <= len(data)


def test_unsendable_bodies() -> None:
    """A body that is no JSON is an error where it is sent, not where it is read."""
    with pytest.raises(TypeError):
        wire.encode(Message({"x": object()}))


def test_sockets_carry_messages() -> None:
    """Messages smaller and larger than a socket's buffer arrive whole; the end of the stream is None."""
    left, right = socket.socketpair()
    sent = [Message({"n": n}, {"a": np.full(n * 1000, n, "<f4")}) for n in (0, 1, 2, 700, 3)]

    def send_all() -> None:
        for message in sent:
            wire.send(left, message)
        left.sendall(wire.encode(sent[1])[:-1])
        left.close()

    sender = threading.Thread(target=send_all, daemon=True)
    sender.start()
    right.settimeout(20)
    decoder = Decoder()
    with right:
        for message in sent:
            got = wire.receive(right, decoder)
            assert got is not None
            assert got.body == message.body
            assert same(got.arrays["a"], message.arrays["a"])
        assert wire.receive(right, decoder) is None
        sender.join(20)
    assert not sender.is_alive()


def test_work_grows_with_the_bytes_alone() -> None:
    """A large message in small pieces costs a small multiple of the same message in one piece."""
    arrays = {str(n): np.zeros(1 << 20, "u1") for n in range(32)}
    data = wire.encode(Message({}, arrays))
    started = time.process_time()
    assert Decoder().feed(data) is not None
    whole = time.process_time() - started
    decoder = Decoder()
    started = time.process_time()
    answers = [decoder.feed(data[at : at + (1 << 15)]) for at in range(0, len(data), 1 << 15)]
    pieces = time.process_time() - started
    assert answers[-1] is not None
    assert len(answers) > 1000
    assert pieces < 15 * max(whole, 0.02)
