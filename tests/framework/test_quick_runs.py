"""The runs of a quick look: as lab.toml lists them, or one of each kind; a name that the lab doesn't have is an error."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from graders.core.errors import GraderError
from graders.framework.lab_plugin import LabPlugin
from graders.framework.quick_runs import one_of_each_kind
from graders.framework.registry import select_labs
from graders.pipeline.config import AnyLab

LABS = select_labs([])
(L02,) = select_labs(["l02"])


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["notebook"], ("notebook",)),
        (["a", "b-1", "b-2", "b-drawn"], ("a", "b-drawn")),
        (["a-1", "a-2"], ("a-1",)),
        (["a", "a-drawn", "b"], ("a-drawn", "b")),
        ([], ()),
    ],
)
def test_without_a_list_one_of_each_kind(names: Sequence[str], expected: tuple[str, ...]) -> None:
    """The drawn value of a kind, else the first, in the order of the lab's runs."""
    assert one_of_each_kind(names) == expected


def test_a_list_counts_in_the_order_of_the_runs() -> None:
    """However the list is sorted."""
    plugin = L02.with_lab(replace(L02.lab, quick=("int8-drawn", "native")))
    assert plugin.quick_runs == ("native", "int8-drawn")
    assert L02.with_lab(replace(L02.lab, quick=())).quick_runs == ()
    assert "int8-drawn" in L02.with_lab(replace(L02.lab, quick=None)).quick_runs


def test_a_run_that_is_none_is_an_error() -> None:
    """In one line: the file, the name, and the names that there are."""
    plugin: AnyLab = L02.with_lab(replace(L02.lab, quick=("native", "int8-dawn")))
    with pytest.raises(GraderError) as raised:
        plugin.quick_runs  # noqa: B018 - asked for what it raises
    message = str(raised.value)
    assert "lab.toml: 'quick' lists 'int8-dawn', but the lab has no such run" in message
    assert "int8-drawn" in message
    assert "\n" not in message


@pytest.mark.parametrize("plugin", LABS, ids=lambda plugin: str(plugin.lab.id))
def test_every_lab_has_valid_quick_runs(plugin: LabPlugin[object]) -> None:
    """Some of its runs; a lab with hidden values looks at each kind of them."""
    assert set(plugin.quick_runs) <= set(plugin.run_names)
    if plugin.quick_runs:
        assert kinds_of_hidden(plugin.run_names) == kinds_of_hidden(plugin.quick_runs)


def kinds_of_hidden(names: Sequence[str]) -> set[str]:
    """The kinds of runs that a value is drawn for."""
    return {name.partition("-")[0] for name in names if name.endswith("-drawn")}
