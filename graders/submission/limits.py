"""How much of a submission is accepted, in whatever form it comes.

Every run gets a copy of the files, so what is too much for a grading is refused as a whole, in one line.
"""

from __future__ import annotations

# Of files that runs get: real submissions have some dozens.
MAX_FILES = 5_000
MAX_FILE = 64 << 20
MAX_TOTAL = 512 << 20
# Of an archive's entries, history and environments among them, and of folders that are looked into.
MAX_ENTRIES = MAX_FOLDERS = 20_000
MAX_DEPTH = 40
MEBI = 1 << 20
