"""What the runner does with a notebook: executes its cells in one namespace, serves MNIST offline, tries its functions.

It runs beside the student's code, so the grader trusts nothing from here; it imports nothing of optgrade. There is
no kernel and no socket: cells are compiled and executed right here, so whatever holds for a run holds for a notebook.
"""

from __future__ import annotations
import __future__

import ast
import builtins
import contextlib
import functools
import importlib
import importlib.abc
import importlib.machinery
import importlib.util
import io
import linecache
import numbers
import operator
import os
import sys
import traceback
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

Answer = tuple[dict[str, Any], dict[str, Any]]
MAX_MESSAGE, MAX_PRINTED, MAX_NAMES, MAX_TEXT, MAX_ERRORS = 2000, 16_000, 64, 300, 20
SIDE, SHIFT, WIDENING = 28, 2, 28_28
LOADERS = ("tf_keras.src.datasets.mnist", "keras.src.datasets.mnist")
IMAGES = ("test_images", "x_test", "X_test")
LABELS = ("test_labels", "y_test", "Y_test")
_main = types.ModuleType("__main__")
_space = _main.__dict__
_made: dict[str, Any] = {}
_known = (getattr(__future__, name) for name in __future__.all_feature_names)
FEATURES = functools.reduce(operator.or_, (feature.compiler_flag for feature in _known))
_features = {"flags": 0}


def _beside(name: str) -> types.ModuleType:
    """A module of the same folder, which is no package here; see ``Lab.driver_files``."""
    spec = importlib.util.spec_from_file_location(f"optgrade_{name}", Path(__file__).with_name(f"{name}.py"))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    # Dataclasses look for the module that they are in.
    sys.modules[module.__name__] = module
    spec.loader.exec_module(module)
    return module


_models = _beside("driver_models")


def prepare(data: str, train: int, test: int, folder: str) -> Answer:
    """Makes the notebook's namespace. :param data: the digits to serve. :param folder: where the notebook lies."""
    sys.modules["__main__"] = _main
    sys.path.insert(0, folder)
    _serve(Path(data), train, test)
    _stand_in()
    _models.install()
    return {}, {}


def cell(number: int, code: str) -> Answer:
    """Executes a cell, statement by statement, and shows its last expression, as a notebook does.

    What a statement raises is returned, not raised, and the statements after it are executed all the same, unless the
    statement was there to end the cell.
    """
    name = f"<cell {number}>"
    # With no time of its own an entry is never taken for out of date: functions of a cell show their source.
    linecache.cache[name] = (len(code), None, code.splitlines(keepends=True), name)
    heard = io.StringIO()
    errors: list[dict[str, Any]] = []
    with _heard(heard):
        shown = _execute(code, name, errors)
        for raised in errors:
            print(f"{raised['place']}: {raised['type']}: {raised['message']}", file=sys.stderr)
    return {"errors": errors, "printed": heard.getvalue()[-MAX_PRINTED:], "shown": shown}, {}


def _execute(code: str, name: str, errors: list[dict[str, Any]]) -> str:
    """Runs a cell, and adds what its statements raise; what its last expression shows, which was printed too."""
    statements: list[ast.stmt] = []
    shown = ""
    try:
        statements = ast.parse(code, name).body
    except BaseException as error:  # noqa: BLE001 - nested too deeply for the parser, too
        errors.append(_described(error, name))
    for place, statement in enumerate(statements, start=1):
        try:
            if place == len(statements) and isinstance(statement, ast.Expr):
                shown = _show(statement, name, quiet=code.rstrip().endswith(";"))
            else:
                _run(ast.Module([statement], []), name, "exec")
        except BaseException as error:  # noqa: BLE001 - sys.exit and KeyboardInterrupt of a student's included
            lines = {"start": statement.lineno, "end": statement.end_lineno or statement.lineno}
            errors.append(_described(error, name) | lines)
            if len(errors) >= MAX_ERRORS or isinstance(statement, ast.Raise) or not isinstance(error, Exception):
                break
    return shown


def _run(tree: ast.Module | ast.Expression, name: str, mode: str) -> Any:
    # Not with this file's own features, but with those that an earlier cell has imported.
    code = compile(tree, name, mode, flags=_features["flags"], dont_inherit=True)
    _features["flags"] |= code.co_flags & FEATURES
    return eval(code, _space)  # noqa: S307 - it is what this process is for


def _show(statement: ast.Expr, name: str, *, quiet: bool) -> str:
    value = _run(ast.Expression(statement.value), name, "eval")
    if value is None or quiet:
        return ""
    _space["_"] = value
    shown = _shown(value)
    print(shown)
    return shown


def _shown(value: Any) -> str:
    try:
        return repr(value)[:MAX_PRINTED]
    except Exception as error:  # noqa: BLE001 - a student's __repr__ may do anything
        return f"(can't be shown: {type(error).__name__})"


