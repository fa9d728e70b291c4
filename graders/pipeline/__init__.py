"""One submission's way: ``stage`` → ``open_labs`` → ``execute`` → ``review`` → ``assemble``, a module each.

Each step is a function of what the steps before it returned.
"""
