"""The submission: finding it, laying the starter code over it, and taking artifacts in."""

from graders.submission.artifacts import Artifact, accept_artifact
from graders.submission.discovery import Submission, discover, submission_name
from graders.submission.overlay import Overlay, build_overlay
from graders.submission.parts import Part, part_for

__all__ = [
    "Artifact",
    "Overlay",
    "Part",
    "Submission",
    "accept_artifact",
    "build_overlay",
    "discover",
    "part_for",
    "submission_name",
]  # fmt: skip
