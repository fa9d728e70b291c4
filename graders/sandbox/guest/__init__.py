"""What runs inside the sandbox: plain scripts that import nothing of the rest of optgrade."""
