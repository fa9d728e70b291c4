"""What the packages import of each other, beyond the contracts in ``pyproject.toml``."""

from __future__ import annotations

import graphlib

import grimp
import pytest


@pytest.fixture(scope="module")
def graph() -> grimp.ImportGraph:
    """Every import of the package, those for types and those inside of functions included."""
    return grimp.build_graph("graders", cache_dir=None)


def test_no_module_is_in_a_circle_of_imports(graph: grimp.ImportGraph) -> None:
    """Modules, packages' own ``__init__`` included, can be read in an order in which each follows what it imports."""
    imports = {module: graph.find_modules_directly_imported_by(module) for module in graph.modules}
    try:
        order = list(graphlib.TopologicalSorter(imports).static_order())
    except graphlib.CycleError as error:
        pytest.fail(f"a circle: {' -> '.join(reversed(error.args[1]))}")
    assert set(order) >= graph.modules
