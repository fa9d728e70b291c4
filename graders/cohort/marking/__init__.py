"""Manual marks of a class: one file, by question, each passage once and without names."""
