"""Models with what belongs to them."""
