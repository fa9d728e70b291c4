"""Hints and criteria against the code of each lab: every name that is used exists, and everything there is used.

The names are read from the syntax trees of the lab's modules: whatever a ``check`` can give as ``hint``.
"""

from __future__ import annotations

import ast
import fnmatch
import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from graders.core.paths import GRADERS, LABS
from graders.framework.checks import CheckFailed
from graders.framework.definition import Lab
from graders.framework.generated_checks import criteria_of
from graders.framework.lab_toml import load
from graders.framework.registry import available_labs
from graders.measure.quantization import DEQUANTISE_MISTAKES, QUANTISE_MISTAKES
from graders.scoring.outcomes import reason_of

FRAMEWORK = GRADERS / "framework"
SHARED = [path for path in sorted(FRAMEWORK.rglob("*.py")) if path != FRAMEWORK / "checks.py"]
FOLDERS = sorted(path.parent for path in LABS.glob("*/lab.toml"))
# What the generated checks of every lab run.
GENERATED = {FRAMEWORK / name for name in ("generated_checks.py", "run_checks.py", "static_review.py")}
OF_CHECK = {"holds", "measured", "expected", "hint", "share"}
MISTAKES = {*QUANTISE_MISTAKES, *DEQUANTISE_MISTAKES}


@dataclass(frozen=True)
class Use:
    """A place that names a hint, with the names that it fills in."""

    hint: str
    filling: frozenset[str]
    where: str


def used(path: Path, text: str) -> bool:
    """Whether a lab's code imports this module of the framework, as far as its names say."""
    if path.parent.name == "model_tester":
        return re.search(rf"model_tester(\.| import .*){path.stem}\b", text) is not None
    return re.search(rf"\b{path.stem}\b", text) is not None


class Code:
    """The lab's modules and those that labs share, as syntax trees."""

    def __init__(self, folder: Path) -> None:
        """Parses everything."""
        own = sorted(folder.glob("*.py"))
        text = "".join(path.read_text(encoding="utf-8") for path in own)
        files = [*own, *(path for path in SHARED if used(path, text) or path in GENERATED)]
        self.trees = {path: ast.parse(path.read_text(encoding="utf-8")) for path in files}

    def functions(self) -> Iterator[tuple[Path, ast.FunctionDef]]:
        """Every function and method."""
        for path, tree in self.trees.items():
            for node in ast.walk(tree):
                if isinstance(node, ast.FunctionDef):
                    yield path, node

    def calls(self, name: str) -> Iterator[tuple[Path, ast.FunctionDef, ast.Call]]:
        """Every call of that function, with the function around it."""
        for path, function in self.functions():
            for node in ast.walk(function):
                if isinstance(node, ast.Call) and called(node) == name:
                    yield path, function, node

    def values(self, node: ast.expr, function: ast.FunctionDef) -> set[str]:
        """Every text that an expression can be, within a function."""
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            return {node.value}
        if isinstance(node, ast.IfExp):
            return self.values(node.body, function) | self.values(node.orelse, function)
        if isinstance(node, ast.BoolOp):
            return set().union(*(self.values(value, function) for value in node.values))
        if isinstance(node, ast.Call):
            return self.returned(called(node))
        if isinstance(node, ast.Attribute) and node.attr == "mistake":
            return MISTAKES
        if isinstance(node, ast.JoinedStr):
            parts = [self.values(part, function) for part in node.values]
            return {"".join(texts) for texts in itertools.product(*parts)}
        if isinstance(node, ast.FormattedValue):
            return self.values(node.value, function)
        if isinstance(node, ast.Name):
            return self.of_name(node.id, function)
        raise AssertionError(f"{function.name}, line {node.lineno}: can't tell which hint {ast.unparse(node)} is")

    def returned(self, name: str) -> set[str]:
        """Every text that a function of that name can return."""
        functions = [function for _, function in self.functions() if function.name == name]
        assert functions, f"nothing is known of {name}"
        return {
            text
            for function in functions
            for node in ast.walk(function)
            if isinstance(node, ast.Return) and node.value is not None
            for text in self.values(node.value, function)
        }

    def of_name(self, name: str, function: ast.FunctionDef) -> set[str]:
        """Every text that a variable or a parameter can be."""
        found: set[str] = set()
        for node in ast.walk(function):
            if isinstance(node, ast.Assign) and any(isinstance(t, ast.Name) and t.id == name for t in node.targets):
                found |= self.values(node.value, function)
        parameters = [argument.arg for argument in function.args.args]
        if name in parameters:
            for _, caller, call in self.calls(function.name):
                given = {keyword.arg: keyword.value for keyword in call.keywords}
                value = given.get(name) or call.args[parameters.index(name)]
                found |= self.values(value, caller)
        assert found, f"{function.name}: nothing is known of {name}"
        return found

    def uses(self) -> Iterator[Use]:
        """Every hint that a check or a Lost can name."""
        for path, function, call in self.calls("check"):
            given = {keyword.arg: keyword.value for keyword in call.keywords}
            filling = frozenset(str(name) for name in given if name not in OF_CHECK)
            for hint in self.values(given["hint"], function):
                yield Use(hint, filling, f"{path.name}:{call.lineno}")
        for path, function, call in self.calls("CheckFailed"):
            assert isinstance(call.args[3], ast.Dict)
            filling = frozenset(key.value for key in call.args[3].keys if isinstance(key, ast.Constant))
            for hint in self.values(call.args[2], function):
                yield Use(hint, filling, f"{path.name}:{call.lineno}")


