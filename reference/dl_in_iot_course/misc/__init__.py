"""The given kit: data set, model tester, metrics and plots. The grader always uses its own copy of it."""
