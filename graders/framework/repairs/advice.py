"""Likely causes of failures that nothing repairs: packages, the two Kerases, names, and files that are not there."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Mapping
from functools import cache
from importlib.metadata import packages_distributions
from pathlib import PurePosixPath

from graders.core.errors import Advice
from graders.core.text import plain_line
from graders.framework.repairs.model import Failure, Surroundings
from graders.framework.repairs.paths import is_foreign, path_error
from graders.framework.repairs.source import MAX_TEXT

LIKE, MOST_SHOWN, MOST_NAMES = 0.8, 5, 2000
_NO_MODULE = re.compile(r"No module named '(?P<name>\w{1,80}(?:\.\w{1,80}){0,8})'")
_VIEW_KEPT = "There is at least 1 reference to internal data"
_NO_NAME = re.compile(r"(?:name|cannot access local variable) '(?P<name>[^\W\d]\w{0,99})' ")
_BOUND = re.compile(
    r"^[ \t]*(?:(?:async[ \t]+)?def|class)[ \t]+(\w{1,100})\b|^[ \t]*(\w{1,100})[ \t]*(?::[^=\n]{1,80})?=(?!=)"
    r"|\bimport[ \t]+(\w{1,100})\b|\bas[ \t]+(\w{1,100})\b",
    re.MULTILINE,
)
# What Keras 2, Keras 3 and tfmot say of an object or an argument of the other one.
_ARGUMENTS = r"\b(?:batch_|batch_input_|input_)?shape\b|\blr\b|\bdecay\b|\bsave_format\b|\boptional\b"
_OTHER_KERAS = (
    re.compile(
        r"(?:Unrecognized keyword arguments|Keyword argument not understood|Argument\(s\) not recognized).{0,80}"
        rf"(?:{_ARGUMENTS})"
    ),
    re.compile(r"can only prune an object of the following types.*type: (?:Sequential|Functional)\b"),
    re.compile(r"to_quantize` can only either be a keras Sequential or Functional model"),
    re.compile(r"<(?:class ')?keras\.src\."),
    re.compile(r"Could not interpret \w+ identifier: <tf_keras\."),
    re.compile(r"Only instances of `keras\.Layer` can be added.*<tf_keras\."),
    re.compile(r"The filename must end in `\.weights\.h5`|`save_format` argument is deprecated in Keras 3"),
    re.compile(r"Keras 3 only supports|expected a `\.keras` extension|native (?:TF-)?Keras format"),
    re.compile(r"'(?:tuple|KerasTensor)' object has no attribute 'rank'"),
)


def advise(failure: Failure, around: Surroundings) -> Advice | None:
    """The likely cause of a failure and what to do; None if nothing is known of it."""
    return next((found for kind in KINDS if (found := kind(failure, around)) is not None), None)


def _module(failure: Failure, around: Surroundings) -> Advice | None:
    found = _NO_MODULE.match(failure.message) if failure.exception == "ModuleNotFoundError" else None
    if found is None:
        return None
    name = found["name"]
    top = name.partition(".")[0]
    like = difflib.get_close_matches(top, _installed(), 1, LIKE)
    if around.submitted(top):
        own = [PurePosixPath(file).stem for file in around.files() if file.endswith(".py")]
        near = difflib.get_close_matches(name.rpartition(".")[2], own, 1, LIKE)
        there = f"; there is {near[0]}.py" if near else ""
        return Advice(f"The submission has no module {name}{there}.", "Commit the file, or correct the import.")
    if top in _installed():
        return Advice(f"{top} is installed, but it has no module {name}.", "Use a module of the installed version.")
    if like:
        return Advice(f"There is no module {top}; {like[0]} is installed.", f"If you mean it, import {like[0]}.")
    cause = f"The module {top} is not in the lab's environment, nor a file of the submission."
    return Advice(cause, "Use the lab's packages in its place; if it is a file of your own, commit it.")


@cache
def _installed() -> list[str]:
    """The top-level modules of every installed package."""
    return sorted(packages_distributions())


def _keras(failure: Failure, around: Surroundings) -> Advice | None:  # noqa: ARG001 - as the other kinds
    if not any(form.search(failure.message) for form in _OTHER_KERAS):
        return None
    return Advice(
        "Names or objects of Keras 3 and Keras 2 are mixed: runs use Keras 2 as tf.keras (TF_USE_LEGACY_KERAS=1), "
        "which tfmot needs, and `import keras` is Keras 3.",
        "Use tf.keras or tf_keras throughout, with arguments that Keras 2 has.",
    )


def _name(failure: Failure, around: Surroundings) -> Advice | None:
    if failure.exception not in ("NameError", "UnboundLocalError"):
        return None
    found = _NO_NAME.match(failure.message)
    if found is None:
        return None
    name, bound = found["name"], bound_names(around.texts(failure.place.file))
    if name in bound:
        return Advice(
            f"{name} is used before {bound[name]} gives it a value, or where that failed.",
            "Define it above its first use.",
        )
    like = difflib.get_close_matches(name, list(bound), 1, LIKE)
    if like:
        return Advice(f"{name} is not defined; {like[0]} is, in {bound[like[0]]}.", f"If you mean it, write {like[0]}.")
    return Advice(f"{name} is defined nowhere in this code.", "Define or import it above its first use.")


def bound_names(texts: Mapping[str, str]) -> dict[str, str]:
    """Names that code gives a value somewhere, each with its first place."""
    found: dict[str, str] = {}
    for file, text in texts.items():
        line = counted = 0
        for match in _BOUND.finditer(text[:MAX_TEXT]):
            start = match.start(match.lastindex or 0)
            line, counted = line + text.count("\n", counted, start), start
            found.setdefault(match[match.lastindex or 0], f"{file}, line {line + 1}")
            if len(found) >= MOST_NAMES:
                return found
    return found


def _file(failure: Failure, around: Surroundings) -> Advice | None:
    found = path_error(failure)
    if found is None or failure.exception == "PermissionError":
        return None
    path = plain_line(found.path)
    if is_foreign(found.path):
        return Advice(f"{path} is a path of your own machine.", "Use the paths that your code is given.")
    files = around.files()
    name = PurePosixPath(found.path).name
    same = [file for file in files if PurePosixPath(file).name == name and file != found.path]
    if same:
        cause = f"There is no {path} from where the run starts, an empty folder; the submission has {_listed(same)}."
        return Advice(cause, "Find your own files from Path(__file__), not from the current folder.")
    folder = PurePosixPath(found.path).parent.as_posix()
    beside = sorted(
        {file.removeprefix(f"{folder}/").partition("/")[0] for file in files if file.startswith(f"{folder}/")}
    )
    there = f"that folder of the submission has {_listed(beside)}" if beside else "the submission has no such file"
    return Advice(f"There is no {path}: {there}.", "Use what your code is given, or commit the file if it is small.")


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - MOST_SHOWN} more" if len(names) > MOST_SHOWN else ""
    return ", ".join(plain_line(name) for name in names[:MOST_SHOWN]) + more


def _view(failure: Failure, around: Surroundings) -> Advice | None:  # noqa: ARG001 - as the other kinds
    if failure.exception != "RuntimeError" or not failure.message.startswith(_VIEW_KEPT):
        return None
    return Advice(
        "A view into the interpreter's memory, as tensor(index)() returns it, is kept while the interpreter runs.",
        "Use set_tensor and get_tensor, which copy; or call tensor(index)() for each use and keep nothing of it.",
    )


KINDS: tuple[Callable[[Failure, Surroundings], Advice | None], ...] = (_module, _keras, _name, _file, _view)
