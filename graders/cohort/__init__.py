"""Many submissions: gradings one after the other in one process, on shared servers."""
