"""Which files a result depends on: found in the sources, compared with Python's own parser and with grimp."""

from __future__ import annotations

import ast
import keyword
import string
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from graders.caching import sources
from graders.caching.sources import Import, scan, source_files, sources_digest
from graders.core.paths import GRADERS, REPOSITORY


@pytest.fixture(autouse=True)
def _read_again() -> Iterator[None]:
    yield
    sources.forget()


class _Imports(ast.NodeVisitor):
    """The imports that are executed, by Python's parser."""

    def __init__(self) -> None:
        self.found: set[Import] = set()

    def visit_If(self, node: ast.If) -> None:
        if "TYPE_CHECKING" in ast.unparse(node.test):
            for each in node.orelse:
                self.visit(each)
        else:
            self.generic_visit(node)

    def visit_Import(self, node: ast.Import) -> None:
        self.found |= {Import(0, each.name) for each in node.names}

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        self.found |= {Import(node.level, node.module or "", (each.name,)) for each in node.names}


def parsed(text: str) -> set[Import]:
    """What Python's parser finds, one name each."""
    visitor = _Imports()
    visitor.visit(ast.parse(text))
    return visitor.found


def single(found: tuple[Import, ...]) -> set[Import]:
    """The same with one name each."""
    return {Import(each.level, each.module, names) for each in found for names in ([(n,) for n in each.names] or [()])}


# What is found in a source


@pytest.mark.parametrize("folder", ["graders", "tests", "reference"])
def test_real_sources(folder: str) -> None:
    """Every import that Python's parser finds in this repository is found."""
    for path in (REPOSITORY / folder).rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        assert parsed(text) <= single(scan(text)), path


FORMS = (
    "import a", "import a.b, c as d", "import a  # b", "import\ta", "x = 1; import a", "if x: import a",
    "try: import a\nexcept ImportError: from b import c", "from a import b", "from a.b import (c, d as e)",
    "from a import (  # noqa: F401 (as usual)\n    b,\n    c,  # (sic)\n)\nimport d", "from a import *", "from . import a",
    "from .a import b", "from .. import a", "from ...a.b import c", "from.a import(b)", "from a import b; import c",
    "from a import \\\n    b, c", "import a, \\\n    b", "def f():\n    import a\n\n    def g():\n        from b import c\n",
    "class A:\n    from a import b\n", "from __future__ import annotations\nimport a",
    "if TYPE_CHECKING:\n    import a\nelse:\n    import b\nimport c",
    "if typing.TYPE_CHECKING:\n    import a\n\n    from b import c\nimport d",
    "def f():\n    if TYPE_CHECKING:\n        import a\n    import b\nimport c",
    "if TYPE_CHECKING:\n    from a import (\n        b,\n        c,\n    )\nfrom d import e",
)  # fmt: skip


@pytest.mark.parametrize("text", FORMS)
@pytest.mark.parametrize("end", ["", "\n"])
def test_every_form_of_an_import(text: str, end: str) -> None:
    """However an import is written, it is found, with its names; those for types are not."""
    text += end
    extra = single(scan(text)) - parsed(text)
    assert parsed(text) <= single(scan(text))
    # The names after "as" are taken for names, too: no module has them, or it would count unnecessarily.
    assert {each.names[0] for each in extra if each.names} <= {"as", "d", "e"}
    assert not any("TYPE_CHECKING" in text and each.module == "a" for each in scan(text))


NAME = st.text(string.ascii_lowercase, min_size=1, max_size=3).filter(lambda name: not keyword.iskeyword(name))
DOTTED = st.lists(NAME, min_size=1, max_size=3).map(".".join)


