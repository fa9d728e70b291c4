"""Which lines a check's failure points at."""

from __future__ import annotations

from graders import options
from graders.errors import Place
from graders.labs.catalogue import chosen


def test_lines_of_the_given_kit_are_not_the_students() -> None:
    """Runs have the grader's copy of the kit, so an annotation there would stand on somebody else's line."""
    (entry,) = chosen(["l02"])
    kit = Place("dl_in_iot_course/misc/modeltester.py", 40, "")
    own = Place(entry.lab.student_file, 12, "")
    near = Place("dl_in_iot_course/miscellaneous.py", 1, "")
    assert options._own([own, near, kit, Place("dl_in_iot_course/__init__.py", 1, "")], entry.lab) == (own, near)
