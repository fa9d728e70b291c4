"""The attacks of the threat model, each in several variants, graded in every tier that this machine can do."""

import sys
from pathlib import Path

# The corpus's changes and tables are shared.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
