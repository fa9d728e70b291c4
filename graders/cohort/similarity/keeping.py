"""Keeps the page of similarity beside the class's: made again only if anything on it may have changed."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from graders.caching import files_digest
from graders.caching.fingerprints import digest_of, folder_files
from graders.cohort.similarity.request import Compared, Found, compare_class
from graders.cohort.store import CohortStore
from graders.core.errors import GraderError
from graders.core.paths import TEMPLATE
from graders.core.text import plain_line

PAGE = "similarity.html"
FACT = "similarity"


def keep_similarity(store: CohortStore, folder: Path, submissions: Sequence[Compared], results: object) -> Found | None:
    """Compares the class, unless the page in ``folder`` shows this already; what is on it.

    :param results: what else it depends on: each submission's digest and result.
    :returns: None if there is nothing to compare, or it failed, which is printed.
    """
    path = folder / PAGE
    if len(submissions) < 2:
        path.unlink(missing_ok=True)
        return None
    code = Path(__file__).parent
    shown = [(each.content.name, each.shown) for each in submissions]
    given = [files_digest(code, folder_files(code)), files_digest(TEMPLATE, folder_files(TEMPLATE))]
    digest = digest_of([shown, given, results])
    known = json.loads(store.fact(FACT) or "{}")
    if path.is_file() and known.get("digest") == digest:
        return Found(**known["found"])
    try:
        found = compare_class(folder, submissions, path)
    except GraderError as error:
        if path.is_file():
            path.unlink()
        print(f"similarity: the class could not be compared: {plain_line(str(error))}", flush=True)
        return None
    store.set_fact(FACT, json.dumps({"digest": digest, "found": asdict(found)}))
    return found
