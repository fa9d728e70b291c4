"""The starter code beside the reference is what students get."""

from __future__ import annotations

import pytest

from graders.core.paths import REFERENCE, TEMPLATE


@pytest.mark.parametrize("folder", ["dl_in_iot_course/misc", "kenning", "hybrid_decomposition/starter"])
def test_the_reference_has_the_same_starter_code(folder: str) -> None:
    """Each module is in both, with the same content."""
    one, other = (
        {path.relative_to(top / folder).as_posix(): path.read_bytes() for path in (top / folder).rglob("*.py")}
        for top in (REFERENCE, TEMPLATE)
    )
    assert one
    assert one == other
