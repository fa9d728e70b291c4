"""What a class submitted: folders, archives and a roster as a list of submissions, each with whose it is."""

from graders.cohort.intake.intake import Intake, collect
from graders.cohort.intake.model import Submitted, safe_name
from graders.cohort.intake.roster import Roster, read_roster

__all__ = ["Intake", "Roster", "Submitted", "collect", "read_roster", "safe_name"]
