"""Scenarios: how they are read, run and tested, and the report that compares their models."""
