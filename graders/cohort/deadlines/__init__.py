"""Which version of a submission is graded, when it was submitted, and what a late policy takes for it."""
