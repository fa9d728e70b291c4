"""The lines that a report names are those of the student's file, found without running it."""

from __future__ import annotations

import ast
import os
import time
from pathlib import Path

import pytest

from graders.framework.locations import defined, locate_definitions
from graders.framework.registry import definitions
from graders.framework.source_files import MOST_BYTES

ROOT = Path(__file__).resolve().parents[2]
# A notebook has cells, not lines.
MODULES = [lab for lab in definitions() if lab.student_file.endswith(".py")]
SOURCE = '''\
import os

class One(Base):
    """class Fake:
    def fake(self): ...
    """

    @property
    def first(self): return 1

    async def second(
        self,
    ):
        def inner(): ...

def outside():
    def not_a_method(): ...

class Two: pass
'''


def test_classes_methods_and_functions_are_found_by_line() -> None:
    found = defined(SOURCE)
    assert (found["One"], found["One.first"], found["One.second"], found["Two"]) == (3, 9, 11, 19)
    assert "One.not_a_method" not in found
    assert found["outside"] == 16
    assert "not_a_method" not in found
    assert "inner" not in found


@pytest.mark.parametrize("lab", MODULES, ids=lambda lab: lab.short)
def test_lines_are_those_that_python_names(lab) -> None:
    """For the template and the reference alike, and for every criterion that names a place."""
    for folder in ("student_template", "reference"):
        source = (ROOT / folder / lab.student_file).read_text(encoding="utf-8")
        expected = {}
        for node in ast.parse(source).body:
            if isinstance(node, ast.ClassDef):
                expected[node.name] = node.lineno
                methods = [each for each in node.body if isinstance(each, ast.FunctionDef)]
                expected |= {f"{node.name}.{each.name}": each.lineno for each in methods}
            elif isinstance(node, ast.FunctionDef):
                expected[node.name] = node.lineno
        found = defined(source)
        assert {name: found[name] for name in expected} == expected
        for criterion in lab.criteria:
            places = locate_definitions(ROOT / folder, lab.student_file, criterion.where)
            assert places is None or all(each.line for each in places.places), criterion.id


@pytest.mark.parametrize("lab", MODULES, ids=lambda lab: lab.short)
def test_every_criterion_of_code_names_its_place(lab) -> None:
    beside = ("runs", "summary", "question", "history", "scenarios")
    assert all(each.where for each in lab.criteria if each.id.split(".")[1] not in beside)


def test_an_inherited_method_has_its_class_and_a_missing_one_nothing(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("\ufeffclass One:\r\n    x = 1\r\n", encoding="utf-8")
    found = locate_definitions(tmp_path, "a.py", ["One.first", "Three.third"])
    assert found is not None
    assert found.to_json()["places"] == [{"name": "One.first", "line": 1}, {"name": "Three.third", "line": None}]


def test_no_file_and_no_name_give_nothing(tmp_path: Path) -> None:
    assert locate_definitions(tmp_path, "a.py", ["One"]) is None
    (tmp_path / "a.py").mkdir()
    assert locate_definitions(tmp_path, "a.py", ["One"]) is None
    assert locate_definitions(tmp_path, "a.py", []) is None


def test_a_file_that_wants_to_cost_time_does_not(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_bytes(b"class A:\n" + b"    def " * (MOST_BYTES // 8) + os.urandom(64))
    started = time.process_time()
    assert locate_definitions(tmp_path, "a.py", ["A.x"]) is not None
    assert time.process_time() - started < 1
