"""Labs on optimising neural networks for small devices."""