class _Both(io.TextIOBase):
    """Writes to the run's own output, and keeps the end of what was written."""

    def __init__(self, real: Any, kept: io.StringIO) -> None:
        self._real, self._kept = real, kept

    def write(self, text: str) -> int:
        if self._kept.tell() > 4 * MAX_PRINTED:
            end = self._kept.getvalue()[-MAX_PRINTED:]
            self._kept.seek(0)
            self._kept.truncate()
            self._kept.write(end)
        self._kept.write(text)
        return int(self._real.write(text))

    def flush(self) -> None:
        self._real.flush()

    def fileno(self) -> int:
        return int(self._real.fileno())

    def isatty(self) -> bool:
        return False


@contextlib.contextmanager
def _heard(kept: io.StringIO) -> Iterator[None]:
    real = sys.stdout
    sys.stdout = _Both(real, kept)
    try:
        yield
    finally:
        sys.stdout = real


def _described(error: BaseException, name: str) -> dict[str, Any]:
    """An exception as plain data, with the line of the cell that it came through last."""
    line, code = 0, ""
    for frame in traceback.extract_tb(error.__traceback__):
        if frame.filename.startswith("<cell "):
            line, code, name = frame.lineno or 0, frame.line or "", frame.filename
    if isinstance(error, SyntaxError) and error.filename == name:
        line, code = error.lineno or 0, (error.text or "").strip()
    try:
        message = str(error.msg if isinstance(error, SyntaxError) else error)
    except BaseException:  # noqa: BLE001 - a student's __str__ may do anything
        message = "(its message can't be shown)"
    if len(message) > MAX_MESSAGE:
        # TensorFlow puts whole stacks before the reason.
        message = message[: MAX_MESSAGE // 2] + " … " + message[-MAX_MESSAGE // 2 :]
    kind = type(error).__name__[:200]
    return {"type": kind, "message": message, "place": name[1:-1], "line": line, "code": code[:200]}


def _serve(path: Path, train: int, test: int) -> None:
    """Has every ``datasets.mnist.load_data`` return the requested number of the digits at ``path``."""

    def load_data(*_: Any, **__: Any) -> Any:
        with np.load(path, allow_pickle=False) as digits:
            found = {name: digits[name] for name in digits.files}
        return (
            _widened(found["x_train"], found["y_train"], train),
            _widened(found["x_test"], found["y_test"], test),
        )

    for name, module in list(sys.modules.items()):
        if name.endswith("datasets.mnist") and hasattr(module, "load_data"):
            setattr(module, "load_data", load_data)  # noqa: B010 - it has one already, which types do not know
    sys.meta_path.insert(0, _Serving(load_data))


class _Serving(importlib.abc.MetaPathFinder):
    """Serves MNIST in libraries that are imported later."""

    def __init__(self, load_data: Any) -> None:
        self._load_data = load_data

    def find_spec(self, name: str, path: Any, target: Any = None) -> Any:
        if name not in LOADERS:
            return None
        spec = importlib.machinery.PathFinder.find_spec(name, path, target)
        if spec is None or spec.loader is None:
            return None
        plain, load_data = spec.loader.exec_module, self._load_data

        def exec_module(module: Any) -> None:
            plain(module)
            module.load_data = load_data

        spec.loader.exec_module = exec_module  # type: ignore[method-assign]
        return spec


def _widened(images: np.ndarray, labels: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """So many digits: each as it is, then each shifted by up to two pixels, over and over; always the same ones."""
    random = np.random.Generator(np.random.PCG64(WIDENING + len(images)))
    chosen = np.arange(count) % len(images)
    steps = random.integers(-SHIFT, SHIFT + 1, (count, 2))
    steps[: len(images)] = 0
    order = random.permutation(count)
    chosen, steps = chosen[order], steps[order]
    wide = np.empty((count, SIDE, SIDE), np.uint8)
    for step in np.unique(steps, axis=0):
        places = (steps == step).all(axis=1)
        wide[places] = np.roll(images[chosen[places]], tuple(step), axis=(1, 2))
    return wide, labels[chosen]


class _Shell:
    """What get_ipython() gives: none of its methods does anything but say so."""

    config: dict[str, Any] = {}  # noqa: RUF012 - libraries look for a notebook's kernel in it
    kernel = None

    def __getattr__(self, name: str) -> Any:
        def not_done(*arguments: Any, **_: Any) -> None:
            shown = " ".join(str(each)[:100] for each in arguments)
            print(f"(not run in grading: get_ipython().{name} {shown})")

        return not_done


def _stand_in() -> None:
    """Modules and names that a notebook's kernel gives and this process does not have."""
    shell = _Shell()

    def display(*values: Any, **_: Any) -> None:
        for value in values:
            print(_shown(value))

    def nothing(*_: Any, **__: Any) -> None:
        return None

    showing = {"display": display, "clear_output": nothing}
    showing |= {name: lambda *_, **__: None for name in ("Image", "HTML", "Markdown", "SVG", "Latex", "Javascript")}
    colab = {
        "files": {"upload": nothing, "download": nothing},
        "drive": {"mount": nothing},
        "output": {"clear": nothing},
    }
    parts: dict[str, dict[str, Any]] = {
        "IPython": {"get_ipython": lambda: shell},
        "IPython.display": showing,
        "google.colab": {},
    }
    parts |= {f"google.colab.{name}": found for name, found in colab.items()}
    for name, content in parts.items():
        module = types.ModuleType(name)
        module.__dict__.update(content)
        sys.modules.setdefault(name, module)
        above, _, own = name.rpartition(".")
        if above:
            with contextlib.suppress(ImportError):
                setattr(importlib.import_module(above), own, sys.modules[name])
    sys.modules["IPython"].__path__ = []
    sys.modules["google.colab"].__path__ = []
    _space.update(get_ipython=lambda: shell, display=display, __builtins__=builtins)


def names() -> dict[str, Any]:
    """The notebook's names, for whoever executes it outside of a run."""
    return _space


def state() -> Answer:
    """What the notebook's names hold: the files that it wrote, its metrics, its models' numbers of parameters."""
    files: dict[str, str] = {}
    parameters: dict[str, int] = {}
    box = os.path.realpath(os.environ["HOME"])
    for name, value in list(_space.items())[:2000]:
        if name.startswith("FILE") and isinstance(value, (str, Path)) and len(files) < MAX_NAMES:
            files[name] = os.path.relpath(os.path.abspath(value), box)[:MAX_TEXT]
        elif hasattr(type(value), "count_params") and len(parameters) < MAX_NAMES:
            with contextlib.suppress(Exception):
                parameters[name] = int(value.count_params())
    here = os.path.relpath(Path.cwd(), box)
    metrics = {name: _numbers(_space.get(name)) for name in ("MODEL_SIZE", "ACCURACY")}
    functions = [
        name
        for name in ("model_builder", "convert_tflite", "evaluate_tflite_model", "get_gzipped_model_size")
        if callable(_space.get(name))
    ]
    facts = {"files": files, "folder": here, "figures": metrics, "parameters": parameters, "functions": functions}
    return {**facts, "models": _models.notes()}, {}


def _numbers(value: Any) -> dict[str, float]:
    found: dict[str, float] = {}
    if isinstance(value, dict):
        for key, each in list(value.items())[:MAX_NAMES]:
            number = _number(each)
            if number is not None:
                found[str(key)[:MAX_TEXT]] = number
    return found


def _number(value: Any) -> float | None:
    """A value as a number, if it is one or an array of one element."""
    if isinstance(value, numbers.Real):
        return float(value)
    with contextlib.suppress(Exception):
        array = np.asarray(value)
        if array.size == 1 and array.dtype.kind in "iuf":
            return float(array.reshape(-1)[0])
    return None


def fresh(**weights: Any) -> Answer:
    """Makes a model of the lab's network with these weights."""
    import tensorflow as tf

    layers = tf.keras.layers
    model = tf.keras.Sequential(
        [
            layers.InputLayer(input_shape=(SIDE, SIDE)),
            layers.Reshape((SIDE, SIDE, 1)),
            layers.Conv2D(12, (3, 3), activation="relu"),
            layers.MaxPooling2D((2, 2)),
            layers.Flatten(),
            layers.Dense(10, activation="softmax"),
        ]
    )
    model.set_weights([np.array(weights[key]) for key in sorted(weights)])
    model.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    _made["model"] = model
    return {}, {}


class MissingFunction(Exception):
    """The notebook defines no function of that name."""


def _function(name: str) -> Any:
    found = _space.get(name)
    if not callable(found):
        raise MissingFunction(f"the executed notebook defines no function {name}")
    return found


def convert(name: str, quantize: bool) -> Answer:
    """The student's convert_tflite on the fresh model."""
    function = _function("convert_tflite")
    if quantize:
        function(_made["model"], name, True)
    else:
        function(_made["model"], name)
    return {}, {}


def evaluate(name: str, content: Any, images: Any, labels: Any) -> Answer:
    """The student's evaluate_tflite_model on a file of this content, with images in the form of its own test images."""
    Path(name).write_bytes(np.array(content).tobytes())
    own, own_labels = _first(IMAGES), _first(LABELS)
    if own is None or own.max(initial=0) <= 2:
        images = (images / 255).astype(np.float32 if own is None else own.dtype)
    elif own.dtype.kind == "f":
        images = images.astype(own.dtype)
    if own is not None and own.ndim == 4:
        images = images[..., None]
    if own_labels is not None and own_labels.ndim == 2 and own_labels.shape[1] == 10:
        labels = np.eye(10, dtype=np.float32)[labels]
    value = _function("evaluate_tflite_model")(name, images, labels)
    return {"value": _number(value), "pixels": bool(own is not None and own.max(initial=0) > 2)}, {}


def _first(names: tuple[str, ...]) -> Any:
    for name in names:
        value = _space.get(name)
        if isinstance(value, np.ndarray) and value.ndim:
            return value
    return None


def gzipped(name: str, content: Any) -> Answer:
    """The student's get_gzipped_model_size on a file of this content."""
    Path(name).write_bytes(np.array(content).tobytes())
    return {"value": _number(_function("get_gzipped_model_size")(name))}, {}


OPERATIONS = {
    "prepare": prepare,
    "cell": cell,
    "state": state,
    "fresh": fresh,
    "convert": convert,
    "evaluate": evaluate,
    "gzipped": gzipped,
}
