"""Grading again whenever a file of a submission is saved: ``pytest graders --submission PATH --watch``."""
