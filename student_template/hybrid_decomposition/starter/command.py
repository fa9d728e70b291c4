"""What ``python -m hybrid_decomposition.compress`` does."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from .arguments import parse_arguments, settings_of
from .compression import Steps, run
from .errors import CompressionError
from .plots import plot_factors


def main(steps: Steps, argv: Sequence[str] | None = None) -> int:
    """Returns 0; 1 if a part of the lab is not implemented yet; 2 if something can't be read or compressed.

    Beside the ``.tflite`` file it writes a report, ``.json``, and a plot of the layers' factors, ``.png``.
    """
    args = parse_arguments(argv)
    try:
        report = run(args, settings_of(args), steps)
        report.save(args.output_path.with_suffix(".json"))
        plot_factors(report, args.output_path.with_suffix(".png"))
    except NotImplementedError as missing:
        print(f"not implemented yet: {missing}", file=sys.stderr)
        return 1
    except (CompressionError, OSError) as problem:
        print(f"error: {problem}", file=sys.stderr)
        return 2
    print(f"written: {args.output_path}")
    return 0
