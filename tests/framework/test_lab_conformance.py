"""What holds for every lab's LAB, in this repository and outside of it, and that shared code names no single lab."""

from __future__ import annotations

import ast
import importlib.metadata
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from graders.core.errors import GraderError, UsageError
from graders.core.paths import GRADERS, LABS
from graders.framework import registry
from graders.framework.context import LabContext
from graders.framework.functions.lab import Call, FunctionLab
from graders.framework.lab_plugin import LabPlugin
from graders.framework.registry import available_labs, definitions

PLUGINS = available_labs()
NOWHERE: Any = None
SMALL = 'id = "small"\ntitle = "S"\nstudent_file = "s.py"\n[[criteria]]\nid = "s.a"\ntitle = "A"\npoints = 1\n'
EXPORT = 'from graders.framework.functions.lab import Call, FunctionLab\nLAB = FunctionLab(__file__, {"one": None})\n'


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    """The folder of a lab that is no part of this repository."""
    folder = tmp_path / "small"
    folder.mkdir()
    (folder / "lab.toml").write_text(SMALL, encoding="utf-8")
    (folder / "lab.py").write_text(EXPORT, encoding="utf-8")
    return folder


@pytest.fixture(params=[*PLUGINS, None], ids=lambda plugin: plugin.lab.id if plugin else "outside")
def plugin(request: pytest.FixtureRequest, outside: Path) -> LabPlugin[Any]:
    """Each lab, and a small one from outside."""
    if request.param is not None:
        found: LabPlugin[Any] = request.param
        return found
    return next(each for each in available_labs([outside]) if each.lab.folder == outside)


def context(plugin: LabPlugin[Any], work: Path) -> LabContext:
    """A context without a sandbox, a scorer or a profile."""
    return LabContext(lab=plugin.lab, profile=NOWHERE, seed=3, code=work, work=work, server=NOWHERE, scorer=NOWHERE)


def test_runs_are_those_that_are_announced(plugin: LabPlugin[Any], tmp_path: Path) -> None:
    """Names are there before anything is drawn, each once, and the planned runs have just these."""
    names = list(plugin.run_names)
    runs = plugin.plan_runs(context(plugin, tmp_path))
    assert sorted(each.name for each in runs) == sorted(names)
    assert len(set(names)) == len(names)
    assert all(each.title and each.weight > 0 for each in runs)


def test_a_lab_with_other_settings_is_the_same_lab(plugin: LabPlugin[Any]) -> None:
    """with_lab leaves the first one as it is."""
    other = plugin.with_lab(plugin.lab)
    assert other is not plugin
    assert type(other) is type(plugin)
    assert list(other.run_names) == list(plugin.run_names)


def test_what_a_lab_has_not_is_refused(plugin: LabPlugin[Any], tmp_path: Path) -> None:
    """A file for a latency that there is not is the grader's fault, in a line that names the lab."""
    with pytest.raises(GraderError, match=f"{plugin.lab.id} has no file none"):
        plugin.latency_baseline(context(plugin, tmp_path), "none")


def test_starter_code_and_drivers_are_there(plugin: LabPlugin[Any]) -> None:
    """Every given path, every file of data and the driver exist."""
    for path in (
        *(plugin.lab.template / given for given in plugin.lab.given),
        *plugin.lab.data_paths,
        plugin.lab.driver,
    ):
        assert path.exists(), path


def test_importing_all_labs_imports_nothing_heavy() -> None:
    """Collecting tests imports every lab.py: neither NumPy nor anything that only a grading needs."""
    code = "import sys; from graders.framework.registry import available_labs; available_labs(); print(*sys.modules)"
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=GRADERS.parent)
    loaded = set(ended.stdout.split())
    assert not loaded & {"numpy", "tensorflow", "sklearn", "ai_edge_litert", "graders.framework.context"}


def test_a_lab_outside_is_found_by_its_folder_or_the_one_above(outside: Path) -> None:
    """It comes after the labs of this repository, and may be chosen by its name."""
    assert [each.lab.id for each in available_labs([outside])] == [*(each.lab.id for each in PLUGINS), "small"]
    assert available_labs([outside, outside.parent]) == available_labs([outside])
    assert [each.lab.id for each in registry.select_labs(["small"], [outside])] == ["small"]
    assert available_labs() == PLUGINS


