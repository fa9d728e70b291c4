"""Stated repairs: what keeps a submission from running and is not a lab's subject is repaired, and stated."""

from graders.framework.repairs.advice import advise
from graders.framework.repairs.model import Edits, Failure, Repair, Surroundings
from graders.framework.repairs.table import find_repair

__all__ = ["Edits", "Failure", "Repair", "Surroundings", "advise", "find_repair"]
