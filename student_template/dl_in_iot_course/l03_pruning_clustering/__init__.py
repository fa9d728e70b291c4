"""Lab 3: clustering and pruning of weights."""
