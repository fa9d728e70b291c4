"""lab.toml: every lab loads and adds up, and what is wrong with one is said in one line."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import fields
from decimal import Decimal
from pathlib import Path

import pytest

from graders.core.errors import GraderError
from graders.core.paths import LABS, REFERENCE, TEMPLATE
from graders.framework.definition import PERSON, Lab
from graders.framework.lab_toml import HISTORY, load
from graders.framework.registry import definitions
from graders.sandbox import Limits
from graders.sandbox.host.limits import MEBI
from graders.submission.history.rules import HistoryRules

FOLDERS = sorted(path.parent for path in LABS.glob("*/lab.toml"))
REPOSITORY = LABS.parents[1]

MINIMAL = """
id = "lx_example"
title = "Example"
student_file = "work/example.py"
given = ["work/kit.py"]
preload = ["numpy"]

[limits]
wall_s = 10
cpu_s = 20
memory_mib = 100
artifact_mib = 2

[settings]
share = 0.5

[thresholds]
size = 1.5

[[criteria]]
id = "lx.one"
title = "One"
points = 1.25

[[criteria]]
id = "lx.two"
title = "Two"
points = 2
marked_by = "person"

[hints.slow]
cause = "Too slow by {factor}."
next = "Be faster."
"""


@pytest.fixture
def written(tmp_path: Path) -> Callable[[str | bytes], Path]:
    """A lab's folder whose lab.toml has this text."""

    def write(text: str | bytes) -> Path:
        (tmp_path / "lab.toml").write_bytes(text if isinstance(text, bytes) else text.encode())
        return tmp_path

    return write


def complaint(folder: Path) -> str:
    """What loading says; one line that names the file."""
    with pytest.raises(GraderError) as raised:
        load(folder)
    message = str(raised.value)
    assert "\n" not in message
    assert message.startswith(str(folder / "lab.toml"))
    return message.removeprefix(str(folder / "lab.toml")).removeprefix(": ").removeprefix(", ")


def line_of(text: str, start: str) -> int:
    """The number of the first line that starts so."""
    return next(number for number, line in enumerate(text.splitlines(), start=1) if line.startswith(start))


def test_a_lab_is_what_its_file_says(written: Callable[[str], Path]) -> None:
    """Everything that the file says is in the lab, sizes in bytes, criteria in order."""
    lab = load(written(MINIMAL))
    assert (lab.id, lab.title, lab.student_file) == ("lx_example", "Example", "work/example.py")
    assert (lab.given, lab.preload) == (("work/kit.py",), ("numpy",))
    assert lab.limits == Limits(wall_s=10, cpu_s=20, memory=100 * MEBI)
    assert lab.artifact_bytes == 2 * MEBI
    assert [(each.id, each.title, each.points, each.marked_by) for each in lab.criteria] == [
        ("lx.one", "One", 1.25, "tests"),
        ("lx.two", "Two", 2.0, PERSON),
    ]
    assert (lab.hint("slow").cause, lab.hint("slow").next) == ("Too slow by {factor}.", "Be faster.")
    assert (lab.settings["share"], lab.thresholds["size"]) == (0.5, 1.5)


def test_criteria_and_hints_by_name(written: Callable[[str], Path]) -> None:
    """A criterion or a hint that there is not is the grader's fault, and the message names it and the lab."""
    lab = load(written(MINIMAL))
    assert lab.criterion("lx.two") is lab.criteria[1]
    with pytest.raises(GraderError, match=r"lx_example: no criterion 'lx\.three'"):
        lab.criterion("lx.three")
    with pytest.raises(GraderError, match="lx_example: no hint 'fast'"):
        lab.hint("fast")


MISSING = {
    "id": "no 'id'",
    "title": "no 'title'",
    "student_file": "no 'student_file'",
    "criteria": "no 'criteria'",
}


