"""Keywords and file endings that only Keras 3 has, or only Keras 2: renamed to what the Keras at hand takes."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from dataclasses import dataclass

from graders.framework.repairs.literals import replace_literals
from graders.framework.repairs.model import Edits, Failure, NewText, Repair, Surroundings
from graders.framework.repairs.source import StatementText, called_name, keyword, statement_at

NAME, ENDING = "Keras keyword", "Keras file ending"
KERAS_2, KERAS_3 = "Keras 2 (tf.keras here)", "Keras 3 (import keras)"
WEIGHTS = ".weights.h5"


@dataclass(frozen=True)
class Renaming:
    """A message about a keyword, and its new name in the calls that it may be about; None leaves it out.

    ``keras``: which Keras does not take it.
    """

    exception: str
    message: re.Pattern[str]
    new: Mapping[tuple[str, str], str | None]
    keras: str


_SAVES = ("save", "save_model", "save_weights")
_OPTIMIZERS = ("Adam", "AdamW", "SGD", "RMSprop", "Adagrad", "Adadelta", "Nadam", "Adamax")
RENAMINGS = (
    Renaming(
        "ValueError",
        re.compile(r"Unrecognized keyword arguments: \['(?P<keyword>\w+)'\]\Z"),
        {("InputLayer", "shape"): "input_shape", ("InputLayer", "batch_shape"): "batch_input_shape"},
        KERAS_2,
    ),
    Renaming(
        "TypeError",
        re.compile(r"Input\(\) got an unexpected keyword argument '(?P<keyword>\w+)'\Z"),
        {("Input", "input_shape"): "shape", ("Input", "batch_input_shape"): "batch_shape"},
        KERAS_3,
    ),
    Renaming(
        "ValueError",
        re.compile(r"Argument\(s\) not recognized: \{'(?P<keyword>\w+)': [^{}]{1,80}\}\Z"),
        {(name, "lr"): "learning_rate" for name in _OPTIMIZERS},
        KERAS_3,
    ),
    Renaming(
        "TypeError",
        re.compile(r"Model\.save_weights\(\) got an unexpected keyword argument '(?P<keyword>save_format)'\Z"),
        {("save_weights", "save_format"): None},
        KERAS_3,
    ),
    Renaming(
        "ValueError",
        re.compile(
            r'save_weights got (?P<keyword>save_format)="tf"/"tensorflow", but the filepath \(.{1,300}\) looks like .*'
        ),
        {("save_weights", "save_format"): None},
        KERAS_2,
    ),
    Renaming(
        "ValueError",
        re.compile(
            r"Invalid `filepath` argument: expected a `\.keras` extension\. Received: filepath=\S{1,300}\.(?:h5|hdf5)\Z"
        ),
        {(name, "save_format"): None for name in _SAVES},
        KERAS_2,
    ),
    Renaming(
        "ValueError",
        re.compile(
            r"The following argument\(s\) are not supported with the native (?:TF-)?Keras format: "
            r"\['(?P<keyword>\w+)'\]\Z"
        ),
        {(name, each): None for name in _SAVES for each in ("include_optimizer", "save_format")},
        KERAS_2,
    ),
)
_ENDINGS = (
    re.compile(r"The filename must end in `\.weights\.h5`\. Received: filepath=(?P<path>\S{1,300})\Z"),
    re.compile(r"When using `save_weights_only=True` in `ModelCheckpoint`, .*Received: filepath=(?P<path>\S{1,300})\Z"),
)


def other_keyword(failure: Failure, around: Surroundings) -> Repair | None:
    """Renames a keyword in the call that failed, or leaves it out where it says what the file's ending says."""
    for each in RENAMINGS:
        found = each.message.fullmatch(failure.message) if failure.exception == each.exception else None
        if found is not None:
            name = found.groupdict().get("keyword", "save_format")
            return _renamed(failure, around, each, name)
    return None


def _renamed(failure: Failure, around: Surroundings, renaming: Renaming, name: str) -> Repair | None:
    text = around.read(failure.place.file)
    statement = None if text is None else statement_at(text, failure.place.line)
    if statement is None:
        return None
    fitting = [(call, argument) for call in statement.calls() if (argument := _argument(call, name, renaming))]
    if len(fitting) != 1:
        return None
    call, argument = fitting[0]
    called, new = called_name(call), renaming.new[called_name(call), name]
    return Repair(
        name=NAME,
        place=failure.place,
        wrong=f"{called} of {renaming.keras} has no argument {name}",
        instead=f"write {new}= for {name}=" if new else f"leave {name}= out",
        edits=Edits(texts=(_edited(failure.place.file, statement, argument, new),)),
    )


def _argument(call: ast.Call, name: str, renaming: Renaming) -> ast.keyword | None:
    known = (called_name(call), name) in renaming.new
    return keyword(call, name) if known else None


def _edited(file: str, statement: StatementText, argument: ast.keyword, new: str | None) -> NewText:
    if new is None:
        return NewText(file, statement.first, statement.last, statement.without(argument))
    # What is renamed is the name in front of the value.
    value = statement.replaced(argument, "\0")
    start = value.index("\0")
    assert argument.arg is not None
    return NewText(
        file,
        statement.first,
        statement.last,
        statement.text[:start] + new + statement.text[start + len(argument.arg) :],
    )


def weights_ending(failure: Failure, around: Surroundings) -> Repair | None:
    """Gives a file of weights the ending that Keras 3 requires, wherever the file's name is written."""
    found = [form.fullmatch(failure.message) for form in _ENDINGS] if failure.exception == "ValueError" else []
    path = next((each["path"] for each in found if each), "")
    if not path:
        return None
    new = path.removesuffix(".h5").removesuffix(".keras").removesuffix(".hdf5") + WEIGHTS
    texts = replace_literals(around.texts(failure.place.file), path, new)
    if not texts:
        return None
    return Repair(
        name=ENDING,
        place=failure.place,
        wrong=f"{KERAS_3} stores weights only in files that end in {WEIGHTS}",
        instead=f'write "{new}" for "{path}"',
        edits=Edits(texts=texts),
    )
