"""One submission's way from its folder to a scorecard."""
