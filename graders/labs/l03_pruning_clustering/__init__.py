"""Lab ``l03_pruning_clustering``: fewer values and fewer weights, for smaller archives."""
