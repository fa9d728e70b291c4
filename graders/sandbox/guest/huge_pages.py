"""Huge pages for what the server has imported: a fork copies one entry of a table for each, as does its end."""

from __future__ import annotations

import ctypes

MADV_COLLAPSE = 25
HUGE = 2 << 20


def collapse() -> None:
    """Puts this process's memory into huge pages, as far as the system (Linux 6.1 and later) has them.

    A run that writes to one gets a small page of its own, as ever.
    """
    libc = ctypes.CDLL(None)
    for start, end in _anonymous():
        first, last = -(-start // HUGE) * HUGE, end // HUGE * HUGE
        if first < last:
            libc.madvise(ctypes.c_void_p(first), ctypes.c_size_t(last - first), MADV_COLLAPSE)


def _anonymous() -> list[tuple[int, int]]:
    """Where this process's memory lies that belongs to no file."""
    try:
        with open("/proc/self/maps", encoding="utf-8", errors="replace") as file:
            rows = [line.split() for line in file]
    except OSError:
        return []
    places = [row[0].split("-") for row in rows if row[1].startswith("rw") and row[4] == "0"]
    return [(int(start, 16), int(end, 16)) for start, end in places]
