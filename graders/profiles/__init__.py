"""Which data and model a submission is graded on: the embedded stand-in, or a real data set from a local copy."""

from graders.profiles.evaluation_set import EvaluationSet, draw
from graders.profiles.profile import PROFILES, Normalisation, Profile, choose

__all__ = ["PROFILES", "EvaluationSet", "Normalisation", "Profile", "choose", "draw"]