@pytest.mark.parametrize("key", MISSING)
def test_a_missing_key_is_named(key: str, written: Callable[[str], Path]) -> None:
    """A lab without a key that has no default does not load, and the message names the key."""
    text = MINIMAL.split("[[criteria]]", maxsplit=1)[0] if key == "criteria" else MINIMAL
    lines = text.splitlines()
    head = lines.index("[limits]")
    lines = [line for line in lines[:head] if line.split(" = ")[0] != key] + lines[head:]
    assert complaint(written("\n".join(lines))) == MISSING[key]


@pytest.mark.parametrize(
    ("start", "table"),
    [
        ('title = "One"', "[[criteria]]"),
        ("points = 2", "[[criteria]]"),
        ("cause", "[hints.slow]"),
        ("next", "[hints.slow]"),
    ],
)
def test_a_missing_key_of_a_table_is_named(start: str, table: str, written: Callable[[str], Path]) -> None:
    """The message names the table and its line."""
    number = line_of(MINIMAL, start)
    lines = [line for other, line in enumerate(MINIMAL.splitlines(), start=1) if other != number]
    opened = max(other for other, line in enumerate(lines, start=1) if line == table and other < number)
    key = start.split(" = ")[0]
    assert complaint(written("\n".join(lines))) == f"line {opened}: {table} has no key '{key}'"


SLIPS = {
    'titel = "Example"': ("titel", "", "title"),
    "wal_s = 10": ("wal_s", " in [limits]", "wall_s"),
    "pints = 1.25": ("pints", " in [[criteria]]", "points"),
    'casue = "Too slow by {factor}."': ("casue", " in [hints.slow]", "cause"),
}


@pytest.mark.parametrize("slip", SLIPS)
def test_an_unknown_key_is_named_with_its_line_and_the_nearest_one(slip: str, written: Callable[[str], Path]) -> None:
    """Nothing would use it, and it may stand in place of another one."""
    key, place, nearest = SLIPS[slip]
    above = {
        "": "id =",
        " in [limits]": "[limits]",
        " in [[criteria]]": 'id = "lx.one"',
        " in [hints.slow]": "[hints.slow]",
    }
    number = line_of(MINIMAL, above[place])
    lines = MINIMAL.splitlines()
    text = "\n".join([*lines[:number], slip, *lines[number:]])
    assert complaint(written(text)) == f"line {number + 1}: unknown key '{key}'{place}; did you mean '{nearest}'?"


def test_a_misspelt_key_is_named_in_place_of_the_missing_one(written: Callable[[str], Path]) -> None:
    """The slip is what has to be corrected."""
    text = MINIMAL.replace("title =", "titel =", 1)
    assert complaint(written(text)) == f"line {line_of(text, 'titel')}: unknown key 'titel'; did you mean 'title'?"


def test_unknown_tables_and_far_off_keys(written: Callable[[str], Path]) -> None:
    """A table that there is not is named too; if no key is near, the known ones are listed."""
    assert complaint(written(MINIMAL + "\n[zzz]\n")).startswith(
        f"line {line_of(MINIMAL + '[zzz]', '[zzz]') + 1}: unknown key 'zzz'"
    )
    assert "known keys are cause, next" in complaint(written(MINIMAL + "zzzz = 1\n"))
    history = MINIMAL + "\n[history]\nmin_commit = 3\n"
    assert complaint(written(history)).endswith("unknown key 'min_commit' in [history]; did you mean 'min_commits'?")


def test_the_rules_of_a_history_are_those_that_there_are() -> None:
    """[history] takes what HistoryRules has, but for what follows from the labs."""
    assert set(HISTORY) == {field.name for field in fields(HistoryRules)} - {"paths", "other_paths"}


def test_a_small_lab_needs_four_keys(written: Callable[[str], Path]) -> None:
    """Limits, preload and tables have defaults."""
    text = 'id = "x"\ntitle = "X"\nstudent_file = "x.py"\n[[criteria]]\nid = "x.y"\ntitle = "Y"\npoints = 1\n'
    lab = load(written(text))
    assert (lab.given, lab.preload, lab.limits.wall_s) == ((), ("numpy",), 60)
    assert (dict(lab.settings), dict(lab.thresholds), lab.summary, lab.history) == ({}, {}, None, None)


