"""What a run does with its models: how each was trained, wrapped and loaded when it was saved or converted.

It runs beside the student's code, as the driver does, and imports nothing of optgrade. What it notes is the student's
word, a hint at which file is which: every file is measured all the same.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import importlib
import os
import sys
import weakref
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

MOST_NOTES, MOST_BYTES = 64, 32 << 20
TFMOT = "tensorflow_model_optimization"
WRAPPING = (
    (f"{TFMOT}.quantization.keras", ("quantize_model", "quantize_apply"), "aware"),
    (f"{TFMOT}.sparsity.keras", ("prune_low_magnitude",), "pruning"),
    (f"{TFMOT}.sparsity.keras", ("strip_pruning",), "stripped"),
)


@dataclass(frozen=True)
class State:
    """A model so far: its number, what was done with it and with the models it was made of, in order.

    ``steps``: of training. ``accuracy``: the last that training showed; -1 if none. ``loaded``: the file that it got
    weights from, by its hash.
    """

    model: int
    wrapped: tuple[str, ...] = ()
    steps: int = 0
    accuracy: float = -1.0
    loaded: str = ""


_states: weakref.WeakKeyDictionary[Any, State] = weakref.WeakKeyDictionary()
_notes: dict[str, dict[str, Any]] = {}
_count = [0]


def install() -> None:
    """Has the libraries' functions note what is done; those that are not imported are left alone."""
    with contextlib.suppress(ImportError, AttributeError):
        if "tf_keras" in sys.modules:
            _install_keras(importlib.import_module("tf_keras").Model)
        if "tensorflow.lite" in sys.modules or "tensorflow" in sys.modules:
            lite = importlib.import_module("tensorflow.lite.python.lite")
            _wrap(lite.TFLiteKerasModelConverterV2, "convert", _converted)
        if TFMOT in sys.modules:
            for module, names, stage in WRAPPING:
                for name in names:
                    _wrap(importlib.import_module(module), name, functools.partial(_rewrapped, stage))


def _install_keras(model: Any) -> None:
    _wrap(model, "fit", _fitted)
    _wrap(model, "load_weights", _loaded)
    _wrap(model, "save", _saved)
    _wrap(model, "save_weights", _saved)


def _wrap(owner: Any, name: str, note: Callable[..., Any]) -> None:
    plain = getattr(owner, name)

    @functools.wraps(plain)
    def noting(*arguments: Any, **named: Any) -> Any:
        return note(plain, *arguments, **named)

    setattr(owner, name, noting)


def notes() -> list[dict[str, Any]]:
    """A note for each content that a file was given: its hash, and the model's state then."""
    return list(_notes.values())


def _state(model: Any) -> State:
    if model not in _states:
        _count[0] += 1
        _states[model] = State(_count[0])
    return _states[model]


def _fitted(plain: Any, model: Any, *arguments: Any, **named: Any) -> Any:
    before = _iterations(model)
    history = None
    try:
        history = plain(model, *arguments, **named)
    finally:
        with contextlib.suppress(Exception):
            state, done = _state(model), _iterations(model) - before
            _states[model] = replace(
                state, steps=state.steps + max(0, done), accuracy=_reached(history, state.accuracy)
            )
    return history


def _iterations(model: Any) -> int:
    with contextlib.suppress(Exception):
        return int(model.optimizer.iterations.numpy())
    return 0


def _reached(history: Any, otherwise: float) -> float:
    shown = getattr(history, "history", {})
    for name in ("val_accuracy", "accuracy", "val_acc", "acc"):
        if shown.get(name):
            return float(shown[name][-1])
    return otherwise


def _loaded(plain: Any, model: Any, filepath: Any, *arguments: Any, **named: Any) -> Any:
    result = plain(model, filepath, *arguments, **named)
    with contextlib.suppress(Exception):
        found = _digest_of_file(filepath)
        earlier = _notes.get(found, {})
        steps, accuracy = int(earlier.get("steps", 0)), float(earlier.get("accuracy", -1.0))
        _states[model] = replace(_state(model), steps=steps, accuracy=accuracy, loaded=found)
    return result


def _saved(plain: Any, model: Any, filepath: Any, *arguments: Any, **named: Any) -> Any:
    result = plain(model, filepath, *arguments, **named)
    with contextlib.suppress(Exception):
        _note(_digest_of_file(filepath), _state(model), model)
    return result


def _converted(plain: Any, converter: Any, *arguments: Any, **named: Any) -> Any:
    content = plain(converter, *arguments, **named)
    with contextlib.suppress(Exception):
        model = converter._keras_model  # noqa: SLF001 - the converter keeps no other trace of it
        _note(hashlib.sha256(content).hexdigest(), _state(model), model)
    return content


def _rewrapped(stage: str, plain: Any, model: Any, *arguments: Any, **named: Any) -> Any:
    result = plain(model, *arguments, **named)
    with contextlib.suppress(Exception):
        before, own = _state(model), _state(result)
        _states[result] = replace(before, model=own.model, wrapped=(*before.wrapped, stage))
    return result


def _digest_of_file(path: Any) -> str:
    file = Path(os.fspath(path))
    if not file.is_file() or file.stat().st_size > MOST_BYTES:
        return ""
    return hashlib.sha256(file.read_bytes()).hexdigest()


def _note(digest: str, state: State, model: Any) -> None:
    if digest and (digest in _notes or len(_notes) < MOST_NOTES):
        _notes[digest] = {
            "sha256": digest,
            "model": state.model,
            "wrapped": list(state.wrapped),
            "steps": state.steps,
            "accuracy": state.accuracy,
            "loaded": state.loaded,
            "parameters": int(model.count_params()),
        }
