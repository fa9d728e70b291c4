"""The attacks of the threat model, each in several variants, graded in every tier that this machine can do."""
