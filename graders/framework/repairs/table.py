"""The table of repairs: everything that may be repaired stands here, and nothing else.

A repair is for what lies outside of a lab's subject. It edits one run's private copy of the submission, so what it
makes of it could have been submitted; it writes no code that does any of the work, and it swallows no error.
"""

from __future__ import annotations

from collections.abc import Callable

from graders.framework.repairs.absent_modules import absent_module
from graders.framework.repairs.cell_order import other_order
from graders.framework.repairs.folders import missing_folder
from graders.framework.repairs.foreign_paths import foreign_path
from graders.framework.repairs.keras_names import other_keyword, weights_ending
from graders.framework.repairs.model import Failure, Repair, Surroundings

TABLE: tuple[Callable[[Failure, Surroundings], Repair | None], ...] = (
    missing_folder,
    other_keyword,
    weights_ending,
    absent_module,
    foreign_path,
    other_order,
)


def find_repair(failure: Failure, around: Surroundings) -> Repair | None:
    """The repair of a failure; None if there is none."""
    return next((found for find in TABLE if (found := find(failure, around)) is not None), None)
