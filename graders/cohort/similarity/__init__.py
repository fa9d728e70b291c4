"""Who shares passages or files with whom: a page for the instructor, and never points."""

from graders.cohort.similarity.keeping import PAGE, keep_similarity
from graders.cohort.similarity.request import Compared, Found

__all__ = ["PAGE", "Compared", "Found", "keep_similarity"]
