"""What the suite judges itself by: the corpus, regression, calibration."""
