"""``python -m graders``: what is not the grading of one submission."""

from graders.cli import main

raise SystemExit(main())
