"""Timing a file against a baseline."""

from __future__ import annotations

import statistics
import time
from dataclasses import dataclass

import numpy as np
from ai_edge_litert.interpreter import Interpreter

from graders.measure.scorer.operations.answers import Answer, Unmeasurable, one_line
from graders.measure.scorer.operations.interpreter import open_interpreter, resize
from graders.measure.scorer.results import PairedTimes
from graders.measure.tflite.facts import plain

WARM_UP = 5
SPAN_S = 0.0003
SPANS = 9
MOST_REPEATS = 20


@dataclass(frozen=True)
class _Pair:
    """The interpreters of a file and of its baseline, and how many inferences a span has."""

    ours: Interpreter
    baseline: Interpreter
    repeats: int


_pairs: list[_Pair] = []


def prepare_pair(path: str, baseline: str) -> Answer:
    """Loads a file and its baseline for :func:`time_pair` and warms both up."""
    ours, theirs = _warmed_up(path), _warmed_up(baseline)
    once = min(_seconds(theirs, 1) for _ in range(10))
    repeats = max(1, min(MOST_REPEATS, int(SPAN_S / once)))
    _pairs[:] = [_Pair(ours, theirs, repeats)]
    return {"repeats": repeats}, {}


def _warmed_up(path: str) -> Interpreter:
    interpreter = open_interpreter(path)
    if not resize(interpreter, 1):
        raise Unmeasurable("the file's tensors can't be allocated")
    details = interpreter.get_input_details()[0]
    try:
        interpreter.set_tensor(details["index"], np.zeros(details["shape"], details["dtype"]))
        for _ in range(WARM_UP):
            interpreter.invoke()
    except (ValueError, RuntimeError) as error:
        raise Unmeasurable(f"the file can't be run: {one_line(error)}") from None
    return interpreter


def _seconds(interpreter: Interpreter, repeats: int) -> float:
    started = time.perf_counter()
    for _ in range(repeats):
        interpreter.invoke()
    return time.perf_counter() - started


def time_pair() -> Answer:
    """Seconds of one inference of the file and of its baseline: medians of spans taken in turn.

    Spans are much shorter than the time for which a busy machine runs a process before it lets another one run, so that
    few of them are interrupted, and medians do not feel those.
    """
    (pair,) = _pairs
    order = (pair.baseline, pair.ours, pair.baseline)
    spans = [[_seconds(interpreter, pair.repeats) for interpreter in order] for _ in range(SPANS)]
    ours = statistics.median(each[1] for each in spans)
    baseline = statistics.median((each[0] + each[2]) / 2 for each in spans)
    return {"times": plain(PairedTimes(ours / pair.repeats, baseline / pair.repeats))}, {}
