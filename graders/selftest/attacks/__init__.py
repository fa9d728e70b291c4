"""Submissions that cheat: building them, grading them, and what must not come of it."""
