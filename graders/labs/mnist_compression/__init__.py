"""Lab ``mnist_compression``: one notebook that converts, quantises and prunes a small network."""