def test_where_a_lab_has_its_files(written: Callable[[str], Path]) -> None:
    """A lab of this repository has them in the repository, any other lab in its own folder."""
    outside = load(written(MINIMAL))
    assert (outside.root, outside.template) == (outside.folder, outside.folder / "student_template")
    inside = load(FOLDERS[0])
    assert (inside.root, inside.template, inside.reference) == (REPOSITORY, TEMPLATE, REFERENCE)


def test_no_file(tmp_path: Path) -> None:
    """A folder without lab.toml is no lab."""
    assert complaint(tmp_path) == "No such file or directory"


@pytest.mark.parametrize("text", ["id = ", "[limits", 'id = "a"\nid = "b"', "\x00"])
def test_broken_toml(text: str, written: Callable[[str], Path]) -> None:
    """A file that is no TOML is named with the place of the fault."""
    assert re.search(r"\(at line \d+, (column \d+|the last)\)$", complaint(written(text)))


@pytest.mark.parametrize("points", ["0", "-1", "-0.25"])
def test_points_are_positive(points: str, written: Callable[[str], Path]) -> None:
    """A criterion that is worth nothing or less is refused by name."""
    text = MINIMAL.replace("points = 1.25", f"points = {points}")
    assert "criterion 'lx.one' needs points above 0" in complaint(written(text))


def test_who_marks(written: Callable[[str], Path]) -> None:
    """Nobody but tests and persons marks."""
    text = MINIMAL.replace('marked_by = "person"', 'marked_by = "nobody"')
    number = line_of(text, "marked_by")
    assert complaint(written(text)) == f"line {number}: criterion 'lx.two' needs marked_by tests or person"


def test_a_bonus_is_given_by_tests(written: Callable[[str], Path]) -> None:
    """A criterion is a bonus only if it says so; a manually graded one, or a value that is not a boolean, is refused."""
    assert [each.bonus for each in load(written(MINIMAL)).criteria] == [False, False]
    first = MINIMAL.replace("points = 1.25", "points = 1.25\nbonus = true")
    assert [each.bonus for each in load(written(first)).criteria] == [True, False]
    person = MINIMAL.replace("points = 2", "points = 2\nbonus = true")
    assert complaint(written(person)).endswith("criterion 'lx.two': a bonus is decided by tests, not manually")
    assert complaint(written(first.replace("true", '"yes"'))).endswith("'bonus' is 'yes'; expected true or false")


def test_a_criterion_is_defined_once(written: Callable[[str], Path]) -> None:
    """Two criteria of the same id are refused by name."""
    number = line_of(MINIMAL, 'id = "lx.two"')
    twice = MINIMAL.replace("lx.two", "lx.one")
    assert complaint(written(twice)) == f"line {number}: criterion 'lx.one' is defined twice"


WRONG_TYPES = {
    "points in words": MINIMAL.replace("points = 1.25", 'points = "many"'),
    "points that are no number": MINIMAL.replace("points = 1.25", "points = nan"),
    "infinite points": MINIMAL.replace("points = 1.25", "points = inf"),
    "points of half a cent": MINIMAL.replace("points = 1.25", "points = 1.255"),
    "criteria that are no list": MINIMAL.split("[[criteria]]", maxsplit=1)[0].replace(
        "[limits]", "criteria = 3\n[limits]"
    )
    + "[hints]\n",
    "memory in words": MINIMAL.replace("memory_mib = 100", 'memory_mib = "plenty"'),
    "a hint that is a text": MINIMAL.replace("[hints.slow]", "[hints]") + 'slow = "x"\n',
    "not UTF-8": MINIMAL.encode() + b"\n# \xff\n",
}


@pytest.mark.parametrize("case", WRONG_TYPES)
def test_values_of_another_type(case: str, written: Callable[[str | bytes], Path]) -> None:
    """A value that is none of its key's is refused in one line too."""
    assert complaint(written(WRONG_TYPES[case]))


# The labs that there are


