"""What was handed in: finding it, laying the given kit over it, and taking artefacts in."""

from graders.submission.discovery import Submission, discover, submission_name
from graders.submission.intake import Artefact, take_in
from graders.submission.parts import Part, part_for
from graders.submission.view import CodeView, lay_out

__all__ = [
    "Artefact", "CodeView", "Part", "Submission", "discover", "lay_out", "part_for", "submission_name", "take_in",
]  # fmt: skip
