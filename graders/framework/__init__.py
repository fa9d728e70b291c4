"""What labs are made of: lab.toml, the registry, contexts and runs, checks."""
