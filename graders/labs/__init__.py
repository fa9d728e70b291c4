"""The labs: a folder each, with ``lab.toml``, ``plan.py``, ``driver.py`` and its tests."""