@pytest.fixture(params=FOLDERS, ids=[folder.name for folder in FOLDERS])
def lab(request: pytest.FixtureRequest) -> Lab:
    """Each lab."""
    return load(request.param)


def test_every_lab_is_found() -> None:
    """All folders with a lab.toml are labs, in order of name."""
    assert [lab.folder for lab in definitions()] == FOLDERS
    assert FOLDERS


def test_a_lab_is_called_as_its_folder(lab: Lab) -> None:
    """The id is the folder's name, by which its modules are imported."""
    assert lab.id == lab.folder.name


def test_criteria_are_named_after_their_lab(lab: Lab) -> None:
    """Ids begin with the lab's short name, and schema and pytest can hold them."""
    short = lab.id.split("_")[0]
    for criterion in lab.criteria:
        assert re.fullmatch(rf"{short}(\.[a-z0-9_]+)+", criterion.id)


def test_criteria_of_all_labs_differ() -> None:
    """No two labs have a criterion of the same id: outcomes are kept by it."""
    counts = Counter(criterion.id for lab in definitions() for criterion in lab.criteria)
    assert counts.most_common(1)[0][1] == 1


def test_points_are_whole_cents(lab: Lab) -> None:
    """Every criterion is worth whole cents, so that sums agree in every format."""
    for criterion in lab.criteria:
        assert Decimal(str(criterion.points)) % Decimal("0.01") == 0


def test_texts_are_there(lab: Lab) -> None:
    """No title, cause or next step is empty or has a line break, and each of them is a text of its own."""
    texts = [criterion.title for criterion in lab.criteria]
    assert len(set(texts)) == len(texts)
    texts += [text for hint in lab.hints.values() for text in (hint.cause, hint.next)]
    for text in texts:
        assert text == text.strip()
        assert text
        assert "\n" not in text


def test_what_is_given_is_there(lab: Lab) -> None:
    """The template has every given path and a stub of the student's file."""
    for path in (*lab.given, lab.student_file):
        assert (REPOSITORY / "student_template" / path).exists()


def test_limits_let_work_be_done(lab: Lab) -> None:
    """Every limit is positive, and memory is enough for TensorFlow."""
    assert min(lab.limits.wall_s, lab.limits.cpu_s, lab.artifact_bytes) > 0
    assert lab.limits.memory >= 1024 * MEBI


@pytest.mark.parametrize(
    ("name", "maximum", "measured", "expected"),
    [
        (
            "l02_quantization",
            20,
            18,
            {"runs": 0.5, "native": 1, "fp32": 3.5, "int8": 6, "imbalanced": 3, "summary": 2, "question": 2, "history": 2},
        ),
        (
            "l03_pruning_clustering",
            18,
            14,
            {"runs": 0.25, "base": 1.75, "clustering": 4, "pruning": 4, "summary": 2, "question": 4, "history": 2},
        ),
        (
            "kenning_compression",
            16,
            14.5,
            {"runs": 0.25, "pruning": 2.5, "clustering": 4, "training": 2, "output": 1.25, "scenarios": 1.25,
             "summary": 1.25, "question": 1.5, "history": 2},
        ),
        (
            "mnist_compression",
            20,
            19.5,
            {"runs": 0.5, "conversion": 2, "ptq": 3, "qat": 4, "pruning": 4.5, "sizes": 2, "report": 3, "history": 1},
        ),
    ],
)
def test_points_of_a_lab(name: str, maximum: int, measured: float, expected: dict[str, float]) -> None:
    """Each lab is worth what its assignment says, in the parts that it names."""
    lab = load(LABS / name)
    points = {criterion: Decimal(str(criterion.points)) for criterion in lab.criteria if not criterion.bonus}
    assert sum(points.values()) == maximum
    assert sum(worth for criterion, worth in points.items() if criterion.marked_by != PERSON) == measured
    parts: Counter[str] = Counter()
    for criterion, worth in points.items():
        parts[criterion.id.split(".")[1]] += worth  # type: ignore[assignment]
    assert parts == expected
