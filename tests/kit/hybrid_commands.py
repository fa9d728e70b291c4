"""Runs the decomposition lab's command line several times in one process: ``python hybrid_commands.py JOBS.json``.

The jobs are lists of arguments. Prints the exit code, the output and the error output of each as JSON. Run by
test_kit_hybrid_command.py, with the reference or the template on the path and Keras 2 chosen.
"""

from __future__ import annotations

import contextlib
import io
import json
import sys
from pathlib import Path

from hybrid_decomposition import compress


def main() -> None:
    found = []
    for words in json.loads(Path(sys.argv[1]).read_text()):
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = compress.main(words)
        found.append({"code": code, "out": out.getvalue().splitlines(), "err": err.getvalue().splitlines()})
    print(json.dumps(found))


if __name__ == "__main__":
    main()
