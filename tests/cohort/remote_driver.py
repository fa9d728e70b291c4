"""The command in a namespace, with stand-ins for gradings: ``python remote_driver.py CLASS OUT [OPTION=VALUE ...]``."""

from __future__ import annotations

import sys
from pathlib import Path

from graders.cohort.engine import driver
from graders.cohort.engine.cluster import ClusterOptions
from graders.cohort.engine.options import GradingOptions, Secret
from graders.cohort.run import CohortRequest, grade_class
from graders.core.errors import OptgradeError
from tests.cohort import stand_ins


def main() -> int:
    """Grades; one line and the exit code 3 for an error."""
    place, out, *more = sys.argv[1:]
    given = dict(word.split("=", 1) for word in more)
    driver.STALLED_S = float(given.get("stalled", driver.STALLED_S))
    secret = given.get("secret")
    request = CohortRequest(
        sources=(Path(place),), folder=Path(out), similarity=False,
        grading=GradingOptions(labs=("l02",), secret=Secret(secret.encode()) if secret else None),
        cluster=ClusterOptions(
            workers=1, scheduler=given.get("scheduler", ""), open_network=given.get("open") == "yes",
            scheduler_file=Path(given["file"]) if "file" in given else None,
        ),
    )  # fmt: skip
    try:
        print(dict(grade_class(request, stand_ins.graded).kinds))
    except OptgradeError as error:
        print(f"error: {error}")
        return 3
    return 0


if __name__ == "__main__":
    sys.exit(main())
