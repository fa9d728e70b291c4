"""Starter code: command line, data, surgery around single layers, conversion and plots.

Grading uses its own copy, so changes here have no effect.
"""
