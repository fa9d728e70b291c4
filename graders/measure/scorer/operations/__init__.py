"""What the scorer's process does with a file, by topic. Each operation returns facts as plain JSON, and arrays."""
