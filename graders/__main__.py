"""``python -m graders``: everything but the grading of one submission."""

from graders.cli import main

raise SystemExit(main())
