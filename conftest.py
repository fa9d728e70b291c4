"""Puts optgrade's plugin on pytest."""

pytest_plugins = ["graders.plugin"]
