"""Thresholds of a lab from measurements: the reference and other submissions graded again and again."""
