"""The lab on Tucker decomposition plus a sparse kernel."""