@st.composite
def statements(draw: Callable[..., object]) -> str:
    """A line of source, at any depth, that is an import or something else."""
    plain = DOTTED.map(lambda name: f"import {name}")
    several = st.lists(DOTTED, min_size=1, max_size=3).map(lambda names: f"import {', '.join(names)}")
    taken = st.tuples(DOTTED, st.lists(NAME, min_size=1, max_size=3))
    listed = taken.map(lambda each: f"from {each[0]} import {', '.join(each[1])}")
    in_brackets = taken.map(lambda each: f"from {each[0]} import (\n    {', '.join(each[1])},  # (x)\n)")
    other = st.sampled_from(['x = "import"', "y = importer.from_(1)", "z = 1  # import nothing", "w = {'from': 2}"])
    return str(draw(st.one_of(plain, several, listed, in_brackets, other)))


@given(st.lists(statements(), max_size=6), st.sampled_from(["\n", "\r\n"]), st.sampled_from([0, 4, 8]))
def test_made_up_sources(lines: list[str], end: str, depth: int) -> None:
    """Whatever imports a source consists of, at whatever depth, all of them are found."""
    text = "\n".join(lines)
    for level in range(0, depth, 4):
        body = "\n".join(f"    {line}" for line in text.splitlines()) or "    pass"
        text = f"def f{level}():\n{body}\n"
    normal = text.replace("\n", end).replace("\r\n", "\n")
    assert parsed(normal) <= single(scan(normal))


# Which files follow


def write(folder: Path, modules: dict[str, str]) -> None:
    """Writes modules, by their path without the ending."""
    for name, text in modules.items():
        path = folder / f"{name}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def reached(folder: Path, entry: str = "entry.py") -> set[str]:
    """The names of the files that an entry depends on."""
    sources.forget()
    return {path.relative_to(folder).as_posix() for path in source_files([folder / entry], packages={"": folder})}


def test_modules_packages_and_names(tmp_path: Path) -> None:
    """Modules, submodules that are taken as names, and the ``__init__`` of each package on the way are followed."""
    modules = {
        "entry": "import pack.one\nfrom pack import two, value",
        "pack/__init__": "import late",
        "pack/one": "",
        "pack/two": "from . import three",
        "pack/three": "from .deep.four import x",
        "pack/unused": "",
        "pack/deep/__init__": "",
        "pack/deep/four": "import json",
        "late": "",
        "value": "",
    }
    write(tmp_path, modules)
    assert reached(tmp_path) == {
        "entry.py", "late.py", "pack/__init__.py", "pack/one.py", "pack/two.py", "pack/three.py",
        "pack/deep/__init__.py", "pack/deep/four.py",
    }  # fmt: skip


def test_files_that_are_named(tmp_path: Path) -> None:
    """Data beside a module counts if its name is in quotes; a path of several parts counts from folders above, too."""
    modules = {
        "entry": 'W = Path(__file__).with_name("words.toml")\nfrom pack import one',
        "pack/one": 'D = Path(__file__).parents[1] / "data" / "x.npz"\nS = "data/script.py"\nN = "other.toml"',
        "data/script": "import helper",
        "helper": "",
    }
    write(tmp_path, modules)
    for name in ("words.toml", "other.toml", "data/x.npz", "data/y.npz", "unnamed.toml"):
        (tmp_path / name).write_text("")
    found = reached(tmp_path)
    assert {"words.toml", "helper.py", "pack/one.py"} <= found
    assert not found & {"unnamed.toml", "data/y.npz", "other.toml"}
    assert {"data/x.npz", "data/script.py"} <= found


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_line_ends_and_byte_order_marks(tmp_path: Path, end: str, mark: str) -> None:
    """A source is read as Python reads it."""
    text = f"{mark}import one{end}from two import ({end}    x,{end}){end}import three{end}"
    (tmp_path / "entry.py").write_bytes(text.encode())
    write(tmp_path, {"one": "", "two": "", "three": ""})
    assert reached(tmp_path) == {"entry.py", "one.py", "two.py", "three.py"}


def test_an_entry_that_is_not_there(tmp_path: Path) -> None:
    """A module that was moved away is no module without imports: it raises."""
    with pytest.raises(FileNotFoundError):
        source_files([tmp_path / "gone.py"])