BROKEN = {
    "no lab.py": (None, "no lab.py"),
    "no LAB": ("LAB = 3\n", "exports no LAB that is a LabPlugin"),
    "it raises": ("raise KeyError('x')\n", "KeyError: 'x'"),
    "a slip": ("LAB = \n", "SyntaxError"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_lab_outside_is_one_line(case: str, outside: Path) -> None:
    """The line names the lab's folder and what is wrong."""
    text, message = BROKEN[case]
    (outside / "lab.py").unlink()
    if text is not None:
        (outside / "lab.py").write_text(text, encoding="utf-8")
    with pytest.raises(UsageError, match=message) as raised:
        available_labs([outside])
    assert str(outside) in str(raised.value)
    assert "\n" not in str(raised.value)


def test_two_labs_of_one_name_are_refused(outside: Path, tmp_path: Path) -> None:
    """Outcomes and caches go by the id."""
    other = tmp_path / "others" / "small"
    other.mkdir(parents=True)
    for file in outside.iterdir():
        if file.is_file():
            (other / file.name).write_bytes(file.read_bytes())
    with pytest.raises(UsageError, match="two labs are called small"):
        available_labs([outside, other])


def test_modules_of_a_lab_outside_import_each_other(outside: Path) -> None:
    """A lab's folder is a package of its own, optgrade_labs.<folder>."""
    (outside / "helper.py").write_text("NAMES = ['one', 'two']\n", encoding="utf-8")
    text = "from graders.framework.functions.lab import FunctionLab\nfrom . import helper\n"
    (outside / "lab.py").write_text(
        text + "LAB = FunctionLab(__file__, dict.fromkeys(helper.NAMES))\n", encoding="utf-8"
    )
    assert list(available_labs([outside])[-1].run_names) == ["one", "two"]


def test_installed_labs_are_found(outside: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An entry point of the group optgrade.labs is a lab; one that is none is refused by its name."""
    made = FunctionLab(str(outside / "lab.py"), {"one": lambda _: Call("f", [])})
    point = SimpleNamespace(name="mine", value="mine:LAB", module="mine", load=lambda: made)
    monkeypatch.setattr(importlib.metadata, "entry_points", lambda group: [point] if group == "optgrade.labs" else [])
    registry._installed_labs.cache_clear()
    try:
        assert available_labs()[-1] is made
        point.load = lambda: 3
        registry._installed_labs.cache_clear()
        with pytest.raises(UsageError, match=r"entry point mine of optgrade\.labs: mine:LAB is not a LabPlugin"):
            available_labs()
    finally:
        monkeypatch.undo()
        registry._installed_labs.cache_clear()


# Shared code and single labs


ORDINARY = {"optimizers", "compress"}
"""Files' names that are words of Keras's or of anybody's as well."""


def names_of_labs() -> set[str]:
    """Ids, short names and files' names of the labs."""
    found = set()
    for lab in definitions():
        path = Path(lab.student_file)
        found |= {lab.id, lab.short, path.stem, *(part for part in path.parts[:-1] if part != "dl_in_iot_course")}
    return found - ORDINARY


def code_texts(path: Path) -> Iterator[tuple[int, str]]:
    """Every name and every text of a module, docstrings aside: these may give examples."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    docstrings = {
        id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings:
            yield node.lineno, node.value
        elif isinstance(node, ast.ImportFrom):
            yield node.lineno, f"{node.module} {' '.join(each.name for each in node.names)}"
        elif isinstance(node, ast.Name | ast.Attribute | ast.FunctionDef | ast.ClassDef):
            yield node.lineno, getattr(node, "id", getattr(node, "attr", getattr(node, "name", "")))


def test_shared_code_names_no_single_lab() -> None:
    """Nothing outside of graders/labs has the id, the short name or the file's name of a lab in its code."""
    names = names_of_labs()
    assert {"l02", "l03_pruning_clustering", "quantization_and_pruning"} <= names
    found = []
    for path in sorted(GRADERS.rglob("*.py")):
        if LABS not in path.parents:
            for line, text in code_texts(path):
                found += [f"{path.relative_to(GRADERS)}:{line}: {name}" for name in names if name in text.lower()]
    assert found == []
