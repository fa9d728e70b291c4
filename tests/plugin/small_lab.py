"""A small lab of three runs, none of which needs TensorFlow, and submissions of it: for tests of what pytest does with labs."""

from __future__ import annotations

from pathlib import Path

TOML = """id = "small_lab"
title = "Doubling"
student_file = "small_lab/double.py"
{quick}

[[criteria]]
id = "small.shown"
title = "The example is doubled"
points = 1

[[criteria]]
id = "small.values"
title = "Any value is doubled"
points = 2
where = ["double"]

[[criteria]]
id = "small.first"
title = "The first value is doubled"
points = 1

[[criteria]]
id = "small.runs"
title = "Runs as submitted"
points = 0.5

[hints.wrong]
cause = "Something else is returned."
next = "Return twice the value."
"""
LAB = """import numpy as np

from graders.framework.functions.lab import Call, FunctionLab


def value(number):
    return lambda context: Call("double", [np.array([float(number)])])


def drawn(context):
    return Call("double", [np.array([context.drawn("value").uniform(10.0, 20.0)])])


LAB = FunctionLab(__file__, {"shown": value(2), "values-1": value(1), "values-drawn": drawn})
"""
TESTS = """from graders.framework.checks import check, criterion


def require_doubled(evidence):
    (given,), found = evidence.arguments, evidence.array()
    check(found == 2 * given, measured=str(found), expected=str(2 * given), hint="wrong")


@criterion("small.shown", runs="shown")
def test_the_example(evidence):
    require_doubled(evidence)


@criterion("small.values", runs="values-*")
def test_any_value(evidence):
    require_doubled(evidence)


@criterion("small.first", runs="values-1")
def test_the_first(evidence):
    require_doubled(evidence)
"""
QUICK = 'quick = ["shown", "values-drawn"]'
RIGHT = "def double(values):\n    return 2 * values\n"
# Right for what the assignment shows, wrong for what is drawn.
WRONG = "def double(values):\n    return 2 * values if values[0] < 5 else values\n"
FILE = Path("small_lab", "double.py")


def make_lab(folder: Path, quick: str = QUICK) -> Path:
    """The lab, below ``folder``. :param quick: the line of its ``lab.toml``."""
    lab = folder / "labs" / "small_lab"
    lab.mkdir(parents=True)
    for name, text in (("lab.toml", TOML.replace("{quick}", quick)), ("lab.py", LAB), ("test_lab.py", TESTS)):
        (lab / name).write_text(text, encoding="utf-8")
    return lab


def make_submission(folder: Path, code: str, name: str = "ada") -> Path:
    """A submission that has this code."""
    submission = folder / name
    (submission / FILE).parent.mkdir(parents=True)
    (submission / FILE).write_text(code, encoding="utf-8")
    return submission
