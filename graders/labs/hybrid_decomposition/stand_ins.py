"""The grader's functions as runs get them in place of the student's: as source, and only to those that judge others.

A run in which ``decompose_kernel`` is judged has the grader's ``sparse_residual`` and nothing else, so that no run
holds the answer that it is asked for.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).parent
IMPORT = re.compile(r"^from graders\S* import [^\n]*$|^from __future__ [^\n]*$", re.MULTILINE)
SPARSE = """
def sparse_residual(residual, share, structure):
    return keep_largest(residual, share, structure.name, structure.block)
"""
DECOMPOSITION = """
def decompose_kernel(kernel, rank, share, structure):
    from hybrid_decomposition.starter.settings import Decomposition

    return Decomposition(*decompose(kernel, rank, share, structure.name, structure.block))
"""


@cache
def sparse_alone() -> dict[str, str]:
    """The source of ``sparse_residual``, by its name."""
    return {"sparse_residual": _source("sparse_part.py") + SPARSE}


@cache
def both() -> dict[str, str]:
    """The sources of ``sparse_residual`` and ``decompose_kernel``."""
    whole = _source("sparse_part.py") + _source("solution.py") + DECOMPOSITION
    return {**sparse_alone(), "decompose_kernel": whole}


def _source(name: str) -> str:
    return IMPORT.sub("", (FOLDER / name).read_text(encoding="utf-8")) + "\n"
