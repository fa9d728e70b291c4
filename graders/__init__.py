"""optgrade: grades labs on optimising neural networks for small devices."""
