"""Which lines a check's failure points at."""

from __future__ import annotations

from graders.core.errors import SourceLine
from graders.framework.registry import select_labs
from graders.outcomes import students_lines


def test_lines_of_the_starter_code_are_not_the_students() -> None:
    """Runs have the grader's copy of the starter code, so an annotation there would be on somebody else's line."""
    (entry,) = select_labs(["l02"])
    kit = SourceLine("dl_in_iot_course/misc/modeltester.py", 40, "")
    own = SourceLine(entry.lab.student_file, 12, "")
    near = SourceLine("dl_in_iot_course/miscellaneous.py", 1, "")
    assert students_lines([own, near, kit, SourceLine("dl_in_iot_course/__init__.py", 1, "")], entry.lab) == (own, near)
