"""Telling it: every format is made from the scorecard alone."""
