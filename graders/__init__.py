"""optgrade: grades labs on optimising neural networks for small devices."""

LENT_SERVERS = "optgrade-servers"
"""Whoever grades many submissions in one process registers its servers with pytest under this name."""
