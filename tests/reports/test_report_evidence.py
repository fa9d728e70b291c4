"""Evidence of any shape is laid out for reading, and no amount of it floods the page."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from graders.reports.html._evidence import Value, arrange
from graders.reports.html._formatting import MISSING

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=40,
)


def only(evidence: dict[str, Any]) -> Value:
    (fact,) = arrange(evidence)
    return fact.value


def size(value: Value) -> int:
    return 1 + len(value.rows) + sum(size(fact.value) for fact in value.facts)


def test_scalars_are_written_plainly() -> None:
    facts = arrange({"scale": 0.01865841, "zero_point": -14, "folded": True, "note": None, "dtype": "int8"})
    assert [fact.value.text for fact in facts] == ["0.0186584", "-14", "yes", MISSING, "int8"]


def test_a_list_of_scalars_is_one_line() -> None:
    assert only({"shape": [1, 224, 224, 3]}).text == "1, 224, 224, 3"
    assert only({"scales": list(range(100))}).left_out == "… and 40 more"
    assert only({"nothing": []}).text == "none"


def test_like_records_are_a_table() -> None:
    value = only({"tensors": [{"name": "a", "scale": 0.5}, {"name": "b", "scale": 0.25}]})
    assert value.columns == ("name", "scale")
    assert value.rows == (("a", "0.5"), ("b", "0.25"))


def test_unlike_records_are_facts_by_number() -> None:
    value = only({"runs": [{"a": 1}, {"b": [1, 2]}]})
    assert [fact.label for fact in value.facts] == ["0", "1"]


def test_depth_and_number_are_bounded() -> None:
    deep: Any = "end"
    for _ in range(500):
        deep = {"down": deep}
    assert size(only(deep)) < 10
    wide = {str(i): {str(j): j for j in range(100)} for i in range(100)}
    facts = arrange(wide)
    assert sum(size(fact.value) for fact in facts) < 500
    assert facts[-1].value.text.startswith("… and ")


@given(st.dictionaries(st.text(max_size=5), JSON, max_size=5))
def test_any_plain_data_can_be_laid_out(evidence: dict[str, Any]) -> None:
    assert sum(size(fact.value) for fact in arrange(evidence)) < 1000
