"""Measuring artifacts: what a file holds, how well it predicts, how fast it is."""
