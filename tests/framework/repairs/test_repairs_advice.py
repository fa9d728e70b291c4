"""The likely cause of a failure that nothing repairs."""

from __future__ import annotations

import pytest

from graders.core.errors import RunError, SourceLine
from graders.core.paths import LABS
from graders.core.verdicts import Verdict
from graders.framework.lab_toml import load
from graders.framework.repairs import Failure, Surroundings, advise
from graders.framework.repairs.advice import MOST_NAMES, bound_names
from graders.framework.repairs.model import CellSource
from graders.scoring.outcomes import reason_of

FILE = "lab/work.py"
FILES = ("lab/work.py", "lab/quantise_tools.py", "data/labels.csv", "config/a.json", "config/b.json")
CODE = "import numpy as np\n\n\ndef print_metrics(x):\n    pass\n\n\nprint_metric(3)\nclass Late: pass\n"


def advice(exception: str, message: str, code: str = CODE) -> str:
    """Cause and next step, in a line; empty if nothing is known."""
    around = Surroundings(
        read=lambda file: code if file == FILE else None,
        folder_exists=lambda _: False,
        submitted=lambda name: name == "lab",
        files=lambda: FILES,
    )
    found = advise(Failure(exception, message, SourceLine(FILE, 1, "")), around)
    return "" if found is None else f"{found.cause} {found.next}"


NO_FILE = "[Errno 2] No such file or directory: '{}'"
MIXED = "Keras 3 and Keras 2 are mixed"


@pytest.mark.parametrize(
    ("exception", "message", "says"),
    [
        ("ModuleNotFoundError", "No module named 'tensorlfow'", "There is no module tensorlfow; tensorflow is installed"),
        ("ModuleNotFoundError", "No module named 'qqqq'", "qqqq is not in the lab's environment"),
        ("ModuleNotFoundError", "No module named 'numpy.ml'", "numpy is installed, but it has no module numpy.ml"),
        ("ModuleNotFoundError", "No module named 'lab.quantize_tools'", "there is quantise_tools.py"),
        ("NameError", "name 'print_metric' is not defined", "print_metrics is, in lab/work.py, line 4"),
        ("NameError", "name 'Late' is not defined", "Late is used before lab/work.py, line 9 gives it a value"),
        ("NameError", "name 'zzz' is not defined", "zzz is defined nowhere"),
        ("FileNotFoundError", NO_FILE.format("labels.csv"), "the submission has data/labels.csv"),
        ("FileNotFoundError", NO_FILE.format("config/c.json"), "that folder of the submission has a.json, b.json"),
        ("OSError", "No file or directory found at build/pets.h5", "the submission has no such file"),
        ("FileNotFoundError", NO_FILE.format("/content/x.csv"), "/content/x.csv is a path of your own machine"),
        (
            "ValueError",
            "`prune_low_magnitude` can only prune an object of the following types: list. You passed type: Sequential.",
            MIXED,
        ),
        ("ValueError", "Could not interpret optimizer identifier: <keras.src.optimizers.adam.Adam object>", MIXED),
        ("TypeError", "('Keyword argument not understood:', 'batch_shape')", MIXED),
        ("RuntimeError", "There is at least 1 reference to internal data\n in the interpreter", "set_tensor and get_tensor"),
    ],
)  # fmt: skip
def test_what_is_known_is_said(exception: str, message: str, says: str) -> None:
    """Packages, the two Kerases, names, and files, each with what is there instead."""
    assert says in advice(exception, message)


@pytest.mark.parametrize(
    ("exception", "message"),
    [
        ("ValueError", "shapes (3,) and (4,) are not aligned"),
        ("TypeError", "('Keyword argument not understood:', 'colour')"),
        ("TypeError", "The added layer must be an instance of class Layer. Received: layer=3 of type <class 'int'>."),
        ("KeyError", "'name'"),
        ("ImportError", "cannot import name 'x' from 'y'"),
    ],
)
def test_nothing_is_made_up(exception: str, message: str) -> None:
    """Other failures keep the plain hint."""
    assert advice(exception, message) == ""


def test_a_name_of_another_cell_is_found() -> None:
    """Cells share their names."""
    cells = (CellSource(0, 1, "print_metric(1)"), CellSource(4, 2, "\ndef print_metrics(x): pass"))
    around = Surroundings(lambda _: "", lambda _: False, lambda _: False, cells=cells)
    found = advise(Failure("NameError", "name 'print_metric' is not defined", SourceLine("cell 1", 1, "")), around)
    assert found is not None
    assert "print_metrics is, in cell 5, line 2" in found.cause


@pytest.mark.parametrize(
    "code",
    ["".join(f"x{n} = 1\n" for n in range(30_000)), "a" * 300_000 + " = 1", "import a\n" * 40_000, "as " * 100_000],
)
def test_of_hostile_code_little_is_looked_at(code: str) -> None:
    """The number of names and their lengths are bounded, whatever the code holds."""
    names = bound_names({FILE: code})
    assert len(names) <= MOST_NAMES
    assert all(len(name) <= 100 for name in names)
    assert "zzz is defined nowhere" in advice("NameError", "name 'zzz' is not defined", code)


def test_a_reason_has_the_advice() -> None:
    """In place of what is said of every exception, also when the error is told in other words."""
    error = RunError(Verdict.FAILED, "cell 1 raised NameError: name 'x' is not defined", exception="NameError")
    around = Surroundings(lambda _: "", lambda _: False, lambda _: False)
    error.advise(advise(Failure("NameError", "name 'x' is not defined", SourceLine(FILE, 1, "")), around))
    _, reason = reason_of(error.restated("no file was written"), load(LABS / "l02_quantization"))
    assert (reason.measured, reason.cause) == ("no file was written", "x is defined nowhere in this code.")
