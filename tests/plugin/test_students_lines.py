"""Which lines a check's failure points at."""

from __future__ import annotations

from graders import options
from graders.core.errors import SourceLine
from graders.framework.registry import select_labs


def test_lines_of_the_given_kit_are_not_the_students() -> None:
    """Runs have the grader's copy of the kit, so an annotation there would stand on somebody else's line."""
    (entry,) = select_labs(["l02"])
    kit = SourceLine("dl_in_iot_course/misc/modeltester.py", 40, "")
    own = SourceLine(entry.lab.student_file, 12, "")
    near = SourceLine("dl_in_iot_course/miscellaneous.py", 1, "")
    assert options._own([own, near, kit, SourceLine("dl_in_iot_course/__init__.py", 1, "")], entry.lab) == (own, near)
