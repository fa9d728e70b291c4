"""The grader's side of the sandbox: servers, sessions, isolation tiers and their self-check."""
