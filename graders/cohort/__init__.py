"""Many submissions: the corpus that the suite is judged by, regrading, calibration."""