def test_what_is_left_out_is_not_followed(tmp_path: Path) -> None:
    """A folder that is left out takes with it what only it imports."""
    modules = {"entry": "import looks.at\nimport both", "looks/at": "import both, only", "both": "", "only": ""}
    write(tmp_path, modules)
    files = source_files([tmp_path / "entry.py"], packages={"": tmp_path}, without=[tmp_path / "looks"])
    assert {path.name for path in files} == {"entry.py", "both.py"}


# Digests


def digest(folder: Path) -> str:
    """The digest of what an entry depends on."""
    sources.forget()
    return sources_digest(source_files([folder / "m0.py"], packages={"": folder}), [folder])


@st.composite
def graphs(draw: Callable[..., object]) -> list[list[int]]:
    """For each of some modules those that it imports, circles included."""
    count = int(str(draw(st.integers(2, 7))))
    one = st.lists(st.integers(0, count - 1), max_size=3)
    return list(draw(st.lists(one, min_size=count, max_size=count)))  # type: ignore[call-overload]


def build(folder: Path, graph: list[list[int]], names: dict[int, str]) -> None:
    """Writes the modules, each with content of its own."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, imports in enumerate(graph):
        lines = [f"import {names[each]}" for each in imports]
        (folder / f"{names[number]}.py").write_text("\n".join([*lines, f"VALUE = {number}\n"]))


def reachable(graph: list[list[int]]) -> set[int]:
    """The modules that the first one depends on."""
    found, waiting = set(), [0]
    while waiting:
        each = waiting.pop()
        if each not in found:
            found.add(each)
            waiting += graph[each]
    return found


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(graphs(), st.data())
def test_a_digest_follows_the_imports(tmp_path_factory: pytest.TempPathFactory, graph: list[list[int]], data) -> None:
    """It changes with each module that is reached, and with no other; where the folder is does not matter."""
    names = {number: f"m{number}" for number in range(len(graph))}
    folder, copy = tmp_path_factory.mktemp("one"), tmp_path_factory.mktemp("two")
    build(folder, graph, names)
    build(copy, graph, names)
    before = digest(folder)
    assert digest(copy) == before
    changed = data.draw(st.integers(0, len(graph) - 1))
    with (copy / f"m{changed}.py").open("a") as file:
        file.write("VALUE += 1\n")
    assert (digest(copy) != before) == (changed in reachable(graph))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(graphs(), st.data())
def test_a_rename_never_lies(tmp_path_factory: pytest.TempPathFactory, graph: list[list[int]], data) -> None:
    """A module that is reached under another name is still followed: a change to it changes the digest.

    Two modules that swap what is in them are another program, though the same bytes are there.
    """
    folder = tmp_path_factory.mktemp("renamed")
    renamed = data.draw(st.integers(1, len(graph) - 1))
    names = {number: f"m{number}" if number != renamed else "test_figures" for number in range(len(graph))}
    build(folder, graph, names)
    before = digest(folder)
    with (folder / "test_figures.py").open("a") as file:
        file.write("VALUE += 1\n")
    inside = reachable(graph)
    assert (digest(folder) != before) == (renamed in inside)
    others = sorted(inside - {0, renamed})
    if len(others) > 1:
        one, other = (folder / f"{names[number]}.py" for number in others[:2])
        before, texts = digest(folder), (one.read_text(), other.read_text())
        one.write_text(texts[1])
        other.write_text(texts[0])
        assert digest(folder) != before


def test_the_graders_own_modules_by_another_tool() -> None:
    """Whatever grimp finds a module to import, directly or not, is among its files."""
    import grimp

    graph = grimp.build_graph("graders", exclude_type_checking_imports=True, cache_dir=None)
    for module in ("graders.pipeline.labs", "graders.measure.scorer.worker", "graders.plugin", "graders.cohort.engine.in_process"):
        path = REPOSITORY / (module.replace(".", "/") + ".py")
        files = source_files([path])
        for each in graph.find_upstream_modules(module):
            place = REPOSITORY / each.replace(".", "/")
            assert (place / "__init__.py" if place.is_dir() else place.with_suffix(".py")) in files
        assert all(path.is_relative_to(GRADERS) or path.suffix != ".py" for path in files)
