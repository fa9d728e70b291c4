"""What every package may import: verdicts, errors, results, paths."""
