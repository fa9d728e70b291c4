"""The commands of ``python -m graders``, a module each: ``SUMMARY``, ``add_arguments(parser)``, ``run(arguments)``."""
