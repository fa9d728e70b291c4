"""Submitted scenarios: which of them is which, and what is not as assigned."""

from __future__ import annotations

from typing import Any

import pytest

from graders.core.errors import RunError
from graders.core.verdicts import Verdict
from graders.labs.kenning_compression.scenarios import ASSIGNED, TYPES, chosen, faults_of, steps_of

FIRST, SECOND, CLUSTERED = ASSIGNED.values()


def scenario(name: str, **others: Any) -> dict[str, Any]:
    """A scenario as assigned, with other parameters of its first optimizer."""
    steps = ASSIGNED[name].steps
    optimizers = [{"type": TYPES[step.kind], "parameters": dict(step.parameters)} for step in steps]
    optimizers[0]["parameters"] |= others  # type: ignore[operator]
    block = {"type": "kenning.Something"}
    return {"model_wrapper": block, "dataset": block, "optimizers": optimizers}


def found(*contents: Any) -> list[dict[str, Any]]:
    """What a run says of files with these contents."""
    return [{"path": f"{number}.json", "content": content, "fault": ""} for number, content in enumerate(contents)]


def test_each_is_found_by_its_content() -> None:
    """Whatever the files are called and in whatever order they are."""
    files = found({}, None, *(scenario(name) for name in reversed(ASSIGNED)))
    for number, (name, assigned) in enumerate(reversed(ASSIGNED.items()), start=2):
        path, content = chosen(files, assigned)
        assert (path, content) == (f"{number}.json", scenario(name))
        assert faults_of(content, assigned) == []


def test_the_nearest_of_several() -> None:
    """Experiments with other parameters are not taken for the assigned scenario."""
    tried = scenario("scenario-0.15", epochs=1, batch_size=8)
    path, _ = chosen(found(tried, scenario("scenario-0.15"), tried), FIRST)
    assert path == "1.json"


@pytest.mark.parametrize(
    ("others", "fault"),
    [
        ({"epochs": 4}, "epochs is 4 and not 5"),
        ({"save_to_zip": False}, "save_to_zip is False and not True"),
        ({"pruning_end": None}, "pruning_end is None and not 82"),
        ({"batch_size": "128"}, "batch_size is 128 and not 128"),
        ({"save_to_zip": 1}, "save_to_zip is 1 and not True"),
        ({"epochs": 10**400}, f"epochs is {'1' + 59 * '0'} and not 5"),
        ({"epochs": [5]}, "epochs is a list and not 5"),
    ],
)
def test_what_differs(others: dict[str, Any], fault: str) -> None:
    """Each parameter that the assignment names is compared, its type as well."""
    assert faults_of(scenario("scenario-0.3", **others), SECOND) == [fault]


def test_what_may_differ() -> None:
    """Whole numbers for fractions, further parameters, and defaults that are left out."""
    content = scenario("scenario-0.15", epochs=3.0, optimizer="adam")
    assert faults_of(content, FIRST) == []


def test_missing_blocks() -> None:
    """A scenario without a model or data can't be run."""
    content = scenario("scenario-clustered")
    del content["dataset"]
    assert faults_of(content, CLUSTERED) == ["the block dataset with its type is missing"]


@pytest.mark.parametrize(
    "content", [None, [], {"optimizers": {}}, {"optimizers": [1, {"type": None}]}, {"optimizers": None}]
)
def test_nonsense(content: Any) -> None:
    """Whatever a file holds, there is no scenario in it, and the files that can't be read are named."""
    steps_of(content)
    files = [*found(content), 3, {"path": "broken.json", "content": None, "fault": "line 1"}]
    with pytest.raises(RunError, match=r"target_sparsity 0\.3;.* broken\.json can't be read: line 1") as raised:
        chosen(files, SECOND)
    assert raised.value.verdict is Verdict.MISSING
