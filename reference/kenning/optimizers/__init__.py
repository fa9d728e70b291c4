"""Optimizers, by the names that scenarios use."""
