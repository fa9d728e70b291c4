"""How much of a submission is accepted, in whatever form it comes: the one place for budgets.

Every run gets a copy of the files, so what is too much for a grading is refused as a whole, in one line. Texts,
notebooks and histories are parsed by the grader itself: their budgets hold before anything is parsed, and bound the
time and the memory that the worst file takes. What is beyond them is left out, and a line says so; real submissions
have less than a tenth of any of them.
"""

from __future__ import annotations

MEBI = 1 << 20
# Of files that runs get: real submissions have some dozens.
MAX_FILES = 5_000
MAX_FILE = 64 << 20
MAX_TOTAL = 512 << 20
# Of an archive's entries, history and environments among them, and of folders that are looked into.
MAX_ENTRIES = MAX_FOLDERS = 20_000
MAX_DEPTH = 40

# Of code that is searched for the names of other files: bytes in all, and bytes times names.
MAX_SEARCHED = 16 << 20
MAX_COMPARED = 256 << 20
# Of scripts that are looked through for the marks of an exported notebook.
MAX_SCRIPTS = 16 << 20

# Of a summary's or a report's files together: bytes, images that stand in them as data included; characters without
# these; cells of tables, with those that short rows are filled up with.
MAX_TEXT_BYTES = 8 << 20
MAX_TEXT = 150_000
MAX_CELLS = 10_000
# Of images that texts show: bytes that are read in all.
MAX_IMAGE_BYTES = 64 << 20
# Of texts that may be a report: characters that are searched for what they are about.
MAX_CANDIDATE_TEXT = 1_000_000
# Of the outputs of a notebook's cells: characters in which metrics are looked for.
MAX_PRINTED = 500_000
