"""Reports: every format is made from a Scorecard alone."""