def called(call: ast.Call) -> str:
    """The name of what is called, without what stands before the point."""
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")


@pytest.fixture(scope="module", params=FOLDERS, ids=[folder.name for folder in FOLDERS])
def lab(request: pytest.FixtureRequest) -> Lab:
    """Each lab."""
    return load(request.param)


@pytest.fixture(scope="module")
def uses(lab: Lab) -> list[Use]:
    """Every place in the lab's code that names a hint."""
    return list(Code(lab.folder).uses())


def test_every_hint_that_code_names_exists(lab: Lab, uses: list[Use]) -> None:
    """No check can fail with a hint that lab.toml does not have."""
    assert uses
    assert not [use for use in uses if use.hint not in lab.hints]


def test_every_hint_is_used(lab: Lab, uses: list[Use]) -> None:
    """No hint in lab.toml is one that no check can give."""
    assert not set(lab.hints) - {use.hint for use in uses}


def test_every_name_in_braces_is_filled_in(lab: Lab, uses: list[Use]) -> None:
    """Wherever a hint is used, the names that its texts have in braces are given, and nothing is left of them."""
    for use in uses:
        if use.hint in lab.hints:
            hint = lab.hints[use.hint]
            assert set(re.findall(r"\{([^}]*)\}", hint.cause + hint.next)) <= use.filling, use
            _, reason = reason_of(CheckFailed("", "", use.hint, dict.fromkeys(use.filling, "filled")), lab)
            assert not re.search(r"[{}]", reason.cause + reason.next), use


@dataclass(frozen=True)
class Marked:
    """A test function with the criterion that it decides."""

    criterion: str
    runs: str
    function: ast.FunctionDef


@pytest.fixture(scope="module")
def marked(lab: Lab) -> list[Marked]:
    """Every test of the lab that has the marker."""
    found = []
    for path in sorted(lab.folder.glob("test_*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.FunctionDef) or not node.name.startswith("test_"):
                continue
            markers = [
                each for each in node.decorator_list if isinstance(each, ast.Call) and called(each) == "criterion"
            ]
            assert len(markers) == 1, f"{path.name}: {node.name} decides no criterion, or more than one"
            runs = {keyword.arg: ast.literal_eval(keyword.value) for keyword in markers[0].keywords}.get("runs", "")
            found.append(Marked(ast.literal_eval(markers[0].args[0]), runs, node))
    return found


def test_every_criterion_has_tests_and_every_test_a_criterion(lab: Lab, marked: list[Marked]) -> None:
    """The ids in lab.toml are just those that tests are marked with, or that get a generated check; none has both."""
    generated = {name for values in criteria_of(lab).values() for name in values.values()}
    own = {test.criterion for test in marked}
    assert not own & generated
    assert own | generated == {criterion.id for criterion in lab.criteria}


def test_every_test_has_runs(lab: Lab, marked: list[Marked]) -> None:
    """A test that looks at evidence names runs, every pattern matches one, and every run is looked at."""
    names = next(each for each in available_labs() if each.lab.id == lab.id).run_names
    assert len(set(names)) == len(names)
    looked_at: set[str] = set()
    for test in marked:
        patterns = test.runs.split(",") if test.runs else []
        assert bool(patterns) == ("evidence" in [argument.arg for argument in test.function.args.args]), test.criterion
        for pattern in patterns:
            matching = set(fnmatch.filter(names, pattern))
            assert matching, f"{test.criterion}: no run is called {pattern}"
            looked_at |= matching
    assert looked_at == set(names)


def test_what_a_person_marks_is_not_judged(lab: Lab, marked: list[Marked]) -> None:
    """Tests of manually graded criteria have no evidence: they only exist to be skipped."""
    by_person = {criterion.id for criterion in lab.criteria if criterion.marked_by == "person"}
    for test in marked:
        if test.criterion in by_person:
            assert not test.runs


def test_every_test_says_what_must_hold(marked: list[Marked]) -> None:
    """Every test of a lab has a docstring of one paragraph."""
    for test in marked:
        text = ast.get_docstring(test.function)
        assert text
        assert "\n\n" not in text
