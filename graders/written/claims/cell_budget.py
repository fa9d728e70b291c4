"""How many cells a text's tables have, counted before they are parsed.

A parser fills up short rows: a row of one character below a heading of a thousand columns becomes a thousand cells.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

# A table's second line, also within lists and quotes.
_RULE = re.compile(r"[\s>|:*+.)\d-]*\Z")


def within_cells(lines: Sequence[str], most: int) -> tuple[list[str], bool]:
    """The lines, without those of tables beyond the first ``most`` cells; and whether any were left out.

    Cells are counted as if each line of a block had as many as the block's widest rule, so never too few.
    """
    kept: list[str] = []
    cells = columns = 0
    cut = False
    for line in lines:
        if not line.strip(" \t\v\f\r>"):
            columns = 0
        elif "|" in line and "-" in line and _RULE.match(line):
            # The heading above it is as wide.
            rule = line.strip(" \t>")
            columns = max(columns, line.count("|") + 1 - rule.startswith("|") - rule.endswith("|"))
            cells += columns
        cells += columns
        beyond = columns > 0 and cells > most
        kept.append("" if beyond else line)
        cut = cut or beyond
    return kept, cut
