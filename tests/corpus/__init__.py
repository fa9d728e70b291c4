"""The corpus: submissions with one known mistake each, and right ones that look different."""
